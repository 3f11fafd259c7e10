#include "butler/trash.h"

#include "butler/dialect.h"
#include "butler/stored_path.h"
#include "common/error.h"
#include "common/file.h"

#include <algorithm>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::butler {

using common::Error;
using sql::quoteIdentifier;
using sql::Statement;

namespace {

using Fate = RemovedFile::Fate;

std::vector<std::string> pathsOf(Repository const &repo, Datastore const &store, std::string const &id) {
    std::vector<std::string> out;
    repo.db()
        .cached("SELECT path FROM " + quoteIdentifier(store.records_table)
                + " WHERE dataset_id = ? ORDER BY component")
        .query({id}, [&](Statement const &row) { out.push_back(row.text(0)); });
    return out;
}

/// Whether a dataset that is not being removed has this file, under this path or as a member of it.
bool isNamedByOther(Repository const &repo, Datastore const &store, std::string const &artifact,
                    std::set<std::string> const &leaving) {
    bool found = false;
    repo.db()
        .cached("SELECT DISTINCT r.dataset_id FROM " + quoteIdentifier(store.records_table) + " AS r WHERE "
                + isOfFile("r.path", repo.db().dialect())
                + " AND (EXISTS (SELECT 1 FROM "
                  "dataset_location AS l WHERE l.dataset_id = r.dataset_id) OR NOT EXISTS (SELECT 1 FROM "
                  "dataset_location_trash AS t WHERE t.dataset_id = r.dataset_id))")
        .query(pathsOfFile(artifact),
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
    for (auto const &store : repo.config().datastores) {
        // A file whose location is lost must not stay behind without any row that leads to it.
        db.cached("INSERT INTO dataset_location_trash (dataset_id, datastore_name) SELECT dataset_id, "
                  "datastore_name FROM "
                  "dataset_location WHERE dataset_id = ? UNION SELECT dataset_id, ? FROM "
                  + quoteIdentifier(store.records_table) + " WHERE dataset_id = ? ON CONFLICT DO NOTHING")
            .run({id, store.name, id});
    }
    db.cached("DELETE FROM dataset_location WHERE dataset_id = ?").run({id});
    // Rows in tables of tags and calibrations go with it, by their foreign keys.
    db.cached("DELETE FROM dataset WHERE id = ?").run({id});
}

std::vector<RemovedFile> forgetDataset(Repository const &repo, std::string const &id) {
    std::vector<RemovedFile> out;
    auto &db = repo.db();
    for (std::size_t i = 0; i < repo.config().datastores.size(); ++i) {
        auto const &store = repo.config().datastores[i];
        for (auto const &path : pathsOf(repo, store, id))
            out.push_back({i, path, isUri(path) ? Fate::Outside : Fate::Kept});
        db.cached("DELETE FROM " + quoteIdentifier(store.records_table) + " WHERE dataset_id = ?").run({id});
    }
    db.cached("DELETE FROM dataset_location WHERE dataset_id = ?").run({id});
    db.cached("DELETE FROM dataset_location_trash WHERE dataset_id = ?").run({id});
    db.cached("DELETE FROM dataset WHERE id = ?").run({id});
    return out;
}

namespace {

bool isInTrash(Repository const &repo, Datastore const &store, std::string const &id) {
    return repo.db()
        .cached("SELECT 1 FROM dataset_location_trash AS t WHERE t.datastore_name = ? AND t.dataset_id = ? "
                "AND NOT "
                "EXISTS (SELECT 1 FROM dataset_location AS l WHERE l.dataset_id = t.dataset_id)")
        .hasRow({store.name, id});
}

} // namespace

bool isInTrash(Repository const &repo, std::string const &id) {
    auto const &stores = repo.config().datastores;
    return std::any_of(stores.begin(), stores.end(),
                       [&](Datastore const &store) { return isInTrash(repo, store, id); });
}

/// Why a recorded file may not be removed, empty when it may.
std::string DatastoreTrash::faultOf(std::string const &path) const {
    if (isUri(path)) return {}; // it stays anyway
    auto const what = "the recorded path \"" + path + "\" ";
    if (!staysBelow(artifactOf(path))) return what + "is no path below the datastore's root";
    auto const file = localFile(_store.root, path);
    if (_own.has(file)) return what + "is the registry or the configuration of the repository";
    struct stat s {};
    if (::lstat(file.c_str(), &s) == 0 && S_ISDIR(s.st_mode)) return what + "is a folder";
    return {};
}

void DatastoreTrash::require(std::string const &id, bool keep_files) {
    auto const damaged = [&](std::string const &what, std::string const &hint) {
        return Error("REPO_DAMAGED", "dataset " + id + ": " + what + "; nothing was removed",
                     common::ExitCode::Damaged)
            .hint(hint);
    };
    bool here = false;
    _repo.db()
        .cached("SELECT datastore_name FROM dataset_location WHERE dataset_id = ?")
        .query({id}, [&](Statement const &row) {
            auto const &stores = _repo.config().datastores;
            here = here || row.text(0) == _store.name;
            bool const known = std::any_of(stores.begin(), stores.end(),
                                           [&](Datastore const &store) { return store.name == row.text(0); });
            if (known) return;
            throw damaged("it is stored in datastore \"" + row.text(0) + "\", but the configuration has \""
                              + _store.name + "\"",
                          "correct datastore.root or datastore.name in butler.yaml, or the row in "
                          "dataset_location");
        });
    auto const paths = pathsOf(_repo, _store, id);
    if (here && paths.empty()) {
        throw damaged(
            "it is said to be stored, but no file is recorded",
            "the table of file records, its name in butler.yaml or its row is lost: dbb-repo check says "
            "which");
    }
    if (keep_files) return;
    for (auto const &path : paths) {
        auto const fault = faultOf(path);
        if (!fault.empty())
            throw damaged(fault, "correct the path, or remove the dataset alone with --keep-files");
        requireRemovable(path);
    }
}

/// Refuse beforehand what finish() would refuse when the dataset is out of the registry already.
void DatastoreTrash::requireRemovable(std::string const &path) {
    if (planned(path) != Fate::Deleted) return;
    try {
        root().insistOn(artifactOf(path));
    } catch (Error const &e) {
        if (e.code() != "OUTSIDE_ROOT") throw;
        throw Error(e).hint(
            "nothing was removed; remove the dataset alone with --keep-files, and the file by hand");
    }
}

namespace {

bool isLink(std::string const &path) {
    struct stat s {};
    return ::lstat(path.c_str(), &s) == 0 && S_ISLNK(s.st_mode);
}

/// Sizes that rows of a file may have, as recorded and as it is.
void addSizes(Statement const &row, std::string const &file, std::set<std::int64_t> &sizes) {
    sizes.insert(row.integer(1));
    struct stat s {};
    if (::stat(file.c_str(), &s) == 0) sizes.insert(s.st_size);
}

} // namespace

/// One file can be recorded under several names: relative and as a URI, through links to its folders or to
/// itself. A name with another last part leads to the file only when it is a link, and a link is recorded
/// with the size of what it leads to: a scan of all names for all files of the removal, and a look at the
/// file system for few.
DatastoreTrash::Spellings DatastoreTrash::findSpellings() const {
    auto const &root = _store.root;
    auto const fileOf = [&](std::string const &path) {
        try {
            return localFile(root, artifactOf(path));
        } catch (Error const &) {
            return std::string(); // no file can have this name
        }
    };
    auto const records = quoteIdentifier(_store.records_table);
    std::set<std::string> names;
    std::set<std::int64_t> sizes{-1, 0}; // not recorded: NULL counts as 0
    for (auto const &id : _ids) {
        _repo.db()
            .cached("SELECT path, file_size FROM " + records + " WHERE dataset_id = ?")
            .query({id}, [&](Statement const &row) {
                auto const file = isUri(row.text(0)) ? std::string() : fileOf(row.text(0));
                if (file.empty()) return;
                names.insert(common::nameOf(file));
                addSizes(row, file, sizes);
            });
    }
    Spellings out;
    std::set<std::string> seen;
    _repo.db().cached("SELECT DISTINCT path, file_size FROM " + records).query({}, [&](Statement const &row) {
        auto const file = fileOf(row.text(0));
        if (file.empty()) return;
        bool const sameName = names.contains(common::nameOf(file));
        if (!sameName && !(sizes.contains(row.integer(1)) && isLink(file))) return;
        auto const artifact = artifactOf(row.text(0));
        if (!seen.insert(artifact).second) return;
        out[common::entryOf(file)].insert(artifact);
        // Where the file is a link, what it leads to must stay as well.
        if (::access(file.c_str(), F_OK) == 0) out[common::realPath(file)].insert(artifact);
    });
    return out;
}

/// Deleted stands for what can be deleted.
Fate DatastoreTrash::fateOf(std::string const &path, std::set<std::string> const &leaving) {
    if (isUri(path)) return Fate::Outside;
    if (!_spellings) _spellings = findSpellings();
    auto const file = localFile(_store.root, path);
    for (auto const &spelling : (*_spellings)[common::entryOf(file)]) {
        if (isNamedByOther(_repo, _store, spelling, leaving)) return Fate::InUse;
    }
    return Fate::Deleted;
}

/// What becomes of a file when all datasets of the removal go together.
Fate DatastoreTrash::planned(std::string const &path) {
    auto const fate = fateOf(path, _ids);
    bool const there = ::access(localFile(_store.root, path).c_str(), F_OK) == 0;
    return fate == Fate::Deleted && !there ? Fate::Missing : fate;
}

std::vector<RemovedFile> DatastoreTrash::plan(std::string const &id) {
    std::vector<RemovedFile> out;
    for (auto const &path : pathsOf(_repo, _store, id)) out.push_back({_index, path, planned(path)});
    return out;
}

RootFolder &DatastoreTrash::root() {
    if (!_root) _root.emplace(_store.root);
    return *_root;
}

/// Whether a dataset is in the trash and not stored here. That other datastores of a chain have it does not
/// matter; a name that none has may be this one's.
bool DatastoreTrash::waits(std::string const &id) const {
    std::vector<sql::Value> values{_store.name, id};
    std::string elsewhere;
    for (auto const &other : _repo.config().othersThan(_store)) {
        values.emplace_back(other);
        elsewhere += " AND l.datastore_name <> ?";
    }
    return _repo.db()
        .cached("SELECT 1 FROM dataset_location_trash AS t WHERE t.datastore_name = ? AND t.dataset_id = ? "
                "AND NOT EXISTS (SELECT 1 FROM dataset_location AS l WHERE l.dataset_id = t.dataset_id"
                + elsewhere + ")")
        .hasRow(values);
}

std::vector<RemovedFile> DatastoreTrash::finish(std::string const &id, TrashedFiles files) {
    if (!waits(id)) return {};
    std::vector<RemovedFile> out;
    auto const paths = pathsOf(_repo, _store, id);
    for (auto const &path : paths) {
        if (auto const fault = faultOf(path); !fault.empty()) {
            throw Error("OUTSIDE_ROOT", "dataset " + id + ": " + fault)
                .hint("correct or remove its row in " + _store.records_table);
        }
    }
    for (auto const &path : paths) {
        auto fate = fateOf(path, {id});
        if (fate == Fate::Deleted) {
            if (files == TrashedFiles::Rehearse) {
                root().insistOn(artifactOf(path));
            } else if (root().remove(artifactOf(path))) {
                _deleted.insert(artifactOf(path));
            } else if (!_deleted.contains(artifactOf(path))) { // gone with another member
                fate = Fate::Missing;
            }
        }
        out.push_back({_index, path, fate});
    }
    _repo.db()
        .cached("DELETE FROM " + quoteIdentifier(_store.records_table) + " WHERE dataset_id = ?")
        .run({id});
    _repo.db()
        .cached("DELETE FROM dataset_location_trash WHERE datastore_name = ? AND dataset_id = ?")
        .run({_store.name, id});
    return out;
}

void DatastoreTrash::sync() {
    if (_root) _root->sync();
}

Trash::Trash(Repository const &repo, std::set<std::string> const &ids) {
    for (std::size_t i = 0; i < repo.config().datastores.size(); ++i) _parts.emplace_back(repo, i, ids);
}

void Trash::require(std::string const &id, bool keep_files) {
    for (auto &part : _parts) part.require(id, keep_files);
}

std::vector<RemovedFile> Trash::plan(std::string const &id) {
    std::vector<RemovedFile> out;
    for (auto &part : _parts) std::ranges::copy(part.plan(id), std::back_inserter(out));
    return out;
}

std::vector<RemovedFile> Trash::finish(std::string const &id, Files files) {
    std::vector<RemovedFile> out;
    for (auto &part : _parts) std::ranges::copy(part.finish(id, files), std::back_inserter(out));
    return out;
}

std::vector<RemovedFile> Trash::finish(std::string const &datastore, std::string const &id, Files files) {
    for (auto &part : _parts) {
        if (part.datastore().name == datastore) return part.finish(id, files);
    }
    return {};
}

void Trash::sync() {
    for (auto &part : _parts) part.sync();
}

} // namespace dbb::butler
