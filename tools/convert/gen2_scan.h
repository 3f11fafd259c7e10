/// \file
/// dbb-gen2-scan: a Gen2 repository becomes `gen2` lines, and lines of the collections that they will be in.
#pragma once

#include "common/options.h"
#include "convert/gen2_selection.h"

#include <string>
#include <vector>

namespace dbb::convert {

struct Gen2ScanOptions {
    std::string root;
    std::string calib; ///< folder with the calibrations; empty: where Gen2 looks
    Gen2Choice choice;
    std::string skymap;            ///< of all tracts; empty: not known
    std::vector<std::string> runs; ///< TYPE=RUN for types of the root that have none
    std::string templates;         ///< file with layouts of this repository
    std::string rules;             ///< file, see dbb-rules(5)
    std::string validity_scale = "tai";
    std::string explain; ///< path whose recognition is told in place of a scan
    common::StandardOptions standard;
};

/// \return Incomplete when something is undecided or to be reviewed, SomeFailed when something can't be
/// converted
common::ExitCode runGen2Scan(Gen2ScanOptions const &options, int out);

} // namespace dbb::convert
