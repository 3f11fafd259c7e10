/// \file
/// The files that a repository itself consists of: no dataset's file may be one of them.
#pragma once

#include "butler/config.h"

#include <set>
#include <string>
#include <sys/stat.h>
#include <utility>

namespace dbb::butler {

/// The registry, its journals, butler.yaml and what it includes.
class OwnFiles {
public:
    explicit OwnFiles(Config const &config);

    /// Whether a path is one of them, under whatever name: through links, by another link to the same file,
    /// or as the name that a journal would have.
    bool has(std::string const &path) const;
    /// The same of what stat() said about an existing file.
    bool has(struct stat const &file) const;
    /// Whether it is one of them by its words alone.
    bool names(std::string const &path) const { return _names.contains(path); }

private:
    std::set<std::string> _names;
    std::set<std::pair<dev_t, ino_t>> _files;
};

} // namespace dbb::butler
