#include "butler/planned_datasets.h"

namespace dbb::butler {

using sql::Statement;

PlannedDatasets::PlannedDatasets(sql::Database &db) : _db(db) {
    db.execute(
        "CREATE TABLE dataset (id TEXT, datastore INTEGER, path TEXT, source TEXT, size_bytes INTEGER, "
        "PRIMARY KEY (id, datastore)) WITHOUT ROWID;"
        "CREATE TABLE file (datastore INTEGER, path TEXT, source TEXT, PRIMARY KEY (datastore, path)) "
        "WITHOUT ROWID");
}

void PlannedDatasets::add(common::Uuid const &id, PlannedDataset const &dataset) {
    auto &insert = _db.cached("INSERT INTO dataset VALUES (?, ?, ?, ?, ?)");
    for (auto const &[datastore, path] : dataset.files)
        insert.run(
            {id.hex(), static_cast<std::int64_t>(datastore), path, dataset.source, dataset.size_bytes});
}

std::optional<PlannedDataset> PlannedDatasets::find(common::Uuid const &id) const {
    std::optional<PlannedDataset> out;
    _db.cached("SELECT datastore, path, source, size_bytes FROM dataset WHERE id = ? ORDER BY datastore")
        .query({id.hex()}, [&](Statement const &row) {
            if (!out) out = {.source = row.text(2), .size_bytes = row.integer(3), .files = {}};
            out->files.emplace_back(row.integer(0), row.text(1));
        });
    return out;
}

void PlannedDatasets::addFile(std::size_t datastore, std::string const &path, std::string const &source) {
    _db.cached("INSERT OR IGNORE INTO file VALUES (?, ?, ?)")
        .run({static_cast<std::int64_t>(datastore), path, source});
}

void PlannedDatasets::eraseFile(std::size_t datastore, std::string const &path) {
    _db.cached("DELETE FROM file WHERE datastore = ? AND path = ?")
        .run({static_cast<std::int64_t>(datastore), path});
}

std::string PlannedDatasets::sourceOf(std::size_t datastore, std::string const &path) const {
    std::string out;
    _db.cached("SELECT source FROM file WHERE datastore = ? AND path = ?")
        .query({static_cast<std::int64_t>(datastore), path},
               [&](Statement const &row) { out = row.text(0); });
    return out;
}

} // namespace dbb::butler
