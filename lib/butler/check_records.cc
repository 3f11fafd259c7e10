// Dimension records: keys, time spans, summaries of overlaps.
#include "butler/check_parts.h"
#include "butler/dialect.h"
#include "butler/record_values.h"
#include "common/text.h"

#include <algorithm>

namespace dbb::butler {

using sql::quoteIdentifier;
using sql::Statement;

namespace {

using Names = std::vector<std::string>;

Names keyColumns(Universe const &universe, Element const &element) {
    Names out;
    for (auto const &column : recordColumns(universe, element)) {
        if (column.key) out.push_back(column.name);
    }
    return out;
}

/// Keys and implied dimensions without a value. Releases differ in what they declared NOT NULL; what is
/// declared so, the database's own check has looked at.
void findNullKeys(CheckContext const &context, Element const &element) {
    auto const &universe = context.repo->universe();
    auto const &actual = context.table(element.name);
    auto const keys = keyColumns(universe, element);
    for (auto const &column : recordColumns(universe, element)) {
        bool const band = column.implied && column.name == "band";
        // A server has no rule against an empty text.
        bool const ruled = actual.not_null.contains(column.name)
                           && !(band && context.db.dialect() == sql::Dialect::Postgres);
        if ((!column.key && !column.implied) || ruled) continue;
        auto const name = quoteIdentifier(column.name);
        auto const condition = name + " IS NULL" + (band ? " OR " + name + " = ''" : std::string());
        auto const list = prefixedList("e", keys);
        context.db
            .prepare("SELECT " + list + " FROM " + quoteIdentifier(element.name) + " AS e WHERE " + condition
                     + " ORDER BY " + list)
            ->query({}, [&](Statement const &row) {
                context.report({band ? "missing_band" : "null_key", placeOf(element.name, keys, row),
                                element.name + " (" + keyText(keys, row) + ") has no " + column.name});
            });
    }
}

void findBadTimespans(CheckContext const &context, std::string const &table, Names const &keys) {
    auto const list = prefixedList("e", keys);
    auto const size = static_cast<int>(keys.size());
    context.db
        .prepare("SELECT " + list + ", e.timespan_begin, e.timespan_end FROM "
                 + withTimespan(table, context.db.dialect()) + " AS e WHERE "
                 + badTimespan("e", context.db.dialect()) + " ORDER BY " + list)
        ->query({}, [&](Statement const &row) {
            context.report({"bad_timespan", placeOf(table, keys, row),
                            table + " (" + keyText(keys, row) + ") has a time span from "
                                + shownValue(row.column(size)) + " to " + shownValue(row.column(size + 1))
                                + ", which is none"});
        });
}

} // namespace

std::string badTimespan(std::string const &alias, sql::Dialect dialect) {
    auto const begin = alias + ".timespan_begin";
    auto const end = alias + ".timespan_end";
    auto const most = std::to_string(unboundedEnd);
    auto const least = std::to_string(unboundedBegin);
    if (dialect == sql::Dialect::Postgres) {
        // A range is whole and in order; what is open has no bounds here.
        auto const range = alias + ".timespan";
        return "(lower(" + range + ") < " + least + " OR upper(" + range + ") > " + most + ")";
    }
    auto const empty = begin + " = " + most + " AND " + end + " = " + least;
    return "((" + begin + " IS NULL) <> (" + end + " IS NULL) OR typeof(" + begin
           + ") NOT IN ('integer', 'null') OR typeof(" + end + ") NOT IN ('integer', 'null') OR (NOT ("
           + empty + ") AND (" + begin + " >= " + end + " OR " + begin + " < " + least + " OR " + end + " > "
           + most + ")))";
}

void findRecordDamage(CheckContext const &context) {
    auto const &universe = context.repo->universe();
    for (auto const &element : universe.elements()) {
        if (!element.hasTable()) continue;
        findNullKeys(context, element);
        if (element.temporal) findBadTimespans(context, element.name, keyColumns(universe, element));
    }
    findBadTimespans(context, "run", {"collection_id"});
}

void findOverlapSummaryDamage(CheckContext const &context) {
    auto const &universe = context.repo->universe();
    auto const &system = universe.commonSkypixSystem();
    auto const level = std::int64_t{universe.commonSkypixLevel()};
    for (auto const &element : universe.elements()) {
        if (!element.spatial) continue;
        auto const governor = universe.governorOf(element);
        auto const key = quoteIdentifier(universe.at(governor).keys.front().name);
        auto const table = element.name + "_skypix_overlap_summary";
        auto const columns = "(skypix_system, skypix_level, " + quoteIdentifier(governor) + ")";
        context.db
            .prepare("SELECT g." + key + " FROM " + quoteIdentifier(governor)
                     + " AS g WHERE NOT EXISTS (SELECT 1 FROM " + quoteIdentifier(table) + " AS s WHERE s."
                     + quoteIdentifier(governor) + " = g." + key
                     + " AND s.skypix_system = ? AND s.skypix_level = ?) ORDER BY 1")
            ->query({system, level}, [&](Statement const &row) {
                common::Json where;
                where.set("table", table).set("skypix_system", system).set("skypix_level", level);
                context.report({"missing_overlap_summary",
                                where.set(governor, row.text(0)),
                                table + " has no row of " + governor + " " + row.text(0)
                                    + ", without which the Butler takes no regions",
                                {{"INSERT INTO " + quoteIdentifier(table) + " " + columns
                                      + " VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                                  {system, level, row.column(0)}}}});
            });
        context.db
            .prepare("SELECT skypix_system, skypix_level, " + quoteIdentifier(governor) + " FROM "
                     + quoteIdentifier(table)
                     + " WHERE skypix_system <> ? OR skypix_level <> ? ORDER BY 1, 2, 3")
            ->query({system, level}, [&](Statement const &row) {
                context.report({"wrong_overlap_summary",
                                placeOf(table, {"skypix_system", "skypix_level", governor}, row),
                                table + " has pixels " + row.text(0) + row.text(1) + " for " + governor + " "
                                    + row.text(2) + "; this universe indexes regions by "
                                    + universe.commonSkypix()});
            });
    }
}

} // namespace dbb::butler
