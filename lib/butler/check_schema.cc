// Tables, columns, keys and indexes as the universe and the dataset types ask for them.
#include "butler/check_parts.h"
#include "butler/datasets.h"
#include "common/text.h"

#include <algorithm>
#include <set>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;

namespace {

using Names = std::vector<std::string>;

Json tablePlace(std::string const &name) {
    Json out;
    return out.set("table", name);
}

std::string listed(std::set<std::string> const &names) {
    return common::join(Names(names.begin(), names.end()), ", ");
}

/// `columns a, b are missing, c is not expected`
std::string columnDifference(TableSpec const &spec, ActualTable const &actual, sql::Dialect dialect) {
    auto const wanted = databaseColumns(spec, dialect);
    std::set<std::string> missing(wanted.begin(), wanted.end());
    std::set<std::string> extra;
    for (auto const &name : actual.columns) {
        if (missing.erase(name) == 0) extra.insert(name);
    }
    Names parts;
    if (!missing.empty()) parts.push_back("lacks " + listed(missing));
    if (!extra.empty()) parts.push_back("has " + listed(extra) + " besides");
    return "table " + spec.name + " has other columns than it should: it " + common::join(parts, " and ");
}

/// \return whether the table can be used
bool compareColumns(CheckContext const &context, TableSpec const &spec, bool blocks) {
    auto const &actual = context.table(spec.name);
    if (!actual.exists) {
        context.report(
            {"missing_table", tablePlace(spec.name), "table " + spec.name + " is missing", {}, blocks});
        return false;
    }
    if (sameColumns(spec, actual, context.db.dialect())) return true;
    context.report({"wrong_columns",
                    tablePlace(spec.name),
                    columnDifference(spec, actual, context.db.dialect()),
                    {},
                    blocks});
    return false;
}

void compareDetails(CheckContext const &context, TableSpec const &spec) {
    auto const dialect = context.db.dialect();
    auto const &actual = context.table(spec.name);
    if (!sameColumns(spec, actual, dialect)) return;
    for (auto const &constraint : missingConstraints(spec, actual)) {
        auto where = tablePlace(spec.name);
        where.set("constraint", constraint);
        context.report({"missing_constraint", where, "table " + spec.name + " lacks its " + constraint});
    }
    for (auto const &difference : wrongTypes(spec, actual, dialect)) {
        auto where = tablePlace(spec.name);
        where.set("column", difference.substr(0, difference.find(' ')));
        context.report(
            {"wrong_columns", where, "table " + spec.name + " has a column of another type: " + difference});
    }
    for (auto const &index : missingIndexes(spec, actual, dialect)) {
        auto where = tablePlace(spec.name);
        auto const columns = common::join(index.columns, ", ");
        where.set("columns", columns);
        context.report({"missing_index",
                        where,
                        "table " + spec.name + " lacks its index on " + columns,
                        {{unlessThere(index.statement), {}}}});
    }
}

/// The table of file records is made by the first client that opens a repository for writing.
void findRecordsTable(CheckContext const &context, Datastore const &datastore) {
    auto const &name = datastore.records_table;
    Mending const note{"INSERT INTO opaque_meta (table_name) VALUES (?) ON CONFLICT DO NOTHING", {name}};
    bool const noted = context.db.cached("SELECT 1 FROM opaque_meta WHERE table_name = ?").hasRow({name});
    if (context.db.hasTable(name)) {
        if (!compareColumns(context, recordsTableSpec(name), true) || noted) return;
        auto where = tablePlace("opaque_meta");
        where.set("table_name", name);
        context.report({"missing_opaque_meta", where, "opaque_meta does not name table " + name, {note}});
        return;
    }
    Finding finding{"missing_records_table", tablePlace(name),
                    "table " + name + " of file records is missing"};
    if (storesDatasets(context.db, context.config, datastore)) {
        // Beside an empty table all locations would look like rows too many.
        finding.message += ", though datasets are said to be stored";
        finding.blocks = true;
    } else if (noted) {
        // Opening for writing makes the table: nothing is left to do.
        finding.mending.push_back({"SELECT 1", {}});
    } else {
        return;
    }
    context.report(std::move(finding));
}

std::int64_t keyOf(std::string const &table, std::string_view prefix) {
    auto const digits = table.substr(prefix.size());
    bool const number =
        !digits.empty() && digits.size() < 18 && digits.find_first_not_of("0123456789") == std::string::npos;
    return number ? std::stoll(digits) : -1;
}

/// A table is dropped as long as it is empty and no dataset type has come to name it.
std::vector<Mending> droppingOf(std::string const &table) {
    return {{"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM " + quoteIdentifier(table)
                 + ") AND NOT EXISTS (SELECT 1 FROM dataset_type WHERE tag_association_table = ? OR "
                   "calibration_association_table = ?)",
             {table, table}},
            {"DROP TABLE " + quoteIdentifier(table), {}}};
}

/// Association tables of dimension groups that do not exist, or with rows though no dataset type names them.
/// An empty table of a group that no dataset type uses any more is none: the Butler never drops them.
void findOrphanTables(CheckContext const &context) {
    std::set<std::int64_t> keys{0};
    context.db
        .cached("SELECT id FROM dimension_graph_key UNION SELECT dimension_graph_id FROM "
                "dimension_graph_definition")
        .query({}, [&](Statement const &row) { keys.insert(row.integer(0)); });
    std::set<std::string> used;
    for (auto const &type : typeRows(context.db)) used.insert({type.tags_table, type.calibs_table});
    for (auto const &table : dynamicTables(context.db)) {
        auto const prefix = table.starts_with("dataset_tags_") ? "dataset_tags_" : "dataset_calibs_";
        bool const ofGroup = keys.contains(keyOf(table, prefix));
        bool const filled =
            context.db.prepare("SELECT 1 FROM " + quoteIdentifier(table) + " LIMIT 1")->hasRow({});
        if (used.contains(table) || (ofGroup && !filled)) continue;
        Finding finding{"orphan_dynamic_table", tablePlace(table),
                        "table " + table + " belongs to "
                            + (ofGroup ? "no dataset type" : "no dimension group and no dataset type")};
        if (filled) {
            finding.message += ", but has rows";
        } else {
            finding.mending = droppingOf(table);
        }
        context.report(std::move(finding));
    }
}

/// Whether there are datasets of the types that an association table belongs to.
bool hasDatasets(sql::Database &db, std::string const &table) {
    bool out = false;
    db.cached("SELECT 1 FROM dataset WHERE dataset_type_id IN (SELECT id FROM dataset_type "
              "WHERE tag_association_table = ? OR calibration_association_table = ?) LIMIT 1")
        .query({table, table}, [&](Statement const &) { out = true; });
    return out;
}

void findMissingDynamicTable(CheckContext const &context, TypeRow const &type, TableSpec const &spec) {
    auto where = tablePlace(spec.name);
    Finding finding{"missing_dynamic_table", where.set("dataset_type", type.name),
                    "table " + spec.name + " of dataset type \"" + type.name + "\" is missing"};
    if (hasDatasets(context.db, spec.name)) {
        finding.message += ", and with it what it said about the datasets of this type";
    } else {
        for (auto &statement : createStatements(spec, context.db.dialect())) {
            finding.mending.push_back({unlessThere(statement), {}});
        }
    }
    context.report(std::move(finding));
}

} // namespace

