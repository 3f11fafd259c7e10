// Collections, runs and chains.
#include "butler/check_parts.h"
#include "butler/collections.h"
#include "common/text.h"

#include <algorithm>
#include <map>

namespace dbb::butler {

using common::Json;
using sql::Statement;

namespace {

using Names = std::vector<std::string>;
using Links = std::map<std::int64_t, std::vector<std::int64_t>>; // parent to children

constexpr char const *nameOrId =
    "coalesce((SELECT name FROM collection WHERE collection_id = %), '#' || %)"; // % stands for a column

std::string nameExpression(std::string const &column) {
    std::string out = nameOrId;
    for (auto at = out.find('%'); at != std::string::npos; at = out.find('%')) out.replace(at, 1, column);
    return out;
}

std::string nameOf(sql::Database &db, std::int64_t id) {
    std::string out = "#" + std::to_string(id);
    db.cached("SELECT name FROM collection WHERE collection_id = ?").query({id}, [&](Statement const &row) {
        out = row.text(0);
    });
    return out;
}

void findUnknownTypes(CheckContext const &context) {
    context.db
        .prepare("SELECT collection_id, name, type FROM collection WHERE type NOT IN (1, 2, 3, 4) ORDER BY 1")
        ->query({}, [&](Statement const &row) {
            context.report(
                {"unknown_collection_type", placeOf("collection", {"collection_id", "name"}, row),
                 "collection \"" + row.text(1) + "\" has type " + row.text(2) + ", which is none of 1 to 4"});
        });
}

/// Condition on collection c: it may be a run, as it has datasets of its own or none at all. A collection
/// that has children, or datasets of other runs only, has got a wrong type.
std::string mayBeRun(CheckContext const &context) {
    std::string none;
    for (auto const &table : associationTables(context)) {
        none += " AND NOT EXISTS (SELECT 1 FROM " + sql::quoteIdentifier(table.name)
                + " AS t WHERE t.collection_id = c.collection_id)";
    }
    return "NOT EXISTS (SELECT 1 FROM collection_chain AS m WHERE m.parent = c.collection_id) AND (EXISTS "
           "(SELECT 1 "
           "FROM dataset AS d WHERE d.run_id = c.collection_id) OR (TRUE"
           + none + "))";
}

void findRunDamage(CheckContext const &context) {
    auto const run = mayBeRun(context);
    context.db
        .prepare("SELECT c.collection_id, c.name, " + run
                 + " FROM collection AS c WHERE c.type = 1 AND "
                   "c.collection_id NOT IN (SELECT collection_id FROM run) ORDER BY 1")
        ->query({}, [&](Statement const &row) {
            Finding finding{"run_without_row", placeOf("collection", {"collection_id", "name"}, row),
                            "run \"" + row.text(1) + "\" has no row in table run"};
            if (row.integer(2) != 0) {
                finding.mending.push_back(
                    {"INSERT INTO run (collection_id) SELECT c.collection_id FROM collection "
                     "AS c WHERE c.collection_id = ? AND c.type = 1 AND "
                         + run + " ON CONFLICT DO NOTHING",
                     {row.column(0)}});
            } else {
                finding.message += ", and what is in it is none of a run";
            }
            context.report(std::move(finding));
        });
    context.db
        .prepare("SELECT r.collection_id, c.name, c.type, EXISTS (SELECT 1 FROM dataset AS d "
                 "WHERE d.run_id = r.collection_id) FROM run AS r JOIN collection AS c "
                 "ON c.collection_id = r.collection_id WHERE c.type <> 1 ORDER BY 1")
        ->query({}, [&](Statement const &row) {
            auto const type = static_cast<CollectionType>(row.integer(2));
            Finding finding{"run_of_other_type", placeOf("run", {"collection_id", "name"}, row),
                            "table run has collection \"" + row.text(1) + "\", which is "
                                + std::string(butler::nameOf(type))};
            if (row.integer(3) == 0) {
                finding.mending.push_back({"DELETE FROM run WHERE collection_id = ? AND NOT EXISTS "
                                           "(SELECT 1 FROM dataset WHERE run_id = run.collection_id)",
                                           {row.column(0)}});
            } else {
                finding.message += "; datasets are in it";
            }
            context.report(std::move(finding));
        });
}

void findLinkDamage(CheckContext const &context) {
    context.db
        .prepare("SELECT m.parent, m.\"position\", m.child, " + nameExpression("m.parent") + ", "
                 + nameExpression("m.child")
                 + " FROM collection_chain AS m WHERE EXISTS (SELECT 1 FROM collection_chain AS o "
                   "WHERE o.parent = m.parent AND o.child = m.child AND o.\"position\" < m.\"position\") "
                   "ORDER BY 1, 2")
        ->query({}, [&](Statement const &row) {
            context.report(
                {"chain_duplicate_child",
                 placeOf("collection_chain", {"parent", "position", "child"}, row),
                 "chain \"" + row.text(3) + "\" has \"" + row.text(4) + "\" more than once",
                 {{"DELETE FROM collection_chain AS m WHERE m.parent = ? AND m.\"position\" = ? AND "
                   "EXISTS (SELECT 1 FROM collection_chain AS o WHERE o.parent = m.parent AND "
                   "o.child = m.child AND o.\"position\" < m.\"position\")",
                   {row.column(0), row.column(1)}}}});
        });
    context.db
        .prepare("SELECT DISTINCT m.parent, c.name, c.type FROM collection_chain AS m JOIN collection AS c "
                 "ON c.collection_id = m.parent WHERE c.type <> 3 ORDER BY 1")
        ->query({}, [&](Statement const &row) {
            auto const type = static_cast<CollectionType>(row.integer(2));
            context.report({"chain_of_other_type", placeOf("collection_chain", {"parent", "name"}, row),
                            "collection \"" + row.text(1) + "\" has children, but is "
                                + std::string(butler::nameOf(type))});
        });
}

Links readLinks(sql::Database &db) {
    Links out;
    db.cached("SELECT parent, child FROM collection_chain ORDER BY parent, \"position\"")
        .query({}, [&](Statement const &row) { out[row.integer(0)].push_back(row.integer(1)); });
    return out;
}

/// Take away chains whose children are all no chains of the rest, until only circles and what leads to them
/// is left.
void prune(Links &links) {
    for (bool progress = true; progress;) {
        progress =
            std::erase_if(links,
                          [&](auto const &entry) {
                              return std::none_of(entry.second.begin(), entry.second.end(),
                                                  [&](std::int64_t child) { return links.contains(child); });
                          })
            > 0;
    }
}

void reportCircle(CheckContext const &context, std::vector<std::int64_t> const &circle) {
    Names names;
    for (auto const id : circle) names.push_back(nameOf(context.db, id));
    names.push_back(names.front());
    Json where;
    where.set("table", "collection_chain").set("parent", circle.back()).set("child", circle.front());
    context.report(
        {"chain_cycle", where, "chains contain each other: \"" + common::join(names, "\" > \"") + "\""});
}

} // namespace

void findCollectionDamage(CheckContext const &context) {
    findUnknownTypes(context);
    findRunDamage(context);
}

void findChainDamage(CheckContext const &context) {
    findLinkDamage(context);
    auto links = readLinks(context.db);
    prune(links);
    while (!links.empty()) {
        // Every chain that is left has a child that is left: going down must come back.
        std::vector<std::int64_t> path{links.begin()->first};
        for (;;) {
            auto const &children = links.at(path.back());
            auto const next = *std::find_if(children.begin(), children.end(),
                                            [&](std::int64_t child) { return links.contains(child); });
            auto const again = std::find(path.begin(), path.end(), next);
            if (again != path.end()) {
                reportCircle(context, {again, path.end()});
                // Without the link that closes the circle, other circles can be found.
                std::erase(links.at(path.back()), next);
                break;
            }
            path.push_back(next);
        }
        prune(links);
    }
}

} // namespace dbb::butler
