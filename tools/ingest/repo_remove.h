/// \file
/// dbb-repo remove-raw: take a wrongly ingested exposure out again.
#pragma once

#include "common/exit_code.h"
#include "common/lines.h"

#include <string>
#include <vector>

namespace dbb::ingest {

struct RemoveOptions {
    std::string repo;
    std::string obs_id;                 ///< observation id of the exposure; empty: by number
    std::string instrument;             ///< empty: any, when the observation id says enough
    std::string exposure;               ///< number of the exposure
    std::vector<std::string> detectors; ///< numbers; empty: all
    std::string run;                    ///< empty: all
    bool keep_files = false;            ///< files stay, without rows
    bool keep_records = false;          ///< the exposure's record stays
    bool ignore_obscore = false;        ///< remove although a live ObsCore table is left as it is
    bool dry_run = false;
};

/// Remove raw datasets of one exposure, and the exposure's own record when no dataset of it is left. Order:
/// rows to the trash, commit; under the write lock a last look at who else has a file, then the files, then
/// their rows, commit; then a line for each. Run again after a crash it finishes what was begun. \return
/// Done; SomeFailed when a file could not be removed, whose dataset then waits in the trash \throws Error
/// REPO_DAMAGED (exit 5, nothing was removed) when the rows of what is selected contradict each other, or
/// name files that may not be removed; USAGE when nothing is selected, saying what there is; EXPOSURE_IN_USE
/// (exit 1) naming the visits
///         that need the exposure's record; as Repository::open
common::ExitCode removeRaw(RemoveOptions const &options, common::Output &out);

} // namespace dbb::ingest
