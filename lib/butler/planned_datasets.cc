#include "butler/planned_datasets.h"

#include <utility>

namespace dbb::butler {

using sql::Statement;

namespace {

std::int64_t number(std::size_t datastore) {
    return static_cast<std::int64_t>(datastore);
}

} // namespace

PlannedDatasets::PlannedDatasets(sql::Database &db) : _db(db) {
    db.execute("CREATE TABLE dataset (id TEXT, datastore INTEGER, path TEXT, source TEXT, leads INTEGER, "
               "size_bytes INTEGER, PRIMARY KEY (id, datastore)) WITHOUT ROWID;"
               "CREATE TABLE file (datastore INTEGER, path TEXT, source TEXT, is_link INTEGER, "
               "PRIMARY KEY (datastore, path)) WITHOUT ROWID;"
               "CREATE TABLE moved (source TEXT PRIMARY KEY) WITHOUT ROWID");
}

void PlannedDatasets::add(common::Uuid const &id, PlannedDataset const &dataset) {
    auto &insert = _db.cached("INSERT INTO dataset VALUES (?, ?, ?, ?, ?, ?)");
    for (auto const &[datastore, path] : dataset.files) {
        insert.run({id.hex(), number(datastore), path, dataset.source, std::int64_t{dataset.leads_to_source},
                    dataset.size_bytes});
    }
}

std::optional<PlannedDataset> PlannedDatasets::find(common::Uuid const &id) const {
    std::optional<PlannedDataset> out;
    _db.cached(
           "SELECT datastore, path, source, leads, size_bytes FROM dataset WHERE id = ? ORDER BY datastore")
        .query({id.hex()}, [&](Statement const &row) {
            if (!out) {
                out = {.source = row.text(2),
                       .leads_to_source = row.integer(3) != 0,
                       .size_bytes = row.integer(4),
                       .files = {}};
            }
            out->files.emplace_back(row.integer(0), row.text(1));
        });
    return out;
}

bool PlannedDatasets::isRecorded(std::size_t datastore, std::string const &path) const {
    // Most plans never ask, and without it rows are added faster.
    if (!std::exchange(_hasPathIndex, true))
        _db.execute("CREATE INDEX IF NOT EXISTS dataset_path ON dataset (path)");
    return _db.cached("SELECT 1 FROM dataset WHERE path = ? AND datastore = ?")
        .hasRow({path, number(datastore)});
}

void PlannedDatasets::addFile(std::size_t datastore, std::string const &path, PlannedFile const &file) {
    _db.cached("INSERT OR IGNORE INTO file VALUES (?, ?, ?, ?)")
        .run({number(datastore), path, file.source, std::int64_t{file.is_link}});
}

void PlannedDatasets::eraseFile(std::size_t datastore, std::string const &path) {
    if (isRecorded(datastore, path)) return;
    _db.cached("DELETE FROM file WHERE datastore = ? AND path = ?").run({number(datastore), path});
}

std::optional<PlannedFile> PlannedDatasets::fileAt(std::size_t datastore, std::string const &path) const {
    std::optional<PlannedFile> out;
    _db.cached("SELECT source, is_link FROM file WHERE datastore = ? AND path = ?")
        .query({number(datastore), path},
               [&](Statement const &row) { out = {.source = row.text(0), .is_link = row.integer(1) != 0}; });
    return out;
}

void PlannedDatasets::addMoved(std::string const &source) {
    _db.cached("INSERT OR IGNORE INTO moved VALUES (?)").run({source});
    _anyMoved = true;
}

bool PlannedDatasets::isMoved(std::string const &source) const {
    return _anyMoved && _db.cached("SELECT 1 FROM moved WHERE source = ?").hasRow({source});
}

} // namespace dbb::butler
