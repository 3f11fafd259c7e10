/// \file
/// The removal of stored files: what dataset_location_trash names is deleted, file first, rows second.
#pragma once

#include "butler/own_files.h"
#include "butler/repository.h"
#include "butler/root_folder.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dbb::butler {

/// What became of a file whose dataset is removed.
struct RemovedFile {
    enum class Fate {
        Deleted,
        Missing, ///< it was gone already
        InUse,   ///< a dataset that stays has the same file
        Outside, ///< a URI: the file is not the datastore's own
        Kept,    ///< it was asked to stay
    };
    std::size_t datastore = 0; ///< index in Config::datastores
    std::string path;          ///< as it was recorded
    Fate fate = Fate::Missing;
};

/// deleted, missing, in_use, outside, kept.
std::string_view nameOf(RemovedFile::Fate fate);

/// The first step of a removal, inside a transaction of the caller: a dataset goes out of the registry, and
/// out of all collections; its files, in whatever datastore, wait in the trash. Once that is committed,
/// finish the removal in another transaction, since a file must not be gone as long as a row that can come
/// back names it.
void moveToTrash(Repository const &repo, std::string const &id);

/// Take a dataset out of the registry and leave its files alone: they become files that no row names. Inside
/// a transaction of the caller. \return what was recorded of it
std::vector<RemovedFile> forgetDataset(Repository const &repo, std::string const &id);

/// Whether a dataset waits in the trash, and is not stored as well.
bool isInTrash(Repository const &repo, std::string const &id);

/// Whether files are deleted, or it is only made sure that they could be, for a transaction that is rolled
/// back.
enum class TrashedFiles { Delete, Rehearse };

/// Removes the files that datasets that go together have in one datastore.
class DatastoreTrash {
public:
    /// \param ids  all that the other functions will be asked about
    /// \param datastore  index in Config::datastores
    DatastoreTrash(Repository const &repo, std::size_t datastore, std::set<std::string> ids)
        : _repo(repo), _index(datastore), _store(repo.config().datastores[datastore]), _own(repo.config()),
          _ids(std::move(ids)) {}

    /// Make sure of a dataset that its rows tell where its files are, and that these may be removed.
    /// \param keep_files  they are not to be removed, so wherever they are will do
    /// \throws Error REPO_DAMAGED (exit 5); OUTSIDE_ROOT for a file that only a link to a folder leads to
    void require(std::string const &id, bool keep_files);

    /// What finish() would do to the files of a dataset, also of one that is not in the trash yet, when all
    /// the others go as well.
    std::vector<RemovedFile> plan(std::string const &id);

    /// Delete the files of a dataset that waits in the trash, unless a row that stays names them, then its
    /// file records and its row of the trash. Inside a transaction of the caller, which keeps others from
    /// coming to name a file. Does nothing when the dataset is not in the trash, or is stored here as well.
    /// \throws Error as RootFolder::remove, and OUTSIDE_ROOT for a path that require() would refuse, before
    /// any
    ///         row of this dataset is deleted
    std::vector<RemovedFile> finish(std::string const &id, TrashedFiles files = TrashedFiles::Delete);

    Datastore const &datastore() const { return _store; }

    /// Make the deletions durable; to be called before the transaction is committed. \throws Error
    void sync();

private:
    using Spellings = std::map<std::string, std::set<std::string>>;

    bool waits(std::string const &id) const;
    RemovedFile::Fate planned(std::string const &path);
    RootFolder &root();
    void requireRemovable(std::string const &path);
    RemovedFile::Fate fateOf(std::string const &path, std::set<std::string> const &leaving);
    std::string faultOf(std::string const &path) const;
    Spellings findSpellings() const;

    Repository const &_repo;
    std::size_t _index;
    Datastore const &_store;
    OwnFiles _own;
    std::set<std::string> _ids;
    std::optional<Spellings> _spellings; ///< recorded paths by the file that they lead to; read when needed
    std::optional<RootFolder> _root;     ///< opened for the first file
    std::set<std::string> _deleted;      ///< files with several members are gone with the first that may go
};

/// The same in all datastores of a repository.
class Trash {
public:
    using Files = TrashedFiles;

    Trash(Repository const &repo, std::set<std::string> const &ids);

    void require(std::string const &id, bool keep_files);
    std::vector<RemovedFile> plan(std::string const &id);
    std::vector<RemovedFile> finish(std::string const &id, Files files = Files::Delete);
    /// In one datastore alone. \param datastore  its name
    std::vector<RemovedFile> finish(std::string const &datastore, std::string const &id, Files files);
    void sync();

private:
    std::vector<DatastoreTrash> _parts;
};

} // namespace dbb::butler
