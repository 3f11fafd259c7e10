/// \file
/// The program dbb-visits: exposures of a repository become visits.
#pragma once

#include "common/options.h"

#include <string>
#include <vector>

namespace dbb::ingest {

struct VisitsOptions {
    std::string repo;
    std::vector<std::string> instruments; ///< empty: all
    std::string where;                    ///< condition on columns of exposures
    std::string grouping = "one-to-one";
    std::string geometry;        ///< file with the camera's geometry, empty: visits get no regions
    bool ignore_obscore = false; ///< write although a live ObsCore table is left as it is
    bool update_records = false;
    bool incremental = false;
    common::StandardOptions standard;
};

/// Lines of exposures on `in` give the visits that these belong to. Without any line
/// all exposures of the repository are looked at; a selection counts in both cases. \throws Error USAGE
common::ExitCode runVisits(VisitsOptions options, int in, int out);

} // namespace dbb::ingest
