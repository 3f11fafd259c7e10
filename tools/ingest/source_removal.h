/// \file
/// The last step of a move: its source goes.
#pragma once

#include "butler/datasets.h"
#include "butler/repository.h"
#include "common/uuid.h"
#include "ingest/placement.h"
#include "ingest/raw_line.h"

#include <set>
#include <string>

namespace dbb::ingest {

/// Removes sources after the commit. The datasets are safe already, so a source that can't go, or must not,
/// is a warning.
class SourceRemoval {
public:
    /// \param placement  like `repo`, must live as long
    SourceRemoval(butler::Repository const &repo, Placement &placement)
        : _repo(repo), _placement(placement) {}

    /// A line whose dataset `id` is stored. A zip file goes with its last member.
    /// \param stored  path of the file as the registry has it
    void settle(RawLine const &line, std::string const &stored, butler::Datasets &datasets,
                common::Uuid const &id, butler::DataId const &dataId);

    /// A new batch begins.
    void clear() { _settledZips.clear(); }

private:
    bool isNeeded(std::string const &file, std::vector<std::string> const &others) const;
    bool isComplete(RawLine const &line, std::string const &stored) const;

    butler::Repository const &_repo;
    Placement &_placement;
    std::set<std::string> _settledZips; // those whose sources went, or stay as was said
};

/// Whether a dataset has this file, under this path or as a member of it.
bool isNamedByRow(butler::Repository const &repo, std::string const &stored);

} // namespace dbb::ingest
