#include "butler/schema.h"

#include "butler/table_spec.h"

#include <algorithm>
#include <cstdio>

namespace dbb::butler {

using sql::Dialect;

namespace {

using Names = std::vector<std::string>;

ColumnSpec column(std::string name, SqlType type, bool notNull = false, int length = 0) {
    return {.name = std::move(name), .type = type, .length = length, .not_null = notNull};
}

ColumnSpec keyColumn(std::string name, SqlType type, int length = 0) {
    return {.name = std::move(name), .type = type, .length = length, .not_null = true, .key = true};
}

ForeignKeySpec reference(std::string table, Names source, Names target, bool cascade = false) {
    return {std::move(table), std::move(source), std::move(target), cascade};
}

SqlType sqlType(ColumnType type) {
    switch (type) {
    case ColumnType::String: return SqlType::String;
    case ColumnType::Float: return SqlType::Float;
    case ColumnType::Bool: return SqlType::Bool;
    case ColumnType::Hash:
    case ColumnType::Region: return SqlType::Text; // base64
    case ColumnType::Blob: return SqlType::Blob;
    case ColumnType::Uuid: return SqlType::Uuid;
    case ColumnType::Int:
    case ColumnType::Datetime: break;
    }
    return SqlType::BigInt;
}

ColumnSpec specOf(Column const &c) {
    return column(c.name, sqlType(c.type), false, c.length);
}

/// Add the key column of another element's table and the reference to that table, when it has one.
void addDimension(Universe const &universe, std::string const &name, bool key, TableSpec &table) {
    auto const &dimension = universe.at(name);
    auto spec = specOf(dimension.keys.front());
    spec.name = name;
    spec.not_null = true;
    spec.key = key;
    table.columns.push_back(spec);
    if (!dimension.hasTable()) return;
    auto const source = universe.requiredOf(dimension);
    auto target = source;
    target.back() = dimension.keys.front().name;
    table.foreign_keys.push_back(reference(name, source, target));
}

} // namespace

TableSpec elementTableSpec(Universe const &universe, Element const &element) {
    TableSpec out{.name = element.name, .columns = {}, .uniques = {}, .indexes = {}, .foreign_keys = {}};
    Names dependencies;
    for (auto const &name : universe.requiredOf(element)) {
        if (name == element.name) {
            out.columns.push_back(specOf(element.keys.front()));
            out.columns.back().key = out.columns.back().not_null = true;
        } else {
            addDimension(universe, name, true, out);
            dependencies.push_back(name);
        }
    }
    for (auto const &name : universe.impliedOf(element)) {
        addDimension(universe, name, false, out);
        out.columns.back().nullable_elsewhere = true;
    }
    for (std::size_t i = 1; i < element.keys.size(); ++i) {
        out.columns.push_back(specOf(element.keys[i]));
        auto unique = dependencies;
        unique.push_back(element.keys[i].name);
        out.uniques.push_back(std::move(unique));
    }
    // Metadata columns can be null whatever the universe says: so does the Butler since release 27.
    for (auto const &c : element.metadata) out.columns.push_back(specOf(c));
    if (element.spatial) out.columns.push_back(column("region", SqlType::Text));
    if (element.temporal) out.columns.push_back(column("timespan", SqlType::Timespan));
    return out;
}

namespace {

void addSkypixOverlap(Universe const &universe, Element const &element, std::vector<TableSpec> &out) {
    auto const governor = universe.governorOf(element);
    auto const required = universe.requiredOf(element);
    TableSpec summary{.name = element.name + "_skypix_overlap_summary",
                      .columns = {keyColumn("skypix_system", SqlType::String, 16),
                                  keyColumn("skypix_level", SqlType::SmallInt)},
                      .uniques = {},
                      .indexes = {},
                      .foreign_keys = {}};
    TableSpec overlap = summary;
    overlap.name = element.name + "_skypix_overlap";
    addDimension(universe, governor, true, summary);

    Names const shared{"skypix_system", "skypix_level", governor};
    overlap.foreign_keys.push_back(reference(summary.name, shared, shared, true));
    for (auto const &name : required) addDimension(universe, name, true, overlap);
    overlap.columns.push_back(keyColumn("skypix_index", SqlType::BigInt));
    Names index{"skypix_system", "skypix_level", "skypix_index"};
    index.insert(index.end(), required.begin(), required.end());
    overlap.indexes.push_back(std::move(index));

    out.push_back(std::move(summary));
    out.push_back(std::move(overlap));
}

/// Tables for overlaps between elements of two spatial families. Nobody fills them; they belong to the
/// schema.
void addLegacyOverlap(Universe const &universe, Element const &a, Element const &b,
                      std::vector<TableSpec> &out) {
    TableSpec summary{.name = a.name + "_" + b.name + "_overlap_summary",
                      .columns = {},
                      .uniques = {},
                      .indexes = {},
                      .foreign_keys = {}};
    addDimension(universe, universe.governorOf(a), true, summary);
    addDimension(universe, universe.governorOf(b), true, summary);
    TableSpec overlap = summary;
    overlap.name = a.name + "_" + b.name + "_overlap";
    for (auto const *element : {&a, &b}) {
        for (auto const &name : universe.requiredOf(*element)) {
            if (name != universe.governorOf(*element)) addDimension(universe, name, true, overlap);
        }
    }
    out.push_back(std::move(summary));
    out.push_back(std::move(overlap));
}

/// Elements of each spatial family, families and elements in the order in which the universe first has them.
std::vector<std::vector<Element const *>> spatialFamilies(Universe const &universe) {
    std::vector<std::pair<std::string, std::vector<Element const *>>> found;
    for (auto const &element : universe.elements()) {
        for (auto const &family : universe.families()) {
            bool const member = family.spatial
                                && std::find(family.elements.begin(), family.elements.end(), element.name)
                                       != family.elements.end();
            if (!member) continue;
            auto at = std::find_if(found.begin(), found.end(),
                                   [&](auto const &entry) { return entry.first == family.name; });
            if (at == found.end()) at = found.insert(found.end(), {family.name, {}});
            at->second.push_back(&element);
        }
    }
    std::vector<std::vector<Element const *>> out;
    for (auto &[name, elements] : found) out.push_back(std::move(elements));
    return out;
}

void addDimensionTables(Universe const &universe, std::vector<TableSpec> &out) {
    for (auto const &element : universe.elements()) {
        if (element.governor) out.push_back(elementTableSpec(universe, element));
    }
    for (auto const &element : universe.elements()) {
        if (element.governor || !element.hasTable()) continue;
        out.push_back(elementTableSpec(universe, element));
        if (element.spatial) addSkypixOverlap(universe, element, out);
    }
    auto const families = spatialFamilies(universe);
    for (std::size_t i = 0; i < families.size(); ++i) {
        for (std::size_t j = i + 1; j < families.size(); ++j) {
            for (auto const *a : families[i]) {
                for (auto const *b : families[j]) {
                    bool const inOrder = a < b; // both point into the universe's one list
                    addLegacyOverlap(universe, inOrder ? *a : *b, inOrder ? *b : *a, out);
                }
            }
        }
    }
}

TableSpec plainTable(std::string name, std::vector<ColumnSpec> columns, std::vector<Names> uniques = {},
                     std::vector<ForeignKeySpec> foreignKeys = {}) {
    return {std::move(name), std::move(columns), std::move(uniques), {}, std::move(foreignKeys)};
}

void addCollectionTables(Universe const &universe, std::vector<TableSpec> &out) {
    using enum SqlType;
    auto const toCollection = [](char const *source, bool cascade) {
        return reference("collection", {source}, {"collection_id"}, cascade);
    };
    out.push_back(plainTable("collection",
                             {keyColumn("collection_id", AutoKey), column("name", Text, true),
                              column("type", SmallInt, true), column("doc", Text)},
                             {{"name"}}));
    out.push_back(plainTable(
        "run", {keyColumn("collection_id", BigInt), column("host", Text), column("timespan", Timespan)}, {},
        {toCollection("collection_id", true)}));
    out.push_back(plainTable(
        "collection_chain",
        {keyColumn("parent", BigInt), keyColumn("position", SmallInt), column("child", BigInt, true)}, {},
        {toCollection("parent", true), toCollection("child", false)}));
    out.push_back(plainTable(
        "collection_summary_dataset_type",
        {keyColumn("collection_id", BigInt), keyColumn("dataset_type_id", BigInt)}, {},
        {toCollection("collection_id", true), reference("dataset_type", {"dataset_type_id"}, {"id"}, true)}));
    for (auto const &element : universe.elements()) {
        if (!element.governor) continue;
        auto summary = plainTable("collection_summary_" + element.name, {keyColumn("collection_id", BigInt)},
                                  {}, {toCollection("collection_id", true)});
        addDimension(universe, element.name, true, summary);
        out.push_back(std::move(summary));
    }
}

void addDatasetTables(DatasetsManager manager, std::vector<TableSpec> &out) {
    using enum SqlType;
    out.push_back(
        plainTable("dataset_type",
                   {keyColumn("id", AutoKey), column("name", Text, true), column("storage_class", Text, true),
                    column("dimensions_key", BigInt, true), column("tag_association_table", Text, true),
                    column("calibration_association_table", Text)},
                   {{"name"}}));
    auto ingestDate = column("ingest_date", manager == DatasetsManager::V1 ? Timestamp : BigInt, true);
    ingestDate.has_default = manager == DatasetsManager::V1;
    out.push_back(plainTable("dataset",
                             {keyColumn("id", Uuid), column("dataset_type_id", BigInt, true), ingestDate,
                              column("run_id", BigInt, true)},
                             {},
                             {reference("dataset_type", {"dataset_type_id"}, {"id"}),
                              reference("run", {"run_id"}, {"collection_id"}, true)}));
    out.push_back(plainTable("opaque_meta", {keyColumn("table_name", Text)}));
    out.push_back(plainTable("dataset_location",
                             {keyColumn("datastore_name", Text), keyColumn("dataset_id", Uuid)}, {},
                             {reference("dataset", {"dataset_id"}, {"id"})}));
    out.push_back(plainTable("dataset_location_trash",
                             {keyColumn("dataset_id", Uuid), keyColumn("datastore_name", Text)}));
}

/// What both kinds of association tables have: columns and references to dataset, collection and dimensions.
TableSpec associationTable(Universe const &universe, DimensionGroup const &group, bool tags) {
    using enum SqlType;
    auto out = plainTable("",
                          {column("dataset_type_id", BigInt, true), column("dataset_id", Uuid, true),
                           column("collection_id", BigInt, true)},
                          {},
                          {reference("dataset_type", {"dataset_type_id"}, {"id"}),
                           reference("dataset", {"dataset_id"}, {"id"}, true),
                           reference("collection", {"collection_id"}, {"collection_id"}, true),
                           reference("collection_summary_dataset_type", {"collection_id", "dataset_type_id"},
                                     {"collection_id", "dataset_type_id"})});
    out.columns[1].key = out.columns[2].key = tags;
    for (auto const &name : group.required) {
        addDimension(universe, name, false, out);
        if (!universe.at(name).governor) continue;
        Names const shared{"collection_id", name};
        out.foreign_keys.push_back(reference("collection_summary_" + name, shared, shared));
    }
    return out;
}

/// dataset_type_id, collection_id and the data ID.
Names lookupColumns(DimensionGroup const &group) {
    Names out{"dataset_type_id", "collection_id"};
    out.insert(out.end(), group.required.begin(), group.required.end());
    return out;
}

std::string numbered(char const *prefix, std::int64_t key) {
    char text[32];
    std::snprintf(text, sizeof text, "%s%08lld", prefix, static_cast<long long>(key));
    return text;
}

} // namespace

std::vector<TableSpec> staticTableSpecs(Universe const &universe, DatasetsManager manager) {
    std::vector<TableSpec> tables;
    tables.push_back(plainTable("butler_attributes",
                                {keyColumn("name", SqlType::Text), column("value", SqlType::Text, true)}));
    addDimensionTables(universe, tables);
    tables.push_back(plainTable("dimension_graph_key", {keyColumn("id", SqlType::AutoKey)}));
    tables.push_back(plainTable(
        "dimension_graph_definition",
        {keyColumn("dimension_graph_id", SqlType::BigInt), keyColumn("dimension_name", SqlType::Text)}, {},
        {reference("dimension_graph_key", {"dimension_graph_id"}, {"id"}, true)}));
    addCollectionTables(universe, tables);
    addDatasetTables(manager, tables);
    return inCreationOrder(std::move(tables));
}

std::vector<std::string> staticTables(Universe const &universe, Dialect dialect, DatasetsManager manager) {
    std::vector<std::string> out;
    for (auto const &table : staticTableSpecs(universe, manager)) {
        for (auto &statement : createStatements(table, dialect)) out.push_back(std::move(statement));
    }
    return out;
}

TableSpec recordsTableSpec(std::string const &name) {
    using enum SqlType;
    return {.name = name,
            .columns = {keyColumn("dataset_id", Uuid), column("path", Text, true),
                        column("formatter", Text, true), column("storage_class", Text, true),
                        keyColumn("component", String, 32), column("checksum", Text),
                        column("file_size", BigInt)},
            .uniques = {},
            .indexes = {{"path"}},
            .foreign_keys = {}};
}

std::vector<std::string> recordsTable(std::string const &name, Dialect dialect) {
    return createStatements(recordsTableSpec(name), dialect);
}

std::string tagsTableName(std::int64_t dimensionsKey) {
    return numbered("dataset_tags_", dimensionsKey);
}

std::string calibsTableName(std::int64_t dimensionsKey) {
    return numbered("dataset_calibs_", dimensionsKey);
}

TableSpec tagsTableSpec(Universe const &universe, DimensionGroup const &group, std::int64_t dimensionsKey) {
    auto table = associationTable(universe, group, true);
    table.name = tagsTableName(dimensionsKey);
    table.uniques.push_back(lookupColumns(group));
    return table;
}

std::vector<std::string> tagsTable(Universe const &universe, DimensionGroup const &group,
                                   std::int64_t dimensionsKey, Dialect dialect) {
    return createStatements(tagsTableSpec(universe, group, dimensionsKey), dialect);
}

TableSpec calibsTableSpec(Universe const &universe, DimensionGroup const &group, std::int64_t dimensionsKey) {
    auto table = associationTable(universe, group, false);
    table.name = calibsTableName(dimensionsKey);
    table.columns.insert(table.columns.begin(), keyColumn("id", SqlType::AutoKey));
    auto timespan = column("timespan", SqlType::Timespan, true);
    timespan.has_default = true;
    table.columns.push_back(timespan);
    auto index = lookupColumns(group);
    index.push_back("timespan");
    table.indexes.push_back(std::move(index));
    return table;
}

std::vector<std::string> calibsTable(Universe const &universe, DimensionGroup const &group,
                                     std::int64_t dimensionsKey, Dialect dialect) {
    return createStatements(calibsTableSpec(universe, group, dimensionsKey), dialect);
}

std::vector<RecordColumn> recordColumns(Universe const &universe, Element const &element) {
    std::vector<RecordColumn> out;
    auto add = [&](Column type, std::string name, bool key) {
        out.push_back({.name = std::move(name), .type = std::move(type), .key = key});
    };
    for (auto const &name : universe.requiredOf(element)) {
        auto const &first = universe.at(name).keys.front();
        add(first, name == element.name ? first.name : name, true);
    }
    for (auto const &name : universe.impliedOf(element)) {
        add(universe.at(name).keys.front(), name, false);
        out.back().implied = true;
    }
    for (std::size_t i = 1; i < element.keys.size(); ++i) add(element.keys[i], element.keys[i].name, false);
    for (auto const &c : element.metadata) add(c, c.name, false);
    if (element.spatial) add({"region", ColumnType::Region, 0, true}, "region", false);
    if (element.temporal) {
        out.push_back({.name = "timespan", .type = {"timespan", ColumnType::Int, 0, true}, .timespan = true});
    }
    return out;
}

std::string contradictingDateType(sql::Database &db, DatasetsManager manager) {
    if (db.dialect() != sql::Dialect::Sqlite) return {};
    std::string type;
    db.cached("SELECT upper(type) FROM pragma_table_info('dataset') WHERE name = 'ingest_date'")
        .query({}, [&](sql::Statement const &row) { type = row.text(0); });
    return (type == "TIMESTAMP") == (manager == DatasetsManager::V1) ? std::string() : type;
}

} // namespace dbb::butler
