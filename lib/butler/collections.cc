#include "butler/collections.h"

#include "butler/where.h"
#include "common/error.h"
#include "common/json.h"
#include "common/text.h"

#include <algorithm>
#include <map>
#include <set>

namespace dbb::butler {

using common::Error;
using common::ExitCode;
using sql::Statement;

namespace {

Collection collectionOf(Statement const &row) {
    Collection out;
    out.id = row.integer(0);
    out.name = row.text(1);
    out.type = static_cast<CollectionType>(row.integer(2));
    out.doc = row.text(3);
    return out;
}

void addChildren(sql::Database &db, Collection &chain) {
    db.cached("SELECT c.name FROM collection_chain AS m JOIN collection AS c ON c.collection_id = m.child "
              "WHERE m.parent = ? ORDER BY m.\"position\"")
        .query({chain.id}, [&](Statement const &row) { chain.children.push_back(row.text(0)); });
}

/// The groups that dimension_graph_definition has, by key; the empty group has key 0 and no rows.
std::map<std::int64_t, DimensionGroup> knownGroups(Repository const &repo) {
    std::map<std::int64_t, std::vector<std::string>> names;
    repo.db()
        .cached("SELECT dimension_graph_id, dimension_name FROM dimension_graph_definition")
        .query({}, [&](Statement const &row) { names[row.integer(0)].push_back(row.text(1)); });
    std::map<std::int64_t, DimensionGroup> out;
    out[0] = {};
    for (auto const &[key, dimensions] : names) {
        try {
            out[key] = repo.universe().group(dimensions);
        } catch (Error const &e) {
            throw Error("REPO_DAMAGED",
                        "group " + std::to_string(key)
                            + " of table dimension_graph_definition: " + e.message(),
                        ExitCode::Damaged);
        }
    }
    return out;
}

constexpr char const *typeColumns =
    "SELECT id, name, storage_class, dimensions_key, tag_association_table, calibration_association_table "
    "FROM "
    "(SELECT *, calibration_association_table IS NOT NULL AS calibration FROM dataset_type) AS t";

std::string whereClause(Condition const &condition) {
    return condition.sql.empty() ? std::string() : " WHERE " + condition.sql;
}

/// The dataset types that a query gives. Their groups are read after them: another program that registers one
/// writes the group first, and a server shows each statement what is committed by then.
std::vector<DatasetType> typesOf(Repository const &repo, std::string const &query,
                                 std::vector<sql::Value> const &values) {
    std::vector<DatasetType> out;
    repo.db().cached(query).query(values, [&](Statement const &row) {
        DatasetType type;
        type.id = row.integer(0);
        type.name = row.text(1);
        type.storage_class = row.text(2);
        type.dimensions_key = row.integer(3);
        type.tags_table = row.text(4);
        type.calibs_table = row.text(5);
        out.push_back(std::move(type));
    });
    if (out.empty()) return out;
    auto const groups = knownGroups(repo);
    for (auto &type : out) {
        auto const group = groups.find(type.dimensions_key);
        if (group == groups.end()) {
            throw Error("REPO_DAMAGED",
                        "dataset type \"" + type.name + "\" has dimensions key "
                            + std::to_string(type.dimensions_key) + ", which is not defined",
                        ExitCode::Damaged);
        }
        type.dimensions = group->second;
    }
    return out;
}

std::string listed(std::vector<std::string> const &names) {
    std::string out;
    for (auto const &name : names) out += (out.empty() ? "" : ", ") + name;
    return "{" + out + "}";
}

std::string described(std::vector<std::string> const &required, std::string const &storageClass,
                      bool calibration) {
    return "dimensions " + listed(required) + ", storage class " + storageClass
           + (calibration ? ", calibration" : "");
}

std::set<std::string> columnsOf(sql::Database &db, std::string const &table) {
    std::set<std::string> out;
    auto const statement = db.prepare("SELECT * FROM " + sql::quoteIdentifier(table) + " LIMIT 0");
    statement->step();
    for (int i = 0; i < statement->columnCount(); ++i) out.insert(statement->columnName(i));
    return out;
}

/// Whether the table of tags has the columns of a group.
bool hasTagsOf(sql::Database &db, DatasetType const &type, DimensionGroup const &group) {
    std::set<std::string> columns{"dataset_type_id", "dataset_id", "collection_id"};
    columns.insert(group.required.begin(), group.required.end());
    return db.hasTable(type.tags_table) && columnsOf(db, type.tags_table) == columns;
}

/// A type whose table tells that its dimensions are wrong is damaged, not another one.
void requireUndamaged(Repository const &repo, DatasetType const &found, DimensionGroup const &group) {
    if (found.dimensions.names == group.names || !hasTagsOf(repo.db(), found, group)) return;
    throw repo.damaged("dataset type \"" + found.name + "\" has dimensions "
                       + listed(found.dimensions.required) + ", but its table " + found.tags_table
                       + " has columns for " + listed(group.required));
}

std::optional<std::int64_t> findKeyOfGroup(Repository const &repo, DimensionGroup const &group) {
    for (auto const &[key, known] : knownGroups(repo)) {
        if (known.names == group.names) return key;
    }
    return std::nullopt;
}

std::int64_t keyOfGroup(Repository const &repo, DimensionGroup const &group) {
    auto &db = repo.db();
    if (auto const key = findKeyOfGroup(repo, group)) return *key;
    if (db.dialect() == sql::Dialect::Postgres) {
        // No constraint keeps a group from having two keys, so that Python's writers take this lock, too.
        db.execute("LOCK TABLE dimension_graph_key, dimension_graph_definition IN EXCLUSIVE MODE");
        if (auto const key = findKeyOfGroup(repo, group)) return *key;
    }
    std::int64_t key = 0;
    db.cached("INSERT INTO dimension_graph_key (id) VALUES (?) RETURNING id")
        .query({db.nextKey("dimension_graph_key_seq_id")},
               [&](Statement const &row) { key = row.integer(0); });
    auto &insert = db.cached(
        "INSERT INTO dimension_graph_definition (dimension_graph_id, dimension_name) VALUES (?, ?)");
    for (auto const &name : group.required) insert.run({key, name});
    return key;
}

/// Create an association table; one that is there already must have the columns that the Butler expects.
void ensureTable(sql::Database &db, std::string const &name, std::vector<std::string> const &statements,
                 std::set<std::string> const &columns) {
    if (!db.hasTable(name)) {
        for (auto const &statement : statements) db.execute(statement);
    } else if (columnsOf(db, name) != columns) {
        throw Error("REPO_DAMAGED", "table " + name + " has other columns than its dimensions ask for",
                    ExitCode::Damaged);
    }
}

void ensureTables(Repository const &repo, DimensionGroup const &group, std::int64_t key, bool calibration) {
    auto &db = repo.db();
    std::set<std::string> columns{"dataset_type_id", "dataset_id", "collection_id"};
    columns.insert(group.required.begin(), group.required.end());
    ensureTable(db, tagsTableName(key), tagsTable(repo.universe(), group, key, db.dialect()), columns);
    if (!calibration) return;
    auto const all = databaseColumns(calibsTableSpec(repo.universe(), group, key), db.dialect());
    columns.insert(all.begin(), all.end());
    ensureTable(db, calibsTableName(key), calibsTable(repo.universe(), group, key, db.dialect()), columns);
}

} // namespace

std::string_view nameOf(CollectionType type) {
    switch (type) {
    case CollectionType::Run: return "RUN";
    case CollectionType::Tagged: return "TAGGED";
    case CollectionType::Chained: return "CHAINED";
    case CollectionType::Calibration: return "CALIBRATION";
    }
    return "UNKNOWN";
}

void requireType(std::string const &name, CollectionType found, CollectionType wanted) {
    if (found == wanted) return;
    bool const isRun = wanted == CollectionType::Run;
    auto const kind = std::string(nameOf(found));
    throw Error(isRun ? "RUN_CONFLICT" : "COLLECTION_CONFLICT",
                "collection \"" + name + "\" is a " + kind + " collection, so no "
                    + (isRun ? std::string("run") : std::string(nameOf(wanted)) + " collection")
                    + " of that name can be made")
        .cause({.value = kind, .expected = std::string(nameOf(wanted))});
}

std::vector<Collection> listCollections(Repository const &repo, std::string const &where) {
    std::vector<Collection> out;
    auto const condition = parseWhere(where, {"name", "type", "doc"});
    // People know collection types by their names.
    repo.db()
        .cached("SELECT collection_id, name, code, doc FROM (SELECT collection_id, name, type AS code, doc, "
                "CASE type WHEN 1 THEN 'RUN' WHEN 2 THEN 'TAGGED' WHEN 3 THEN 'CHAINED' WHEN 4 THEN "
                "'CALIBRATION' "
                "END AS type FROM collection) AS c"
                + whereClause(condition) + " ORDER BY name")
        .query(condition.values, [&](Statement const &row) { out.push_back(collectionOf(row)); });
    for (auto &collection : out) {
        if (collection.type == CollectionType::Chained) addChildren(repo.db(), collection);
    }
    return out;
}

std::optional<Collection> findCollection(Repository const &repo, std::string const &name) {
    std::optional<Collection> out;
    repo.db()
        .cached("SELECT collection_id, name, type, doc FROM collection WHERE name = ?")
        .query({name}, [&](Statement const &row) { out = collectionOf(row); });
    if (out && out->type == CollectionType::Chained) addChildren(repo.db(), *out);
    return out;
}

namespace {

/// \param what  the kind of collection
Error badName(std::string const &name, std::string const &what, std::string const &reason) {
    return Error("BAD_VALUE",
                 "\"" + common::printable(name) + "\" can't be the name of a " + what + ": " + reason)
        .cause({.column = what, .value = name, .expected = "names joined by slashes"});
}

void checkName(std::string const &name, std::string const &what) {
    if (name.empty()) throw badName(name, what, "it is empty");
    if (!common::isUtf8(name)) throw badName(name, what, "it is no UTF-8");
    if (common::printable(name) != name) throw badName(name, what, "it has a control character");
}

} // namespace

void checkCollectionName(std::string const &name) {
    checkName(name, "collection");
}

void checkRunName(std::string const &name) {
    checkName(name, "run");
    if (name.front() == '/') throw badName(name, "run", "it begins with a slash");
    for (auto const &part : common::split(name, '/')) {
        if (part == "." || part == "..") throw badName(name, "run", "a part of it is \"" + part + "\"");
    }
}

void checkAskableRunName(std::string const &name) {
    checkRunName(name);
    auto const parts = common::split(name, '/');
    if (std::ranges::find(parts, "") != parts.end())
        throw badName(name, "run", "it has an empty part between its slashes");
    auto const at = name.find_first_of("*?[], ");
    if (at != std::string::npos)
        throw badName(name, "run",
                      "the Butler can't be asked for one with \"" + name.substr(at, 1) + "\" in it");
}

bool isTypeName(std::string const &name) {
    auto const letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    auto const digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && letter(name[0])
           && std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

std::optional<std::int64_t> findCollectionId(Repository const &repo, std::string const &name,
                                             CollectionType type) {
    std::optional<std::int64_t> out;
    repo.db()
        .cached("SELECT c.collection_id, c.type, r.collection_id FROM collection AS c "
                "LEFT JOIN run AS r ON r.collection_id = c.collection_id WHERE c.name = ?")
        .query({name}, [&](Statement const &row) {
            requireType(name, static_cast<CollectionType>(row.integer(1)), type);
            if (type == CollectionType::Run && row.isNull(2)) {
                throw repo.damaged("collection \"" + name + "\" is a run, but has no row in run");
            }
            out = row.integer(0);
        });
    return out;
}

std::optional<std::int64_t> findRun(Repository const &repo, std::string const &name) {
    return findCollectionId(repo, name, CollectionType::Run);
}

std::int64_t registerCollection(Repository const &repo, std::string const &name, CollectionType type) {
    if (auto const found = findCollectionId(repo, name, type)) return *found;
    type == CollectionType::Run ? checkRunName(name) : checkCollectionName(name);
    auto &db = repo.db();
    auto const made =
        db.cached(
              "INSERT INTO collection (collection_id, name, type) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .run({db.nextKey("collection_seq_collection_id"), name, static_cast<std::int64_t>(type)});
    // Another program has been faster.
    if (made == 0) return findCollectionId(repo, name, type).value();
    auto const id = findCollection(repo, name).value().id;
    if (type == CollectionType::Run) db.cached("INSERT INTO run (collection_id) VALUES (?)").run({id});
    return id;
}

std::int64_t registerRun(Repository const &repo, std::string const &name) {
    return registerCollection(repo, name, CollectionType::Run);
}

void requireSame(DatasetType const &found, DimensionGroup const &group, std::string const &storageClass,
                 bool calibration) {
    bool const same = found.dimensions.names == group.names && found.storage_class == storageClass
                      && found.isCalibration() == calibration;
    if (same) return;
    auto const stored = described(found.dimensions.required, found.storage_class, found.isCalibration());
    auto const wanted = described(group.required, storageClass, calibration);
    throw Error("DATASET_TYPE_CONFLICT",
                "dataset type \"" + found.name + "\" is registered with " + stored + ", not with " + wanted)
        .cause({.value = wanted, .expected = stored});
}

std::vector<DatasetType> listDatasetTypes(Repository const &repo, std::string const &where) {
    auto const condition = parseWhere(where, {"name", "storage_class", "calibration"});
    return typesOf(repo, std::string(typeColumns) + whereClause(condition) + " ORDER BY name",
                   condition.values);
}

std::optional<DatasetType> findDatasetType(Repository const &repo, std::string const &name) {
    auto found = typesOf(repo, std::string(typeColumns) + " WHERE name = ?", {name});
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}

std::optional<DatasetType> findDatasetType(Repository const &repo, std::string const &name,
                                           std::vector<std::string> const &dimensions,
                                           std::string const &storageClass, bool calibration) {
    if (!isTypeName(name)) {
        throw Error("BAD_VALUE", "\"" + name + "\" can't be the name of a dataset type")
            .hint("a letter or underscore, then letters, digits and underscores")
            .cause({.column = "dataset_type", .value = name});
    }
    auto found = findDatasetType(repo, name);
    if (!found) return found;
    auto const group = repo.universe().group(dimensions);
    requireUndamaged(repo, *found, group);
    requireSame(*found, group, storageClass, calibration);
    return found;
}

DatasetType ensureDatasetType(Repository const &repo, std::string const &name,
                              std::vector<std::string> const &dimensions, std::string const &storageClass,
                              bool calibration) {
    if (auto found = findDatasetType(repo, name, dimensions, storageClass, calibration)) return *found;
    auto const group = repo.universe().group(dimensions);
    auto const key = keyOfGroup(repo, group);
    ensureTables(repo, group, key, calibration);
    sql::Value calibs;
    if (calibration) calibs = calibsTableName(key);
    repo.db()
        .cached("INSERT INTO dataset_type (id, name, storage_class, dimensions_key, tag_association_table, "
                "calibration_association_table) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
        .run({repo.db().nextKey("dataset_type_seq_id"), name, storageClass, key, tagsTableName(key), calibs});
    // Its own row, or that of a program that has been faster.
    return findDatasetType(repo, name, dimensions, storageClass, calibration).value();
}

DatasetType registerDatasetType(Repository const &repo, std::string const &name,
                                std::vector<std::string> const &dimensions, std::string const &storageClass,
                                bool calibration) {
    // Without the lock of writers as long as there is nothing to write.
    if (auto found = findDatasetType(repo, name, dimensions, storageClass, calibration)) return *found;
    std::optional<DatasetType> out;
    sql::repeating([&] {
        sql::Transaction transaction(repo.db());
        out = ensureDatasetType(repo, name, dimensions, storageClass, calibration);
        transaction.commit();
    });
    return *out;
}

} // namespace dbb::butler
