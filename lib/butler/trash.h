/// \file
/// The removal of stored files: what dataset_location_trash names is deleted, file first, rows second.
#pragma once

#include "butler/repository.h"
#include "butler/root_folder.h"

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
    std::string path; ///< as it was recorded
    Fate fate = Fate::Missing;
};

/// deleted, missing, in_use, outside, kept.
std::string_view nameOf(RemovedFile::Fate fate);

/// The first step of a removal, inside a transaction of the caller: a dataset goes out of the registry, and
/// out of all collections; its file waits in the trash. Once that is committed, finish the removal in another
/// transaction, since a file must not be gone as long as a row that can come back names it.
void moveToTrash(Repository const &repo, std::string const &id);

/// Take a dataset out of the registry and leave its files alone: they become files that no row names. Inside
/// a transaction of the caller. \return what was recorded of it
std::vector<RemovedFile> forgetDataset(Repository const &repo, std::string const &id);

/// Finishes the removal of datasets that wait in the trash.
class Trash {
public:
    explicit Trash(Repository const &repo) : _repo(repo) {}

    /// What finish() would do to the files of a dataset, also of one that is not in the trash yet.
    /// \param leaving  all datasets that would be removed with it, itself included
    std::vector<RemovedFile> plan(std::string const &id, std::set<std::string> const &leaving);

    /// Delete the files of a dataset that waits in the trash, unless a row that stays names them, then its
    /// file records and its row of the trash. Inside a transaction of the caller, which keeps others from
    /// coming to name a file. Does nothing when the dataset is not in the trash, or is stored as well.
    /// \throws Error as RootFolder::remove, before any row of this dataset is deleted
    std::vector<RemovedFile> finish(std::string const &id);

    /// Whether a dataset waits in the trash, and is not stored as well.
    bool isWaiting(std::string const &id);

    /// Make the deletions durable; to be called before the transaction is committed. \throws Error
    void sync();

private:
    RemovedFile::Fate fateOf(std::string const &path, std::set<std::string> const &leaving);
    Repository const &_repo;
    std::optional<RootFolder> _root; ///< opened for the first file
};

} // namespace dbb::butler
