/// \file
/// `collection` lines: the runs, calibration collections and chains of a converted repository.
#pragma once

#include "butler/collections.h"
#include "butler/repository.h"
#include "manifest/record.h"
#include "manifest/stream.h"

#include <functional>
#include <string>
#include <vector>

namespace dbb::convert {

/// Make the collections of lines, each unless it exists; a chain that exists keeps its children and gets
/// those that it lacks. One transaction. A line that fails is rejected. \param receipts  gets each line that
/// was done with its `convert` receipt, after the commit \throws Error when the repository can't be used
void makeCollections(
    butler::Repository const &repo, std::vector<manifest::Record> lines, bool dry_run,
    butler::PlannedCollections const &planned, manifest::Rejects &rejects,
    std::function<void(manifest::Record const &, std::string const &outcome)> const &receipts);

} // namespace dbb::convert
