/// \file
/// What a dry run does not try: whether the file's place and the registry could be written.
#pragma once

#include "butler/config.h"
#include "common/error.h"
#include "intake/placement.h"

#include <optional>
#include <string>

namespace dbb::ingest {

/// Why a file could not be put in its place; nothing is made.
/// \param root  of the datastore \param stored  path that a dry run planned for it
/// \return PERMISSION, READ_ONLY, DISK_FULL, or nothing when it would work
std::optional<common::Error> placeObstacle(std::string const &root, intake::Transfer transfer,
                                           std::string const &source, std::string const &stored);

/// Why rows could not be written: the registry is opened for writing and locked for a moment.
/// \return REPO_READ_ONLY, REPO_LOCKED, REPO_UNSUPPORTED …, or nothing when it would work
std::optional<common::Error> commitObstacle(std::string const &repo, bool ignoreObscore);

/// An error of a locked repository with the program that holds the lock, when it can be found; others as they
/// are.
common::Error withHolder(common::Error const &e, std::string const &repo);

/// Wait no longer than this for a locked database: dbb-why is asked for a quick answer. A shorter
/// DBB_BUSY_TIMEOUT stays. To be called before a repository is opened. \throws Error USAGE
void limitWaiting();

} // namespace dbb::ingest
