/// \file
/// The repositories that belong together: a root, its calibrations and what was made from them.
#pragma once

#include "gen2/repository.h"

#include <optional>
#include <string>
#include <vector>

namespace dbb::gen2 {

/// The folder of reruns, below that of their repository.
inline std::string const rerunFolder = "/rerun";

struct Layout {
    Repository root;
    std::string mapper;              ///< Python class
    std::vector<Repository> parents; ///< that the root reads through to, nearest first
    std::string registry;            ///< file of the exposure registry; empty: there is none
    std::string calib;               ///< folder with the calibrations; empty: there are none
    std::string calib_registry;      ///< its file; empty: there is none
    bool is_calib = false;           ///< the root itself is that folder, and holds nothing else
    std::vector<std::string> notes;
    std::string rerun; ///< the one that was named in the place of its root; empty: the root was

    /// Name of the rerun in a folder, relative to the root; empty when it is not below rerun/.
    std::string rerunOf(std::string const &folder) const;
};

/// Find what belongs to a folder. \param calib  folder with calibRegistry.sqlite3, relative to the root or
/// absolute; empty: where Gen2 looks for it
/// \throws Error NOT_FOUND (exit 4) when the folder is not there; USAGE when it is no Gen2 repository, or its
///         registry is in a PostgreSQL database
Layout findLayout(std::string const &root, std::string const &calib = "");

} // namespace dbb::gen2
