#include "butler/planned_records.h"

namespace dbb::butler {

using common::Json;

namespace {

std::string textOf(std::vector<Json> const &key) {
    return Json(Json::Array(key.begin(), key.end())).dump();
}

} // namespace

PlannedRecords::PlannedRecords(Universe const &universe, sql::Database &db) : _universe(universe), _db(db) {
    db.execute("CREATE TABLE record (element TEXT, key TEXT, record TEXT, PRIMARY KEY (element, key)) "
               "WITHOUT ROWID;"
               "CREATE TABLE alternate (element TEXT, name TEXT, value TEXT, key TEXT, "
               "PRIMARY KEY (element, name, value)) WITHOUT ROWID;"
               "CREATE INDEX alternates ON alternate (element, key)");
}

/// Values of an element's key. \param last  the column that stands in it for the element itself
std::vector<Json> PlannedRecords::keyOf(Element const &element, DimensionRecord const &record,
                                        std::string const &last) const {
    std::vector<Json> out;
    for (auto const &name : _universe.requiredOf(element))
        out.push_back(record[name == element.name ? last : name]);
    return out;
}

void PlannedRecords::add(std::string_view name, DimensionRecord const &record) {
    auto const &element = _universe.at(name);
    auto const key = textOf(keyOf(element, record, element.keys.empty() ? "" : element.keys.front().name));
    _db.cached("INSERT OR REPLACE INTO record VALUES (?, ?, ?)").run({element.name, key, record.dump()});
    if (element.keys.size() < 2) return;
    _db.cached("DELETE FROM alternate WHERE element = ? AND key = ?").run({element.name, key});
    for (std::size_t k = 1; k < element.keys.size(); ++k) {
        auto const &alternate = element.keys[k].name;
        if (record[alternate].isNull()) continue;
        _db.cached("INSERT OR REPLACE INTO alternate VALUES (?, ?, ?, ?)")
            .run({element.name, alternate, textOf(keyOf(element, record, alternate)), key});
    }
}

std::optional<DimensionRecord> PlannedRecords::find(std::string_view element,
                                                    std::vector<Json> const &key) const {
    std::optional<DimensionRecord> out;
    _db.cached("SELECT record FROM record WHERE element = ? AND key = ?")
        .query({std::string(element), textOf(key)},
               [&](sql::Statement const &row) { out = Json::parse(row.text(0)); });
    return out;
}

std::optional<DimensionRecord> PlannedRecords::findLike(std::string_view name,
                                                        DimensionRecord const &record) const {
    auto const &element = _universe.at(name);
    return find(name, keyOf(element, record, element.keys.empty() ? "" : element.keys.front().name));
}

std::optional<DimensionRecord> PlannedRecords::findBy(std::string_view element, std::string const &alternate,
                                                      std::vector<Json> const &key) const {
    std::optional<DimensionRecord> out;
    _db.cached(
           "SELECT r.record FROM alternate AS a JOIN record AS r ON r.element = a.element AND r.key = a.key "
           "WHERE a.element = ? AND a.name = ? AND a.value = ?")
        .query({std::string(element), alternate, textOf(key)},
               [&](sql::Statement const &row) { out = Json::parse(row.text(0)); });
    return out;
}

} // namespace dbb::butler
