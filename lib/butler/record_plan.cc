#include "butler/record_plan.h"

#include "butler/dialect.h"
#include "butler/record_values.h"
#include "common/error.h"
#include "common/text.h"

#include <algorithm>

namespace dbb::butler {

using common::Error;
using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

/// Statements that write a governor's rows in the summaries of overlaps, without which the Butler takes no
/// region.
Names summaryInserts(Universe const &universe, Element const &governor) {
    Names out;
    if (!governor.governor) return out;
    for (auto const &element : universe.elements()) {
        if (!element.spatial || universe.governorOf(element) != governor.name) continue;
        out.push_back("INSERT INTO " + quoteIdentifier(element.name + "_skypix_overlap_summary")
                      + " (skypix_system, skypix_level, " + quoteIdentifier(governor.name)
                      + ") VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    }
    return out;
}

} // namespace

std::string equalities(Names const &names) {
    Names out;
    for (auto const &name : names) out.push_back(quoteIdentifier(name) + " = ?");
    return common::join(out, " AND ");
}

std::string quotedList(Names const &names) {
    Names out;
    for (auto const &name : names) out.push_back(quoteIdentifier(name));
    return common::join(out, ", ");
}

std::string shown(Json const &value) {
    return value.isString() ? "\"" + value.string() + "\"" : value.dump();
}

RecordPlan makePlan(Repository const &repo, std::string_view name) {
    auto const &universe = repo.universe();
    auto const &element = universe.at(name);
    if (!element.hasTable()) throw Error("BAD_VALUE", "\"" + element.name + "\" has no records of its own");

    RecordPlan plan;
    plan.element = &element;
    plan.columns = recordColumns(universe, element);
    for (auto const &column : plan.columns) {
        plan.first_value.push_back(plan.database_columns.size());
        for (auto &columnName : columnNames(column)) plan.database_columns.push_back(std::move(columnName));
        if (column.key) plan.key_columns.push_back(column.name);
    }
    plan.key_size = plan.key_columns.size();
    auto &db = repo.db();
    Names names;
    Names expressions;
    Names ofRows;
    for (std::size_t i = 0; i < plan.columns.size(); ++i) {
        for (auto &column : written(plan.columns[i], plan.first_value[i] + 1, db.dialect())) {
            names.push_back(std::move(column.name));
            expressions.push_back(std::move(column.expression));
        }
        for (auto &column : written(plan.columns[i], plan.first_value[i] + 1, db.dialect(), "r.c"))
            ofRows.push_back(std::move(column.expression));
    }
    plan.rows_insert = {"INSERT INTO " + quoteIdentifier(element.name) + " (" + common::join(names, ", ")
                            + ")",
                        "ON CONFLICT DO NOTHING RETURNING " + quotedList(plan.key_columns),
                        {},
                        valueTypes(elementTableSpec(universe, element)),
                        common::join(ofRows, ", ")};
    plan.insert_text = "INSERT INTO " + quoteIdentifier(element.name) + " (" + common::join(names, ", ")
                       + ") VALUES (" + common::join(expressions, ", ") + ") ON CONFLICT DO NOTHING";
    plan.insert = &db.cached(plan.insert_text);
    plan.source = readable(element, db.dialect()) + " AS r";
    plan.select_text = "SELECT " + quotedList(plan.database_columns) + " FROM " + plan.source + " WHERE "
                       + equalities(plan.key_columns);
    plan.select = &db.cached(plan.select_text);
    plan.summaries = summaryInserts(universe, element);
    return plan;
}

std::string described(RecordPlan const &plan, std::vector<Value> const &values) {
    Names parts;
    for (std::size_t i = 0; i < plan.key_size; ++i) {
        auto const &column = plan.columns[i];
        parts.push_back(column.name + "=" + shown(valueOf(column, values, plan.first_value[i])));
    }
    return plan.element->name + " (" + common::join(parts, ", ") + ")";
}

std::vector<Value> keyOf(RecordPlan const &plan, std::vector<Value> const &values) {
    return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(plan.key_size)};
}

std::vector<Value> valuesOf(RecordPlan const &plan, DimensionRecord const &record) {
    auto const &element = plan.element->name;
    if (!record.isObject()) throw Error("BAD_VALUE", "the record of " + element + " is no object");
    std::vector<Value> out;
    out.reserve(plan.database_columns.size());
    std::size_t found = 0;
    for (auto const &column : plan.columns) {
        auto const *value = record.find(column.name);
        found += value ? 1 : 0;
        appendValues(element, column, value ? *value : Json(), out);
    }
    if (found == record.object().size()) return out;
    Names known;
    for (auto const &column : plan.columns) known.push_back(column.name);
    for (auto const &[key, value] : record.object()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        auto const near = common::nearest(key, known);
        throw Error("BAD_VALUE", element + " has no column \"" + key + "\" in this repository's universe")
            .hint(near.empty() ? "" : "did you mean " + near + "?")
            .cause({.column = key, .value = value.text()});
    }
    return out;
}

DimensionRecord recordOf(std::vector<RecordColumn> const &columns, Statement const &row) {
    DimensionRecord out{Json::Object{}};
    int index = 0;
    for (auto const &column : columns) {
        out.set(column.name, valueOf(column, row, index));
        index += column.timespan ? 2 : 1;
    }
    return out;
}

} // namespace dbb::butler
