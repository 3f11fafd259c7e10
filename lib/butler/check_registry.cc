// Damage of the database file itself and of the rows that say what kind of registry it is.
#include "butler/check_parts.h"
#include "butler/embedded.h"
#include "common/text.h"

#include <array>
#include <map>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;

namespace {

/// Rest of a text behind a word, empty when the word is not in it.
std::string behind(std::string const &text, std::string const &word) {
    auto const at = text.find(word);
    return at == std::string::npos ? std::string() : text.substr(at + word.size());
}

std::string tableOfIndex(sql::Database &db, std::string const &index) {
    std::string out;
    db.cached("SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = ?")
        .query({index}, [&](Statement const &row) { out = row.text(0); });
    return out;
}

/// One line of SQLite's integrity check.
Finding findingOf(sql::Database &db, std::string const &line) {
    for (auto const *word : {"missing from index ", "# of entries in index ", "entry in index "}) {
        auto const index = behind(line, word);
        if (index.empty()) continue;
        Json where;
        where.set("table", tableOfIndex(db, index)).set("index", index);
        Finding out{"broken_index", where, "index " + index + " does not fit its table: " + line};
        // An index is made out of its table alone; only rows that are really double keep it from being made.
        out.mending.push_back({"REINDEX " + quoteIdentifier(index), {}});
        return out;
    }
    for (auto const *word : {"NULL value in ", "CHECK constraint failed in "}) {
        auto const place = behind(line, word);
        if (place.empty()) continue;
        auto const point = place.find('.');
        Json where;
        where.set("table", place.substr(0, point));
        auto const column = point == std::string::npos ? std::string() : place.substr(point + 1);
        if (!column.empty()) where.set("column", column);
        return {column == "band" ? "missing_band" : "bad_value", where,
                "a row of " + place.substr(0, point) + " breaks the table's rules: " + line};
    }
    Json where;
    where.set("message", line);
    return {"corrupt_database", where, "the database file is corrupt: " + line, {}, true};
}

std::map<std::string, std::string> attributes(sql::Database &db) {
    std::map<std::string, std::string> out;
    db.cached("SELECT name, value FROM butler_attributes").query({}, [&](Statement const &row) {
        out[row.text(0)] = row.text(1);
    });
    return out;
}

Json attributePlace(std::string const &name) {
    Json out;
    return out.set("table", "butler_attributes").set("name", name);
}

/// The version of the datasets manager decides how ingest dates are kept, which the table's column shows too.
void compareIngestDate(CheckContext const &context, std::string const &row, std::string const &version) {
    auto const manager = version.starts_with("1.") ? DatasetsManager::V1 : DatasetsManager::V2;
    auto const &types = context.table("dataset").types;
    auto const found = types.find("ingest_date");
    if (found == types.end()) return; // a damage of its own
    auto const &type = found->second;
    if (type.starts_with("TIMESTAMP") == (manager == DatasetsManager::V1)) return;
    context.report({"wrong_version",
                    attributePlace(row),
                    "version " + version + " of the datasets manager contradicts column dataset.ingest_date, "
                        + "which is a " + type,
                    {},
                    true});
}

/// Indexes that a server does not use, since making them was not finished.
void findInvalidIndexes(CheckContext const &context) {
    context.db
        .prepare(
            "SELECT t.relname, n.relname FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid JOIN "
            "pg_class AS n ON n.oid = i.indexrelid WHERE NOT i.indisvalid AND t.relnamespace = "
            "current_schema()::regnamespace ORDER BY 1, 2")
        ->query({}, [&](Statement const &row) {
            auto const index = row.text(1);
            Json where;
            context.report(
                {"broken_index",
                 where.set("table", row.text(0)).set("index", index),
                 "index " + index + " of table " + row.text(0) + " is not valid: making it was not finished",
                 {{"REINDEX INDEX " + quoteIdentifier(index), {}}}});
        });
}

/// What typeof() may say of a column, by the type that it is declared with; empty: anything.
std::string allowedTypes(std::string const &declared) {
    auto const type = common::toUpper(declared);
    if (type == "TEXT" || type.starts_with("VARCHAR") || type.starts_with("CHAR")) return "'text', 'null'";
    if (type == "BIGINT" || type == "INTEGER" || type == "SMALLINT" || type == "BOOLEAN")
        return "'integer', 'null'";
    if (type == "FLOAT" || type == "DOUBLE") return "'real', 'integer', 'null'";
    return {};
}

/// A BLOB compares with no text, so that nothing which goes by keys can be trusted while there is one.
void findWrongValues(CheckContext const &context, std::string const &table, std::string const &column,
                     std::string const &allowed) {
    auto const name = quoteIdentifier(column);
    context.db
        .prepare("SELECT count(*), min(rowid), max(typeof(" + name + ") = 'blob') FROM "
                 + quoteIdentifier(table) + " WHERE typeof(" + name + ") NOT IN (" + allowed + ")")
        ->query({}, [&](Statement const &row) {
            if (row.integer(0) == 0) return;
            Json where;
            where.set("table", table).set("column", column).set("rowid", row.integer(1));
            context.report({"wrong_value",
                            where,
                            "column " + column + " of " + table + " has " + row.text(0)
                                + (row.integer(0) == 1 ? " value" : " values")
                                + " of another kind than it is declared for, first in the row with rowid "
                                + row.text(1),
                            {},
                            row.integer(2) != 0});
        });
}

} // namespace

