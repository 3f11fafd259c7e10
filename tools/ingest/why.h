/// \file
/// The program dbb-why: why a file, an exposure or a rejected line is not in a repository, and what to do.
#pragma once

#include "common/options.h"
#include "intake/header_options.h"

#include <string>
#include <vector>

namespace dbb::ingest {

struct WhyOptions {
    std::vector<std::string> subjects; ///< files, folders, observation ids, codes
    std::string repo;                  ///< empty: files are looked at up to the stage translate
    std::vector<std::string> rejects;  ///< files of rejects: who failed of an exposure, or the subject itself
    bool json = false;
    bool list_reasons = false;
    // What dbb-ingest would be told, since its answer depends on it.
    std::string transfer = "auto";
    std::string run;
    intake::HeaderOptions headers;
    bool ignore_obscore = false;
    bool update_records = false;
    common::StandardOptions standard;
};

/// Explain every subject, or the rejects on `in` when there is none.
/// \return 0 when nothing is wrong, 1 when something fails for good, 3 when trying again can help, 4, 5 or 75
/// when the repository can't be used. \throws Error USAGE
common::ExitCode runWhy(WhyOptions const &options, int in, int out);

} // namespace dbb::ingest
