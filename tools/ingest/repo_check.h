/// \file
/// dbb-repo check: what is damaged in a repository, how to mend it, and mending.
#pragma once

#include "common/exit_code.h"
#include "common/lines.h"

#include <string>

namespace dbb::ingest {

struct CheckProgramOptions {
    std::string repo;
    std::string format;          ///< json or text; empty: text on a terminal, else json
    int limit = 0;               ///< most lines for each kind; 0: all as JSON, 10 as text
    bool repair = false;         ///< mend what can be mended
    bool dry_run = false;        ///< only say what would be mended
    bool files = true;           ///< look at files
    bool orphans = false;        ///< list files without rows
    bool ignore_obscore = false; ///< mend although a live ObsCore table is left as it is
    bool list = false;           ///< print the catalogue of damages and nothing else
};

/// Print damages as JSON Lines with an end line, or as a report for people.
/// \return Done when nothing is damaged or everything was mended; Damaged when something stays, also in a dry
///         run; Incomplete when nothing was found, but not everything could be checked
/// \throws Error as butler::check; USAGE without a repository
common::ExitCode checkRepository(CheckProgramOptions const &options, bool terminal, common::Output &out);

} // namespace dbb::ingest
