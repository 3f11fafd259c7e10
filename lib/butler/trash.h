/// \file
/// The removal of stored files: what dataset_location_trash names is deleted, file first, rows second.
#pragma once

#include "butler/repository.h"
#include "butler/root_folder.h"

#include <optional>
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

/// Finishes the removal of datasets that wait in the trash.
class Trash {
public:
    explicit Trash(Repository const &repo) : _repo(repo) {}

    /// What finish() would do to the files of a dataset, also of one that is not in the trash yet.
    std::vector<RemovedFile> plan(std::string const &id);

    /// Delete the files of a dataset that waits in the trash, unless a row that stays names them, then its file
    /// records and its row of the trash. Inside a transaction of the caller, which keeps others from coming to
    /// name a file. Does nothing when the dataset is not in the trash, or is stored as well.
    /// \throws Error as RootFolder::remove, before any row of this dataset is deleted
    std::vector<RemovedFile> finish(std::string const &id);

    /// Make the deletions durable; to be called before the transaction is committed. \throws Error
    void sync();

private:
    RemovedFile::Fate fateOf(std::string const &path, std::string const &id);
    bool isWaiting(std::string const &id);

    Repository const &_repo;
    std::optional<RootFolder> _root; ///< opened for the first file
};

} // namespace dbb::butler