void findTableDamage(CheckContext const &context) {
    for (auto const &spec : staticTableSpecs(context.repo->universe(), context.repo->datasetsManager())) {
        compareColumns(context, spec, true);
    }
    if (context.db.hasTable("opaque_meta") && context.db.hasTable("dataset_location")) {
        for (auto const &datastore : context.config.datastores) findRecordsTable(context, datastore);
    }
}

void findIndexDamage(CheckContext const &context) {
    for (auto const &spec : staticTableSpecs(context.repo->universe(), context.repo->datasetsManager())) {
        compareDetails(context, spec);
    }
    for (auto const &datastore : context.config.datastores)
        compareDetails(context, recordsTableSpec(datastore.records_table));
    for (auto const &table : associationTables(context)) compareDetails(context, table.spec);
}

void findDynamicTableDamage(CheckContext const &context) {
    findOrphanTables(context);
    auto const groups = definedGroups(context);
    auto const &universe = context.repo->universe();
    for (auto const &type : typeRows(context.db)) {
        auto const group = groups.find(type.dimensions_key);
        if (group == groups.end() || !group->second) continue;
        // Not the table is wrong then.
        if (!lackingDimensions(context, type, *group->second).empty()) continue;
        if (hasOtherGroup(context, type, *group->second)) continue;
        std::vector<TableSpec> specs{tagsTableSpec(universe, *group->second, type.dimensions_key)};
        specs.front().name = type.tags_table;
        if (!type.calibs_table.empty()) {
            specs.push_back(calibsTableSpec(universe, *group->second, type.dimensions_key));
            specs.back().name = type.calibs_table;
        }
        for (auto const &spec : specs) {
            auto const &actual = context.table(spec.name);
            if (!actual.exists) {
                findMissingDynamicTable(context, type, spec);
            } else if (!sameColumns(spec, actual, context.db.dialect())) {
                context.report({"wrong_columns", tablePlace(spec.name),
                                columnDifference(spec, actual, context.db.dialect())});
            }
        }
    }
}

} // namespace dbb::butler
