#include "efd/consdb_windows.h"

#include "butler/db_auth.h"
#include "butler/postgres_config.h"
#include "butler/repository.h"
#include "butler/where.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/signals.h"
#include "common/text.h"
#include "sql/database.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <vector>

namespace dbb::efd {

using common::Error;
using sql::Dialect;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

constexpr std::size_t pageRows = 5000;

std::unique_ptr<sql::Database> opened(std::string const &db) {
    if (!butler::isPostgres(db)) {
        try {
            return sql::openSqlite(db, sql::OpenMode::ReadOnly);
        } catch (Error const &e) {
            throw butler::openingError(e);
        }
    }
    sql::PostgresTarget target;
    try {
        target = butler::postgresTarget(db, {});
    } catch (Error const &e) {
        throw common::usageError("--db: " + e.message());
    }
    butler::addCredentials(target);
    return sql::openPostgres(target);
}

/// Schema and table, of which the first may be empty.
std::pair<std::string, std::string> partsOf(std::string const &table) {
    auto const point = table.find('.');
    auto const schema = point == std::string::npos ? std::string() : table.substr(0, point);
    auto const name = point == std::string::npos ? table : table.substr(point + 1);
    if (name.empty() || point == 0)
        throw common::usageError("--table: \"" + table + "\" is no TABLE or SCHEMA.TABLE");
    return {schema, name};
}

/// The camera of one of ConsDB's own schemas, as the Butler names it.
std::string instrumentOf(std::string const &schema) {
    static std::map<std::string, std::string> const names{{"cdb_latiss", "LATISS"},
                                                          {"cdb_lsstcam", "LSSTCam"},
                                                          {"cdb_lsstcomcam", "LSSTComCam"},
                                                          {"cdb_lsstcomcamsim", "LSSTComCamSim"}};
    auto const found = names.find(schema);
    return found == names.end() ? "" : found->second;
}

std::optional<std::int64_t> integerOf(Value const &value) {
    auto const *number = std::get_if<std::int64_t>(&value);
    return number ? std::optional(*number) : std::nullopt;
}

std::optional<std::int64_t> nsOfMjd(Value const &value) {
    if (auto const *number = std::get_if<double>(&value)) return nsFromMjd(*number);
    auto const whole = integerOf(value);
    return whole ? nsFromMjd(static_cast<double>(*whole)) : std::nullopt;
}

std::optional<std::int64_t> nsOfTimestamp(Value const &value) {
    auto const *text = std::get_if<std::string>(&value);
    if (!text) return std::nullopt;
    auto iso = *text;
    if (iso.size() > 10 && iso[10] == ' ') iso[10] = 'T';
    auto const ns = common::nsFromIso(iso);
    return ns && *ns >= 0 ? ns : std::nullopt;
}

class ConsdbTable {
public:
    ConsdbTable(std::string const &db, std::string const &table, WindowChoice const &choice)
        : _choice(choice), _shown(table), _db(opened(db)) {
        auto const [schema, name] = partsOf(table);
        _from = (schema.empty() ? "" : quoteIdentifier(schema) + ".") + quoteIdentifier(name);
        if (_choice.instrument.empty()) _choice.instrument = instrumentOf(schema);
    }

    void forEach(WindowSink const &sink) {
        sql::ReadTransaction const steady(*_db);
        // Whatever the settings of the role are: dates as expected, and doubles with all their digits.
        if (_db->dialect() == Dialect::Postgres)
            _db->execute("SET LOCAL DateStyle = 'ISO'; SET LOCAL extra_float_digits = 3");
        readColumns();
        chooseId();
        auto const [conditions, parameters] = conditionsOf();
        auto const select = selection(conditions);
        std::optional<std::int64_t> last;
        std::size_t rows = 0;
        do {
            rows = 0;
            auto values = parameters;
            std::string after;
            if (last) {
                after = " AND " + quoteIdentifier(_id) + " > ?";
                values.emplace_back(*last);
            }
            std::vector<FoundWindow> page;
            _db->prepare(select + after + " ORDER BY " + quoteIdentifier(_id) + " LIMIT "
                         + std::to_string(pageRows))
                ->query(values, [&](Statement const &row) {
                    ++rows;
                    page.push_back(windowOf(row, last));
                    last = page.back().id;
                });
            for (auto const &found : page) sink(found);
        } while (rows == pageRows && common::stopSignal() == 0);
    }

private:
    void readColumns() {
        try {
            auto const statement = _db->prepare("SELECT * FROM " + _from + " WHERE 1 = 0");
            statement->step();
            for (int i = 0; i < statement->columnCount(); ++i) _columns.push_back(statement->columnName(i));
        } catch (Error const &e) {
            // Ours is a table that somebody names, not one that must be there.
            if (e.code() != "SCHEMA_DAMAGED") throw;
            throw common::usageError("--table: the database has no table " + _shown
                                     + " that can be read: " + e.message());
        }
    }

