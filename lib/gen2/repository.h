/// \file
/// How one Gen2 repository says what it is: `_mapper` and `_parent`, or repositoryCfg.yaml. Nothing is
/// executed and nothing written.
#pragma once

#include "common/error.h"
#include "common/json.h"

#include <optional>
#include <string>
#include <vector>

namespace dbb::gen2 {

/// Names in a folder that make it a repository.
extern std::vector<std::string> const repositoryMarks;

struct Repository {
    std::string folder;               ///< absolute, links resolved
    std::string mapper;               ///< Python class; empty when only its parents tell
    common::Json policy;              ///< templates of its own, null: none
    std::vector<std::string> parents; ///< folders that are there, absolute, links resolved
    std::vector<std::string> notes;   ///< what is not as it should be: sentences for people
};

/// The error of a file that nothing can be done without: exit status 4, when it ends an item only, and what
/// to do about a file of a repository.
common::Error unusable(common::Error const &e);

/// What a folder says of itself; nullopt when it is no repository. A parent that is not there is a note.
/// \throws Error BAD_YAML (exit 5) for a repositoryCfg.yaml that is none; as readFile and PERMISSION for a
/// folder that can't be searched (exit 4)
std::optional<Repository> readRepository(std::string const &folder);

/// The repository and all that it reads through to: itself, then its parents, depth first, each once.
std::vector<Repository> withParents(Repository const &repository);

} // namespace dbb::gen2
