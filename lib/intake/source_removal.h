/// \file
/// The last step of a move: its source goes.
#pragma once

#include "butler/datasets.h"
#include "butler/repository.h"
#include "common/uuid.h"
#include "intake/dataset_line.h"
#include "intake/stores.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dbb::intake {

/// Removes sources after the commit. The datasets are safe already, so a source that can't go, or must not,
/// is a warning.
class SourceRemoval {
public:
    /// Files of a dataset: indices of datastores, and paths as the registry has them.
    using Files = std::vector<std::pair<std::size_t, std::string>>;

    /// \param stores  like `repo`, must live as long
    SourceRemoval(butler::Repository const &repo, Stores &stores) : _repo(repo), _stores(stores) {}

    /// A line whose dataset `id` is stored. A zip file goes with its last member.
    /// \param files  of the dataset, in all datastores that have it; at least one
    void settle(DatasetLine const &line, Files const &files, butler::Datasets &datasets,
                common::Uuid const &id, butler::DataId const &dataId);

    /// A new batch begins.
    void clear() { _settledZips.clear(); }
    /// Look which sources of a batch datasets have for their files by their URIs; before settle(). There is
    /// no index of paths, so all are looked for at once.
    void learnRecorded(std::vector<std::string> const &files);
    /// Whether another dataset has the source for its file: below a root, or by its URI.
    bool isRecorded(std::string const &file) const;

private:
    bool isOneOf(std::string const &file, Files const &files) const;
    bool isNeeded(std::string const &file, Files const &others) const;
    bool isComplete(DatasetLine const &line, Files const &files) const;

    butler::Repository const &_repo;
    Stores &_stores;
    std::set<std::string> _recorded;    // paths of sources of this batch that are recorded by URI
    std::set<std::string> _settledZips; // those whose sources went, or stay as was said
};

/// Whether a dataset has this file of a datastore, under this path or as a member of it.
bool isNamedByRow(butler::Repository const &repo, Store const &store, std::string const &stored);

} // namespace dbb::intake
