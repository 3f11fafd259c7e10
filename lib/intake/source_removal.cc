#include "intake/source_removal.h"

#include "butler/dialect.h"
#include "common/error.h"
#include "common/log.h"
#include "common/text.h"
#include "common/uri.h"

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

void SourceRemoval::learnRecorded(std::vector<std::string> const &files) {
    _recorded.clear();
    if (files.empty()) return;
    std::vector<sql::Value> uris;
    for (auto const &file : files) uris.emplace_back(common::fileUri(file));
    auto const marks = common::join(std::vector<std::string>(uris.size(), "?"), ", ");
    try {
        for (auto const &store : _stores) {
            _repo.db()
                .prepare("SELECT path FROM " + sql::quoteIdentifier(store.table) + " WHERE path IN (" + marks
                         + ")")
                ->query(uris, [&](sql::Statement const &row) { _recorded.insert(row.text(0)); });
        }
    } catch (Error const &e) {
        // The datasets are safe; what nobody could look for stays.
        common::log::warning("sources are not removed: " + e.message());
        for (auto const &file : files) _recorded.insert(common::fileUri(file));
    }
}

/// Whether another dataset has the source for its file: the same data ID in another run, or any that names
/// it. \param others  files of the same data ID
bool SourceRemoval::isNeeded(std::string const &file, Files const &others) const {
    return isOneOf(file, others) || isRecorded(file);
}

bool SourceRemoval::isRecorded(std::string const &file) const {
    if (_recorded.contains(common::fileUri(file))) return true;
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
        auto const &[store, stored] = files.front();
        if (isOneOf(line.file, files)) {
            stays(line.file, "the repository has no copy of its own of it");
        } else if (isNeeded(line.file, datasets.otherFiles(id, dataId))) {
            stays(line.file, "another dataset has this file");
        } else if (!_stores[store].placement.finishMove(line.file, stored)) {
            stays(line.file, "the repository has no copy of its own of it");
        }
    } catch (Error const &e) {
        common::log::warning(e.message());
    }
}

} // namespace dbb::intake
