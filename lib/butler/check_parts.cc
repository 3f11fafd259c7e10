#include "butler/check_parts.h"

#include "butler/dialect.h"
#include "common/text.h"

#include <algorithm>
#include <iterator>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

/// The required dimensions of a key; nullopt when one of the names is no dimension of this universe.
std::optional<DimensionGroup> groupOf(Universe const &universe, Names const &names) {
    bool const known = std::all_of(names.begin(), names.end(), [&](std::string const &name) {
        auto const *element = universe.find(name);
        return element && element->isDimension();
    });
    if (!known) return std::nullopt;
    return universe.group(names);
}

void addTable(CheckContext const &context, bool calibs, TypeRow const &type, DimensionGroup const &group,
              std::vector<AssociationTable> &out) {
    auto const &name = calibs ? type.calibs_table : type.tags_table;
    if (name.empty()) return;
    for (auto &table : out) {
        if (table.name != name) continue;
        if (table.group.names == group.names) table.types.push_back(type);
        return;
    }
    auto const &universe = context.repo->universe();
    auto spec = calibs ? calibsTableSpec(universe, group, type.dimensions_key)
                       : tagsTableSpec(universe, group, type.dimensions_key);
    spec.name = name;
    if (!sameColumns(spec, context.table(name), context.db.dialect())) return;
    out.push_back({name, calibs, group, {type}, std::move(spec)});
}

} // namespace

ActualTable const &CheckContext::table(std::string const &name) const {
    static ActualTable const none;
    if (auto const known = tables.find(name); known != tables.end()) return known->second;
    auto read = readTables(db, name);
    std::erase_if(read, [](auto const &entry) { return !entry.second.exists; }); // others may make them
    tables.merge(read);
    auto const found = tables.find(name);
    return found == tables.end() ? none : found->second;
}

std::vector<TypeRow> typeRows(sql::Database &db) {
    std::vector<TypeRow> out;
    db.cached("SELECT id, name, storage_class, dimensions_key, tag_association_table, "
              "calibration_association_table "
              "FROM dataset_type ORDER BY id")
        .query({}, [&](Statement const &row) {
            out.push_back(
                {row.integer(0), row.text(1), row.text(2), row.integer(3), row.text(4), row.text(5)});
        });
    return out;
}

std::map<std::int64_t, std::optional<DimensionGroup>> definedGroups(CheckContext const &context) {
    std::map<std::int64_t, Names> names;
    context.db
        .cached("SELECT dimension_graph_id, dimension_name FROM dimension_graph_definition ORDER BY 1, 2")
        .query({}, [&](Statement const &row) {
            // SQLite may have anything in this column.
            if (std::holds_alternative<std::int64_t>(row.column(0)))
                names[row.integer(0)].push_back(row.text(1));
        });
    std::map<std::int64_t, std::optional<DimensionGroup>> out{{0, DimensionGroup{}}};
    for (auto const &[key, dimensions] : names) out[key] = groupOf(context.repo->universe(), dimensions);
    return out;
}

std::vector<std::string> dynamicTables(sql::Database &db, std::string const &column) {
    std::vector<std::string> out;
    for (std::string const prefix : {"dataset_calibs_", "dataset_tags_"}) {
        auto const tables = column.empty() ? tableNames(db) : tablesWith(db, prefix, column);
        std::copy_if(tables.begin(), tables.end(), std::back_inserter(out),
                     [&](std::string const &name) { return name.starts_with(prefix); });
    }
    return out;
}

std::vector<AssociationTable> associationTables(CheckContext const &context) {
    std::vector<AssociationTable> out;
    auto const groups = definedGroups(context);
    for (auto const &type : typeRows(context.db)) {
        auto const group = groups.find(type.dimensions_key);
        if (group == groups.end() || !group->second) continue;
        addTable(context, false, type, *group->second, out);
        addTable(context, true, type, *group->second, out);
    }
    return out;
}

Json jsonOf(Value const &value) {
    if (auto const *text = std::get_if<std::string>(&value)) return *text;
    if (auto const *integer = std::get_if<std::int64_t>(&value)) return *integer;
    if (auto const *number = std::get_if<double>(&value)) return *number;
    if (auto const *boolean = std::get_if<bool>(&value)) return *boolean;
    return {};
}

std::string shownValue(Value const &value) {
    auto const json = jsonOf(value);
    return json.isNull() ? "NULL" : json.text();
}

Json placeOf(std::string const &table, Names const &names, Statement const &row, int first) {
    Json out;
    out.set("table", table);
    for (auto const &name : names) out.set(name, jsonOf(row.column(first++)));
    return out;
}

std::string keyText(Names const &names, Statement const &row, int first) {
    Names parts;
    for (auto const &name : names) parts.push_back(name + "=" + shownValue(row.column(first++)));
    return common::join(parts, ", ");
}

std::string joinedOn(std::string const &a, std::string const &b, Names const &names) {
    Names parts;
    for (auto const &name : names) {
        parts.push_back(a + "." + quoteIdentifier(name) + " = " + b + "." + quoteIdentifier(name));
    }
    return common::join(parts, " AND ");
}

std::string prefixedList(std::string const &prefix, Names const &names) {
    Names parts;
    for (auto const &name : names) parts.push_back(prefix + "." + quoteIdentifier(name));
    return common::join(parts, ", ");
}

} // namespace dbb::butler