    bool has(std::string const &column) const {
        return std::ranges::find(_columns, column) != _columns.end();
    }

    /// visit1 is a view of exposure and may have both.
    void chooseId() {
        if (_choice.kind == "window")
            throw common::usageError("--kind window: a table of --db has exposures or visits");
        for (auto const *kind : {"visit", "exposure"}) {
            if (!_choice.kind.empty() && _choice.kind != kind) continue;
            if (!has(std::string(kind) + "_id")) continue;
            _choice.kind = kind;
            _id = std::string(kind) + "_id";
            break;
        }
        if (_id.empty()) {
            throw common::usageError(
                "--table: " + _shown + " has no column "
                    + (_choice.kind.empty() ? "exposure_id or visit_id" : _choice.kind + "_id"),
                "it has: " + common::join(_columns, ", "));
        }
        _hasMjd = has("obs_start_mjd") && has("obs_end_mjd");
        _hasTimestamps = has("obs_start") && has("obs_end");
        if (!_hasMjd && !_hasTimestamps) {
            throw common::usageError("--table: " + _shown
                                         + " has neither obs_start_mjd and obs_end_mjd nor obs_start and "
                                           "obs_end",
                                     "it has: " + common::join(_columns, ", "));
        }
    }

    std::pair<std::string, std::vector<Value>> conditionsOf() const {
        auto const where = butler::parseWhere(_choice.where, _columns);
        auto sql = where.sql.empty() ? std::string("TRUE") : "(" + where.sql + ")";
        auto values = where.values;
        if (_choice.days && has("day_obs")) {
            sql += " AND (\"day_obs\" BETWEEN ? AND ? OR \"day_obs\" IS NULL)";
            values.emplace_back(_choice.days->first);
            values.emplace_back(_choice.days->second);
        }
        return {sql, values};
    }

    std::string selection(std::string const &conditions) const {
        std::vector<std::string> out{quoteIdentifier(_id)};
        for (auto const *column : {"day_obs", "seq_num"})
            out.push_back(has(column) ? quoteIdentifier(column) : "NULL");
        for (auto const *column : {"obs_start_mjd", "obs_end_mjd"})
            out.push_back(_hasMjd ? quoteIdentifier(column) : "NULL");
        for (auto const *column : {"obs_start", "obs_end"})
            out.push_back(_hasTimestamps ? quoteIdentifier(column) : "NULL");
        return "SELECT " + common::join(out, ", ") + " FROM " + _from + " WHERE " + conditions;
    }

    FoundWindow windowOf(Statement const &row, std::optional<std::int64_t> last) const {
        auto const id = integerOf(row.column(0));
        if (!id)
            throw common::usageError("--table: " + _shown + " has a row whose " + _id + " is no integer");
        if (last == id) {
            throw common::usageError("--table: " + _shown + " has several rows of " + _id + " "
                                         + std::to_string(*id),
                                     "name a table with one row per exposure or visit");
        }
        FoundWindow out{.instrument = _choice.instrument, .kind = _choice.kind, .id = *id};
        out.day_obs = integerOf(row.column(1));
        out.seq_num = integerOf(row.column(2));
        out.begin_ns = nsOfMjd(row.column(3));
        out.end_ns = nsOfMjd(row.column(4));
        out.src = "consdb_mjd";
        if (out.begin_ns && out.end_ns) return out;
        auto const begin = nsOfTimestamp(row.column(5));
        auto const end = nsOfTimestamp(row.column(6));
        // Never one of each kind: they differ by up to a millisecond.
        if ((begin && end) || (!out.begin_ns && !out.end_ns)) {
            out.begin_ns = begin;
            out.end_ns = end;
            out.src = "consdb";
        }
        return out;
    }

    WindowChoice _choice;
    std::string _shown;
    std::unique_ptr<sql::Database> _db;
    std::string _from;
    std::vector<std::string> _columns;
    std::string _id;
    bool _hasMjd = false, _hasTimestamps = false;
};

} // namespace

std::optional<std::int64_t> nsFromMjd(double mjd) {
    constexpr double unixEpoch = 40587, latest = 124'594; // 1970-01-01, 2200-01-01
    if (!(mjd >= unixEpoch && mjd < latest)) return std::nullopt;
    // Each step is exact: doubles of this size are multiples of 2^-37, a day is a multiple of 2^7 seconds,
    // and the rest is less than 2^53 multiples of what it comes in.
    auto const day = std::floor(mjd);
    auto const seconds = (mjd - day) * 86400;
    auto const whole = std::floor(seconds);
    return static_cast<std::int64_t>(day - unixEpoch) * common::nsPerDay
           + static_cast<std::int64_t>(whole) * common::nsPerSecond + std::llround((seconds - whole) * 1e9);
}

void consdbWindows(std::string const &db, std::string const &table, WindowChoice const &choice,
                   WindowSink const &sink) {
    ConsdbTable(db, table, choice).forEach(sink);
}

} // namespace dbb::efd
