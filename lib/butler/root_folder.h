/// \file
/// Deleting files beneath a folder and nowhere else: no `..`, no symbolic link on the way, no other root.
#pragma once

#include "common/file.h"

#include <set>
#include <string>

namespace dbb::butler {

/// A folder that is held open. Names are found from its descriptor, so that what happens to its path
/// meanwhile does not matter.
class RootFolder {
public:
    /// \throws Error NOT_FOUND, PERMISSION …
    explicit RootFolder(std::string path);

    /// Remove a file. \param relative  path below the root \return false when there is none
    /// \throws Error OUTSIDE_ROOT for a path that would leave the root or leads through a symbolic link;
    ///         PERMISSION, READ_ONLY, IO_ERROR … as the system says
    bool remove(std::string const &relative);

    /// Fail as remove() does for a path that it refuses; changes nothing.
    void insistOn(std::string const &relative) const { parentOf(relative); }

    /// Make the removals since the last call durable. \throws Error
    void sync();

private:
    common::UniqueFd parentOf(std::string const &relative) const;
    common::UniqueFd openFolder(std::string const &relative) const;
    common::UniqueFd openStepwise(std::string const &relative) const;

    std::string _path;
    common::UniqueFd _fd;
    std::set<std::string> _changed; ///< folders with removed names, relative
};

} // namespace dbb::butler
