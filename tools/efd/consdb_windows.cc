#include "efd/consdb_windows.h"

#include "butler/check_parts.h"
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

/// A row of the table as a window, as far as that can be read.
struct TableRow {
    Value id{};
    FoundWindow found{};
    std::optional<Error> wrong{};
};

/// What a row that can't be read is told of with: its own id, whatever that is.
manifest::Record recordOf(TableRow const &row) {
    auto out = lineOf(row.found);
    if (integerOf(row.id)) return out;
    out.erase("id");
    if (auto const *text = std::get_if<std::string>(&row.id)) out.set("id", *text);
    return out;
}

class ConsdbTable {
public:
    ConsdbTable(std::string const &db, std::string const &table, WindowChoice const &choice)
        : _choice(choice), _shown(table), _db(opened(db)) {
        auto const [schema, name] = partsOf(table);
        _from = (schema.empty() ? "" : quoteIdentifier(schema) + ".") + quoteIdentifier(name);
        if (_choice.instrument.empty()) _choice.instrument = instrumentOf(schema);
    }

    void forEach(WindowSink const &sink, BadRowSink const &bad) {
        sql::ReadTransaction const steady(*_db);
        // Whatever the settings of the role are: dates as expected, and doubles with all their digits.
        if (_db->dialect() == Dialect::Postgres)
            _db->execute("SET LOCAL DateStyle = 'ISO'; SET LOCAL extra_float_digits = 3");
        readColumns();
        chooseId();
        auto const [conditions, parameters] = conditionsOf();
        auto const select = selection(conditions);
        auto const id = quoteIdentifier(_id);
        // Of these no one comes after another.
        _db->prepare(select + " AND " + id + " IS NULL")->query(parameters, [&](Statement const &row) {
            auto const found = rowOf(row);
            bad(recordOf(found), *found.wrong);
        });
        Value last;
        std::size_t rows = 0;
        do {
            auto values = parameters;
            std::string after = id + " IS NOT NULL";
            if (last != Value()) {
                after = id + " > ?";
                values.push_back(last);
            }
            std::vector<TableRow> page;
            _db->prepare(select + " AND " + after + " ORDER BY " + id + " LIMIT " + std::to_string(pageRows))
                ->query(values, [&](Statement const &row) {
                    page.push_back(rowOf(row));
                    requireOther(page.back().id, last);
                    last = page.back().id;
                });
            for (auto const &row : page) {
                if (row.wrong) {
                    bad(recordOf(row), *row.wrong);
                } else {
                    sink(row.found);
                }
            }
            rows = page.size();
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

    void requireOther(Value const &id, Value const &last) const {
        if (id != last || !integerOf(id)) return;
        throw common::usageError("--table: " + _shown + " has several rows of " + _id + " "
                                     + butler::shownValue(id),
                                 "name a table with one row per exposure or visit");
    }

    TableRow rowOf(Statement const &row) const {
        TableRow out{.id = row.column(0),
                     .found = {.instrument = _choice.instrument,
                               .kind = _choice.kind,
                               .day_obs = integerOf(row.column(1)),
                               .seq_num = integerOf(row.column(2))}};
        try {
            auto const id = integerOf(out.id);
            if (!id) throw badValue(_id, out.id, "an integer");
            out.found.id = *id;
            readTimes(row, out.found);
        } catch (Error const &e) {
            auto const name = out.found.kind + " " + std::to_string(out.found.id) + ": ";
            out.wrong = Error(e.code(), (integerOf(out.id) ? name : "") + e.message())
                            .hint(e.hint())
                            .cause(e.cause());
        }
        return out;
    }

    static Error badValue(std::string const &column, Value const &value, std::string const &expected) {
        auto const text = butler::shownValue(value);
        return Error("BAD_VALUE", "\"" + column + "\" is " + text + ", not " + expected)
            .hint("correct the row in the table, or pass it over with --where")
            .cause({.column = column, .value = text, .expected = expected});
    }

    /// \return nullopt when there is none \throws Error BAD_VALUE
    static std::optional<std::int64_t> timeAt(Statement const &row, int place, std::string const &column,
                                              std::optional<std::int64_t> (*nsOf)(Value const &),
                                              std::string const &expected) {
        auto const value = row.column(place);
        if (value == Value()) return std::nullopt;
        auto const out = nsOf(value);
        if (!out) throw badValue(column, value, expected);
        return out;
    }

    static void readTimes(Statement const &row, FoundWindow &out) {
        std::string const mjd = "a Modified Julian Date from 1970 to 2200",
                          timestamp = "a timestamp such as 2025-03-31 04:05:06.789";
        out.begin_ns = timeAt(row, 3, "obs_start_mjd", nsOfMjd, mjd);
        out.end_ns = timeAt(row, 4, "obs_end_mjd", nsOfMjd, mjd);
        out.src = "consdb_mjd";
        if (out.begin_ns && out.end_ns) return;
        auto const begin = timeAt(row, 5, "obs_start", nsOfTimestamp, timestamp);
        auto const end = timeAt(row, 6, "obs_end", nsOfTimestamp, timestamp);
        // Never one of each kind: they differ by up to a millisecond.
        if ((begin && end) || (!out.begin_ns && !out.end_ns)) {
            out.begin_ns = begin;
            out.end_ns = end;
            out.src = "consdb";
        }
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
                   WindowSink const &sink, BadRowSink const &bad) {
    ConsdbTable(db, table, choice).forEach(sink, bad);
}

} // namespace dbb::efd