void findValueDamage(CheckContext const &context) {
    if (context.db.dialect() != sql::Dialect::Sqlite) return; // its columns take values of their type only
    std::vector<std::array<std::string, 3>> columns;
    context.db
        .prepare("SELECT m.name, i.name, i.type FROM sqlite_master AS m, pragma_table_info(m.name) AS i "
                 "WHERE m.type = "
                 "'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.sql NOT LIKE '%WITHOUT ROWID%' "
                 "ORDER BY 1, "
                 "i.cid")
        ->query({}, [&](Statement const &row) {
            columns.push_back({row.text(0), row.text(1), row.text(2)});
        });
    for (auto const &[table, column, type] : columns) {
        if (column == "ingest_date") continue; // bad_ingest_date says more
        if (auto const allowed = allowedTypes(type); !allowed.empty())
            findWrongValues(context, table, column, allowed);
    }
}

void findRegistryDamage(CheckContext const &context) {
    if (context.db.dialect() == sql::Dialect::Postgres) return findInvalidIndexes(context);
    context.db.prepare("PRAGMA integrity_check")->query({}, [&](Statement const &row) {
        // A text may have several lines, under a heading between stars.
        for (auto const &line : common::split(row.text(0), '\n')) {
            if (line.empty() || line == "ok" || line.starts_with("***")) continue;
            context.report(findingOf(context.db, line));
        }
    });
}

void findAttributeDamage(CheckContext const &context) {
    if (!context.db.hasTable("butler_attributes")) {
        Json where;
        context.report({"missing_table",
                        where.set("table", "butler_attributes"),
                        "table butler_attributes is missing, so nothing says what kind of registry this is",
                        {},
                        true});
        return;
    }
    auto const found = attributes(context.db);
    auto const miss = [&](std::string_view damage, std::string const &name, bool blocks) {
        context.report(
            {damage, attributePlace(name), "butler_attributes has no row \"" + name + "\"", {}, blocks});
    };
    if (!found.contains("config:dimensions.json")) miss("missing_attribute", "config:dimensions.json", true);
    auto const fresh = Json::parse(embedded::butlerAttributes());
    for (auto const &[name, cls] : fresh.object()) {
        if (!name.starts_with("config:")) continue;
        auto const manager = found.find(name);
        if (manager == found.end()) {
            miss("missing_attribute", name, true);
            continue;
        }
        auto const versionRow = "version:" + manager->second;
        auto const version = found.find(versionRow);
        if (version == found.end()) {
            miss("missing_version", versionRow, false);
        } else if (name == "config:registry.managers.datasets") {
            compareIngestDate(context, versionRow, version->second);
        }
    }
}

} // namespace dbb::butler
