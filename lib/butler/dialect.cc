#include "butler/dialect.h"

#include "butler/record_values.h"
#include "butler/stored_path.h"

namespace dbb::butler {

using sql::Dialect;
using sql::quoteIdentifier;

namespace {

/// One end of an int8range as the value that stands for it.
std::string endOf(std::string const &function, std::int64_t open, std::int64_t ofEmpty, char const *name) {
    return "CASE WHEN t.timespan IS NULL THEN NULL WHEN isempty(t.timespan) THEN " + std::to_string(ofEmpty)
           + " ELSE coalesce(" + function + "(t.timespan), " + std::to_string(open) + ") END AS " + name;
}

} // namespace

std::string readable(Element const &element, Dialect dialect) {
    return element.temporal ? withTimespan(element.name, dialect) : quoteIdentifier(element.name);
}

std::string withTimespan(std::string const &name, Dialect dialect) {
    auto const table = quoteIdentifier(name);
    if (dialect == Dialect::Sqlite) return table;
    return "(SELECT t.*, " + endOf("lower", unboundedBegin, unboundedEnd, timespanBegin) + ", "
           + endOf("upper", unboundedEnd, unboundedBegin, timespanEnd) + " FROM " + table + " AS t)";
}

std::vector<WrittenColumn> written(RecordColumn const &column, std::size_t first, Dialect dialect,
                                   std::string const &prefix) {
    auto const mark = [&](std::size_t i) { return prefix + std::to_string(first + i); };
    std::vector<WrittenColumn> out;
    if (!column.timespan || dialect == Dialect::Sqlite) {
        for (auto const &name : columnNames(column)) out.push_back({quoteIdentifier(name), mark(out.size())});
        return out;
    }
    auto const begin = mark(0) + "::bigint";
    auto const end = mark(1) + "::bigint";
    out.push_back(
        {quoteIdentifier("timespan"), "CASE WHEN " + begin + " IS NULL THEN NULL WHEN " + begin + " > " + end
                                          + " THEN 'empty'::int8range ELSE int8range(nullif(" + begin + ", "
                                          + std::to_string(unboundedBegin) + "), nullif(" + end + ", "
                                          + std::to_string(unboundedEnd) + ")) END"});
    return out;
}

std::vector<std::string> valueTypes(TableSpec const &table) {
    auto const types = databaseTypes(table, Dialect::Postgres);
    std::vector<std::string> out;
    for (auto const &column : table.columns) {
        auto const &type = types.at(column.name);
        if (column.type == SqlType::Timespan) {
            out.insert(out.end(), 2, "BIGINT");
        } else {
            out.push_back(type.starts_with("VARCHAR") ? "TEXT" : type);
        }
    }
    return out;
}

std::vector<std::string> tableNames(sql::Database &db) {
    auto const *const query = db.dialect() == Dialect::Sqlite
                                  ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
                                    "'sqlite\\_%' ESCAPE '\\' "
                                    "ORDER BY 1"
                                  : "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                                    "current_schema()::regnamespace ORDER BY 1";
    std::vector<std::string> out;
    db.cached(query).query({}, [&](sql::Statement const &row) { out.push_back(row.text(0)); });
    return out;
}

std::vector<std::string> tablesWith(sql::Database &db, std::string const &prefix, std::string const &column) {
    auto const *const query =
        db.dialect() == Dialect::Sqlite
            ? "SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = "
              "'table' AND substr(m.name, 1, length(?1)) = ?1 AND c.name = ?2 ORDER BY 1"
            : "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid WHERE "
              "c.relkind = 'r' "
              "AND c.relnamespace = current_schema()::regnamespace AND NOT a.attisdropped AND "
              "starts_with(c.relname::text, ?1::text) AND a.attname = ?2 ORDER BY 1";
    std::vector<std::string> out;
    db.cached(query).query({prefix, column}, [&](sql::Statement const &row) { out.push_back(row.text(0)); });
    return out;
}

std::string isOfFile(std::string const &column, Dialect dialect) {
    // A server compares texts by its locale, in which '#' may not stand before '$'.
    auto const bytes = column + (dialect == Dialect::Postgres ? " COLLATE \"C\"" : "");
    return "(" + column + " = ? OR (" + bytes + " > ? AND " + bytes + " < ?))";
}

std::vector<sql::Value> pathsOfFile(std::string const &stored) {
    // Members of a file are recorded as path#zip-path=…; '$' is what follows '#'.
    auto const artifact = artifactOf(stored);
    return {artifact, artifact + "#", artifact + "$"};
}

std::string joinInOrder(Dialect dialect) {
    return dialect == Dialect::Sqlite ? " CROSS JOIN " : " JOIN ";
}

std::string rowsOfArray(Dialect dialect) {
    if (dialect == Dialect::Sqlite) return "json_each(?) AS j";
    return "(SELECT a.v::bigint AS value FROM json_array_elements_text(?::json) AS a(v)) AS j";
}

std::string uuidText(std::string const &column, Dialect dialect) {
    if (dialect == Dialect::Postgres) return column + "::text";
    return "substr(" + column + ", 1, 8) || '-' || substr(" + column + ", 9, 4) || '-' || substr(" + column
           + ", 13, 4) || '-' || substr(" + column + ", 17, 4) || '-' || substr(" + column + ", 21)";
}

} // namespace dbb::butler
