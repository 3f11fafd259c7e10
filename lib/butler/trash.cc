#include "butler/trash.h"

#include "butler/stored_path.h"
#include "common/error.h"
#include "common/file.h"
#include "common/uri.h"

#include <unistd.h>

namespace dbb::butler {

using common::Error;
using sql::quoteIdentifier;
using sql::Statement;

namespace {

using Fate = RemovedFile::Fate;

std::vector<std::string> pathsOf(Repository const &repo, std::string const &id) {
    std::vector<std::string> out;
    repo.db()
        .cached("SELECT path FROM " + quoteIdentifier(repo.config().records_table)
                + " WHERE dataset_id = ? ORDER BY component")
        .query({id}, [&](Statement const &row) { out.push_back(row.text(0)); });
    return out;
}

/// Whether a dataset that is not being removed has this file, under this path or as a member of it.
bool isNamedByOther(Repository const &repo, std::string const &artifact,
                    std::set<std::string> const &leaving) {
    bool found = false;
    // Members of a file are recorded as path#zip-path=…; '$' is what follows '#'.
    repo.db()
        .cached("SELECT DISTINCT r.dataset_id FROM " + quoteIdentifier(repo.config().records_table)
                + " AS r WHERE (r.path = ? OR (r.path > ? AND r.path < ?)) AND (EXISTS (SELECT 1 FROM "
                  "dataset_location AS l WHERE l.dataset_id = r.dataset_id) OR NOT EXISTS (SELECT 1 FROM "
                  "dataset_location_trash AS t WHERE t.dataset_id = r.dataset_id))")
        .query({artifact, artifact + "#", artifact + "$"},
               [&](Statement const &row) { found = found || !leaving.contains(row.text(0)); });
    return found;
}

} // namespace

std::string_view nameOf(Fate fate) {
    switch (fate) {
    case Fate::Deleted: return "deleted";
    case Fate::Missing: return "missing";
    case Fate::InUse: return "in_use";
    case Fate::Outside: return "outside";
    case Fate::Kept: return "kept";
    }
    return "";
}

void moveToTrash(Repository const &repo, std::string const &id) {
    auto &db = repo.db();
    // A file whose location is lost must not stay behind without any row that leads to it.
    db.cached("INSERT INTO dataset_location_trash (dataset_id, datastore_name) SELECT dataset_id, "
              "datastore_name FROM "
              "dataset_location WHERE dataset_id = ? UNION SELECT dataset_id, ? FROM "
              + quoteIdentifier(repo.config().records_table) + " WHERE dataset_id = ? ON CONFLICT DO NOTHING")
        .run({id, repo.config().datastore_name, id});
    db.cached("DELETE FROM dataset_location WHERE dataset_id = ?").run({id});
    // Rows in tables of tags and calibrations go with it, by their foreign keys.
    db.cached("DELETE FROM dataset WHERE id = ?").run({id});
}

std::vector<RemovedFile> forgetDataset(Repository const &repo, std::string const &id) {
    std::vector<RemovedFile> out;
    for (auto const &path : pathsOf(repo, id))
        out.push_back({path, isUri(path) ? Fate::Outside : Fate::Kept});
    auto &db = repo.db();
    db.cached("DELETE FROM " + quoteIdentifier(repo.config().records_table) + " WHERE dataset_id = ?")
        .run({id});
    db.cached("DELETE FROM dataset_location WHERE dataset_id = ?").run({id});
    db.cached("DELETE FROM dataset_location_trash WHERE dataset_id = ?").run({id});
    db.cached("DELETE FROM dataset WHERE id = ?").run({id});
    return out;
}

/// Deleted stands for what can be deleted.
Fate Trash::fateOf(std::string const &path, std::set<std::string> const &leaving) {
    if (isUri(path)) return Fate::Outside;
    auto const artifact = artifactOf(path);
    // A file of the datastore may have been recorded by its URI as well.
    auto const file = localFile(_repo.config().datastore_root, path);
    if (isNamedByOther(_repo, artifact, leaving) || isNamedByOther(_repo, common::fileUri(file), leaving)) {
        return Fate::InUse;
    }
    return Fate::Deleted;
}

std::vector<RemovedFile> Trash::plan(std::string const &id, std::set<std::string> const &leaving) {
    std::vector<RemovedFile> out;
    for (auto const &path : pathsOf(_repo, id)) {
        auto fate = fateOf(path, leaving);
        auto const file = localFile(_repo.config().datastore_root, path);
        if (fate == Fate::Deleted && ::access(file.c_str(), F_OK) != 0) fate = Fate::Missing;
        out.push_back({path, fate});
    }
    return out;
}

bool Trash::isWaiting(std::string const &id) {
    bool waiting = false;
    _repo.db()
        .cached("SELECT 1 FROM dataset_location_trash AS t WHERE t.datastore_name = ? AND t.dataset_id = ? "
                "AND NOT "
                "EXISTS (SELECT 1 FROM dataset_location AS l WHERE l.dataset_id = t.dataset_id)")
        .query({_repo.config().datastore_name, id}, [&](Statement const &) { waiting = true; });
    return waiting;
}

std::vector<RemovedFile> Trash::finish(std::string const &id) {
    if (!isWaiting(id)) return {};
    std::vector<RemovedFile> out;
    for (auto const &path : pathsOf(_repo, id)) {
        auto fate = fateOf(path, {id});
        if (fate == Fate::Deleted) {
            if (!_root) _root.emplace(_repo.config().datastore_root);
            if (!_root->remove(artifactOf(path))) fate = Fate::Missing;
        }
        out.push_back({path, fate});
    }
    _repo.db()
        .cached("DELETE FROM " + quoteIdentifier(_repo.config().records_table) + " WHERE dataset_id = ?")
        .run({id});
    _repo.db()
        .cached("DELETE FROM dataset_location_trash WHERE datastore_name = ? AND dataset_id = ?")
        .run({_repo.config().datastore_name, id});
    return out;
}

void Trash::sync() {
    if (_root) _root->sync();
}

} // namespace dbb::butler
