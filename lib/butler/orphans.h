/// \file
/// Files below the roots of the datastores that no row names: left-overs of interrupted or undone work.
#pragma once

#include "butler/repository.h"

#include <cstdint>
#include <functional>
#include <string>

namespace dbb::butler {

struct Orphan {
    std::string path; ///< absolute
    std::int64_t size_bytes = 0;
};

/// Hand every file without a row to `orphan`, by path (bytewise). The registry, its journals and butler.yaml
/// are none. Symbolic links to folders are not followed. Files that come or go meanwhile may be among them or
/// not. Memory does not grow with their number. \throws Error NOT_FOUND … when a root can't be read
void forEachOrphan(Repository const &repo, std::function<void(Orphan const &)> const &orphan);

} // namespace dbb::butler
