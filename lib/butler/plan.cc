#include "butler/plan.h"

#include "common/text.h"

namespace dbb::butler {

using sql::Statement;

Plan::Plan(Repository const &repo)
    : _db(sql::openSqlite("", sql::OpenMode::Create)), records(repo.universe(), *_db), validity(*_db),
      datasets(*_db), _repo(repo) {
    _db->execute("CREATE TABLE dataset_type (name TEXT PRIMARY KEY, dimensions TEXT, storage_class TEXT, "
                 "calibration INTEGER) WITHOUT ROWID;"
                 "CREATE TABLE collection (name TEXT PRIMARY KEY, type INTEGER) WITHOUT ROWID");
}

bool Plan::hasDatasetType(DatasetType const &wanted, bool calibration) const {
    std::optional<DatasetType> found;
    _db->cached("SELECT dimensions, storage_class, calibration FROM dataset_type WHERE name = ?")
        .query({wanted.name}, [&](Statement const &row) {
            found.emplace();
            found->name = wanted.name;
            // The empty group has no dimensions to be split.
            if (!row.text(0).empty())
                found->dimensions = _repo.universe().group(common::split(row.text(0), ','));
            found->storage_class = row.text(1);
            if (row.integer(2) != 0) found->calibs_table = "planned";
        });
    if (found) requireSame(*found, wanted.dimensions, wanted.storage_class, calibration);
    return found.has_value();
}

void Plan::addDatasetType(DatasetType const &type, bool calibration) {
    if (hasDatasetType(type, calibration)) return;
    _db->cached("INSERT INTO dataset_type VALUES (?, ?, ?, ?)")
        .run({type.name, common::join(type.dimensions.names, ","), type.storage_class,
              std::int64_t{calibration}});
}

bool Plan::hasCollection(std::string const &name, CollectionType type) const {
    std::optional<CollectionType> found;
    _db->cached("SELECT type FROM collection WHERE name = ?").query({name}, [&](Statement const &row) {
        found = static_cast<CollectionType>(row.integer(0));
    });
    if (found) requireType(name, *found, type);
    return found.has_value();
}

void Plan::addCollection(std::string const &name, CollectionType type) {
    if (hasCollection(name, type)) return;
    if (type == CollectionType::Run) {
        checkRunName(name);
    } else {
        checkCollectionName(name);
    }
    _db->cached("INSERT INTO collection VALUES (?, ?)").run({name, static_cast<std::int64_t>(type)});
}

PlannedCollections Plan::collections() const {
    PlannedCollections out;
    _db->cached("SELECT name, type FROM collection").query({}, [&](Statement const &row) {
        Collection collection;
        collection.name = row.text(0);
        collection.type = static_cast<CollectionType>(row.integer(1));
        out[collection.name] = collection;
    });
    return out;
}

} // namespace dbb::butler
