// Dimension groups and dataset types.
#include "butler/check_parts.h"
#include "butler/collections.h"
#include "butler/schema.h"
#include "common/text.h"

#include <algorithm>
#include <set>

namespace dbb::butler {

using common::Json;
using sql::Statement;

namespace {

using Names = std::vector<std::string>;

Json typePlace(TypeRow const &type) {
    Json out;
    return out.set("table", "dataset_type").set("id", type.id).set("name", type.name);
}

Json groupPlace(std::int64_t key) {
    Json out;
    return out.set("table", "dimension_graph_definition").set("dimension_graph_id", key);
}

/// The required dimensions that the columns of a table of tags stand for; empty when they stand for none.
Names dimensionsOf(CheckContext const &context, std::string const &table) {
    auto const &actual = context.table(table);
    auto const &universe = context.repo->universe();
    Names out;
    for (auto const &column : actual.columns) {
        if (column == "dataset_type_id" || column == "dataset_id" || column == "collection_id") continue;
        auto const *element = universe.find(column);
        if (!element || !element->isDimension()) return {};
        out.push_back(column);
    }
    auto const group = universe.group(out);
    auto const same = std::set<std::string>(out.begin(), out.end())
                      == std::set<std::string>(group.required.begin(), group.required.end());
    return same ? group.required : Names();
}

using Groups = std::map<std::int64_t, std::optional<DimensionGroup>>;

/// A second definition of the same dimensions would keep the Butler from opening the repository, so a type
/// whose dimensions another group has belongs to that one.
bool pointedBack(CheckContext const &context, TypeRow const &type, Names const &dimensions,
                 Groups const &groups) {
    auto const same = std::find_if(groups.begin(), groups.end(), [&](auto const &entry) {
        return entry.second && entry.second->required == dimensions;
    });
    if (same == groups.end()) return false;
    auto const key = std::to_string(type.dimensions_key);
    context.report({"undefined_dimension_group",
                    typePlace(type),
                    "dimension group " + key + " of dataset type \"" + type.name
                        + "\" has no definition; group " + std::to_string(same->first)
                        + " has the dimensions of " + type.tags_table,
                    {{"UPDATE dataset_type SET dimensions_key = ? WHERE id = ? AND dimensions_key = ? AND "
                      "dimensions_key NOT IN (SELECT dimension_graph_id FROM dimension_graph_definition)",
                      {same->first, type.id, type.dimensions_key}}}});
    return true;
}

Mending definitionRow(TypeRow const &type, std::string const &dimension) {
    return {"INSERT INTO dimension_graph_definition (dimension_graph_id, dimension_name) VALUES (?, ?) "
            "ON CONFLICT DO NOTHING",
            {type.dimensions_key, dimension}};
}

void findUndefined(CheckContext const &context, TypeRow const &type, Groups &groups) {
    auto const key = std::to_string(type.dimensions_key);
    Finding finding{"undefined_dimension_group", groupPlace(type.dimensions_key),
                    "dimension group " + key + " of dataset type \"" + type.name + "\" has no definition"};
    // The table of tags has a column for each required dimension, so it knows what the definition was.
    auto const dimensions = dimensionsOf(context, type.tags_table);
    if (!dimensions.empty() && pointedBack(context, type, dimensions, groups)) return;
    if (!dimensions.empty()) {
        groups[type.dimensions_key] = context.repo->universe().group(dimensions);
        finding.message += "; columns of " + type.tags_table + " are " + common::join(dimensions, ", ");
        finding.mending.push_back({"INSERT INTO dimension_graph_key (id) VALUES (?) ON CONFLICT DO NOTHING",
                                   {type.dimensions_key}});
        for (auto const &name : dimensions) finding.mending.push_back(definitionRow(type, name));
    }
    context.report(std::move(finding));
}

/// A definition of which rows are lost: the table of tags, which is named after the group, still has the
/// columns.
void findIncomplete(CheckContext const &context, TypeRow const &type, Names const &lacking,
                    std::optional<DimensionGroup> &group) {
    Finding finding{"incomplete_dimension_group", groupPlace(type.dimensions_key),
                    "dimension group " + std::to_string(type.dimensions_key) + " of dataset type \""
                        + type.name + "\" lacks " + common::join(lacking, ", ") + ", for which "
                        + type.tags_table + " has columns"};
    auto names = group->required;
    for (auto const &name : lacking) {
        finding.mending.push_back(definitionRow(type, name));
        names.push_back(name);
    }
    group = context.repo->universe().group(names);
    context.report(std::move(finding));
}

/// A table of tags that is named after another group and has its columns.
void findWrongGroup(CheckContext const &context, TypeRow const &type, Groups const &groups) {
    auto const key = std::to_string(type.dimensions_key);
    auto const dimensions = dimensionsOf(context, type.tags_table);
    auto const fitting = std::find_if(groups.begin(), groups.end(), [&](auto const &entry) {
        return tagsTableName(entry.first) == type.tags_table && entry.second
               && entry.second->required == dimensions;
    });
    Finding finding{"wrong_dimension_group", typePlace(type),
                    "dataset type \"" + type.name + "\" has dimension group " + key + ", but "
                        + type.tags_table + " is not of that group"};
    if (fitting != groups.end()) {
        finding.message += "; it is of group " + std::to_string(fitting->first);
        finding.mending.push_back(
            {"UPDATE dataset_type SET dimensions_key = ? WHERE id = ? AND dimensions_key = ?",
             {fitting->first, type.id, type.dimensions_key}});
    }
    context.report(std::move(finding));
}

/// The group of a type and the columns of its table of tags contradict each other.
void findContradiction(CheckContext const &context, TypeRow const &type, Groups &groups) {
    auto &group = groups[type.dimensions_key];
    if (!group) return;
    if (hasOtherGroup(context, type, *group)) return findWrongGroup(context, type, groups);
    if (tagsTableName(type.dimensions_key) != type.tags_table) return;
    auto const lacking = lackingDimensions(context, type, *group);
    if (!lacking.empty()) findIncomplete(context, type, lacking, group);
}

/// Which of two equal groups goes can be told only when a dataset type has at most one of them.
void findDuplicates(CheckContext const &context, Groups const &groups) {
    std::set<std::int64_t> used;
    for (auto const &type : typeRows(context.db)) used.insert(type.dimensions_key);
    std::map<Names, std::int64_t> first;
    for (auto const &[key, group] : groups) {
        if (!group || key == 0) continue;
        auto const [other, isFirst] = first.emplace(group->names, key);
        if (isFirst) continue;
        bool const bothUsed = used.contains(key) && used.contains(other->second);
        auto const surplus = used.contains(key) ? other->second : key;
        Json where;
        where.set("table", "dimension_graph_key").set("id", surplus);
        Finding finding{"duplicate_dimension_group", where,
                        "dimension groups " + std::to_string(other->second) + " and " + std::to_string(key)
                            + " have the same dimensions: " + common::join(group->required, ", ")};
        if (!bothUsed) {
            finding.mending = {
                {"DELETE FROM dimension_graph_definition WHERE dimension_graph_id = ?1 AND NOT EXISTS "
                 "(SELECT 1 FROM dataset_type WHERE dimensions_key = ?1)",
                 {surplus}},
                {"DELETE FROM dimension_graph_key WHERE id = ?1 AND NOT EXISTS "
                 "(SELECT 1 FROM dataset_type WHERE dimensions_key = ?1)",
                 {surplus}}};
        }
        if (surplus == other->second) other->second = key;
        context.report(std::move(finding));
    }
}

} // namespace

std::vector<std::string> lackingDimensions(CheckContext const &context, TypeRow const &type,
                                           DimensionGroup const &group) {
    auto const columns = dimensionsOf(context, type.tags_table);
    Names out;
    for (auto const &name : columns) {
        if (std::find(group.required.begin(), group.required.end(), name) == group.required.end())
            out.push_back(name);
    }
    return columns.size() == group.required.size() + out.size() ? out : Names();
}

bool hasOtherGroup(CheckContext const &context, TypeRow const &type, DimensionGroup const &group) {
    if (tagsTableName(type.dimensions_key) == type.tags_table) return false;
    auto const columns = dimensionsOf(context, type.tags_table);
    return !columns.empty() && columns != group.required;
}

void findGroupDamage(CheckContext const &context) {
    auto &db = context.db;
    db.prepare("SELECT DISTINCT dimension_graph_id FROM dimension_graph_definition "
               "WHERE dimension_graph_id NOT IN (SELECT id FROM dimension_graph_key) ORDER BY 1")
        ->query({}, [&](Statement const &row) {
            auto const key = row.column(0);
            context.report(
                {"undefined_dimension_group",
                 placeOf("dimension_graph_key", {"id"}, row),
                 "dimension group " + shownValue(key) + " has a definition but no key",
                 {{"INSERT INTO dimension_graph_key (id) VALUES (?) ON CONFLICT DO NOTHING", {key}}}});
        });
    auto groups = definedGroups(context);
    for (auto const &type : typeRows(db)) {
        if (groups.contains(type.dimensions_key)) {
            findContradiction(context, type, groups);
        } else {
            findUndefined(context, type, groups);
        }
    }
    findDuplicates(context, groups);
    db.prepare(
          "SELECT id FROM dimension_graph_key WHERE id <> 0 AND id NOT IN (SELECT dimension_graph_id FROM "
          "dimension_graph_definition) AND id NOT IN (SELECT dimensions_key FROM dataset_type) ORDER BY id")
        ->query({}, [&](Statement const &row) {
            auto const key = row.column(0);
            context.report(
                {"empty_dimension_group",
                 placeOf("dimension_graph_key", {"id"}, row),
                 "dimension group " + shownValue(key) + " has no definition and no dataset type",
                 {{"DELETE FROM dimension_graph_key WHERE id = ? AND id NOT IN (SELECT dimension_graph_id "
                   "FROM "
                   "dimension_graph_definition) AND id NOT IN (SELECT dimensions_key FROM dataset_type)",
                   {key}}}});
        });
    auto const &universe = context.repo->universe();
    db.prepare("SELECT dimension_graph_id, dimension_name FROM dimension_graph_definition ORDER BY 1, 2")
        ->query({}, [&](Statement const &row) {
            auto const *element = universe.find(row.text(1));
            if (element && element->isDimension()) return;
            context.report(
                {"unknown_dimension",
                 placeOf("dimension_graph_definition", {"dimension_graph_id", "dimension_name"}, row),
                 "dimension group " + row.text(0) + " has \"" + row.text(1)
                     + "\", which is no dimension of universe " + std::to_string(universe.version())});
        });
}

void findTypeDamage(CheckContext const &context) {
    for (auto const &type : typeRows(context.db)) {
        auto const &name = type.name;
        if (type.storage_class.empty()) {
            context.report(
                {"bad_value", typePlace(type), "dataset type \"" + name + "\" has no storage class"});
        }
        if (isTypeName(name)) continue;
        context.report({"bad_dataset_type_name", typePlace(type),
                        "\"" + name + "\" can't be the name of a dataset type"
                            + (name.find('.') == std::string::npos ? "" : ": components are never stored")});
    }
}

} // namespace dbb::butler
