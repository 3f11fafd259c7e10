#include "intake/source_removal.h"

#include "butler/dialect.h"
#include "common/error.h"
#include "common/log.h"

#include <algorithm>

namespace dbb::intake {

using common::Error;

namespace {

/// Ask the records of a file. \param what  is selected
sql::Statement &recordsOfFile(butler::Repository const &repo, Store const &store, std::string const &what) {
    auto &db = repo.db();
    return db.cached("SELECT " + what + " FROM " + sql::quoteIdentifier(store.table) + " WHERE "
                     + butler::isOfFile("path", db.dialect()));
}

void stays(std::string const &file, std::string const &why) {
    common::log::warning("\"" + file + "\" stays: " + why);
}

} // namespace

bool isNamedByRow(butler::Repository const &repo, Store const &store, std::string const &stored) {
    return recordsOfFile(repo, store, "1").hasRow(butler::pathsOfFile(stored));
}

bool SourceRemoval::isOneOf(std::string const &file, Files const &files) const {
    return std::any_of(files.begin(), files.end(), [&](auto const &stored) {
        return _stores[stored.first].placement.isStoredAs(file, stored.second);
    });
}

/// Whether another dataset has the source for its file: the same data ID in another run, or, below the root,
/// any. \param others  files of the same data ID
bool SourceRemoval::isNeeded(std::string const &file, Files const &others) const {
    if (isOneOf(file, others)) return true;
    return std::any_of(_stores.begin(), _stores.end(), [&](Store const &store) {
        auto const below = store.placement.pathBelowRoot(file);
        return below && isNamedByRow(_repo, store, *below);
    });
}

/// Whether all members of a zip file are stored from the repository's copy. What is rejected must be found
/// when it is tried again.
bool SourceRemoval::isComplete(DatasetLine const &line, Files const &files) const {
    std::int64_t there = 0;
    auto const &[store, stored] = files.front();
    recordsOfFile(_repo, _stores[store], "COUNT(DISTINCT path)")
        .query(butler::pathsOfFile(stored), [&](sql::Statement const &row) { there = row.integer(0); });
    auto const members = line.zip->members;
    if (there >= members) return true;
    stays(line.file, "of its " + std::to_string(members) + " members the repository has "
                         + std::to_string(there) + " from its own copy of it");
    return false;
}

void SourceRemoval::settle(DatasetLine const &line, Files const &files, butler::Datasets &datasets,
                           common::Uuid const &id, butler::DataId const &dataId) {
    if (line.zip && (!_settledZips.insert(line.file).second || !isComplete(line, files))) return;
    try {
        if (isNeeded(line.file, datasets.otherFiles(id, dataId))) {
            stays(line.file, "another dataset has this file");
        } else if (isOneOf(line.file, files)
                   || !_stores[files.front().first].placement.finishMove(line.file, files.front().second)) {
            stays(line.file, "the repository has no copy of its own of it");
        }
    } catch (Error const &e) {
        common::log::warning(e.message());
    }
}

} // namespace dbb::intake
