#include "butler/check_spool.h"

#include "butler/damage.h"

namespace dbb::butler {

using common::Json;
using sql::Statement;
using sql::Value;

namespace {

Json jsonOfMending(std::vector<Mending> const &mending) {
    Json::Array out;
    for (auto const &step : mending) {
        Json::Array item{step.sql};
        for (auto const &value : step.values) item.push_back(jsonOf(value));
        out.emplace_back(std::move(item));
    }
    return out;
}

Value valueOf(Json const &json) {
    if (json.isString()) return json.string();
    if (json.isInt()) return json.integer();
    if (json.isDouble()) return json.number();
    if (json.isBool()) return json.boolean();
    return {};
}

std::vector<Mending> mendingOf(Json const &json) {
    std::vector<Mending> out;
    for (auto const &item : json.array()) {
        auto const &parts = item.array();
        Mending step{parts[0].string(), {}};
        for (std::size_t i = 1; i < parts.size(); ++i) step.values.push_back(valueOf(parts[i]));
        out.push_back(std::move(step));
    }
    return out;
}

} // namespace

// A database without a name lives in a temporary file, if at all, and goes away with its connection.
Spool::Spool() : _db(sql::openSqlite("", sql::OpenMode::Create)) {
    _db->execute(
        "CREATE TABLE finding (n INTEGER PRIMARY KEY, damage TEXT, place TEXT, message TEXT, mending TEXT, "
        "blocks INTEGER, UNIQUE (damage, place))");
}

void Spool::start() {
    _db->begin();
    _db->cached("DELETE FROM finding").run({});
    _last = 0;
}

void Spool::add(Finding const &finding) {
    _db->cached("INSERT INTO finding (damage, place, message, mending, blocks) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING")
        .run({std::string(finding.damage), finding.where.dump(), finding.message,
              jsonOfMending(finding.mending).dump(), finding.blocks});
}

void Spool::finish() {
    _db->commit();
}

std::vector<Finding> Spool::next(std::size_t most) {
    std::vector<Finding> out;
    _db->cached(
           "SELECT n, damage, place, message, mending, blocks FROM finding WHERE n > ? ORDER BY n LIMIT ?")
        .query({_last, static_cast<std::int64_t>(most)}, [&](Statement const &row) {
            _last = row.integer(0);
            Finding finding{damageKind(row.text(1)).name, Json::parse(row.text(2)), row.text(3),
                            mendingOf(Json::parse(row.text(4))), row.integer(5) != 0};
            out.push_back(std::move(finding));
        });
    return out;
}

} // namespace dbb::butler
