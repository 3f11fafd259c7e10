/// \file
/// dbb-windows: spans of time of exposures and visits, as lines for whoever asks for telemetry.
#pragma once

#include "common/options.h"

#include <string>

namespace dbb::efd {

struct WindowsOptions {
    std::string repo, db, csv, begin, end; ///< one source, `begin` and `end` together
    std::string table;                     ///< of db
    std::string every;                     ///< length of the pieces of begin … end; empty: one window
    std::string scale;                     ///< of instants without Z: tai, utc; empty: each must have one
    std::string instrument, kind, where, day_obs, since;
    common::StandardOptions standard;
};

/// Run the program. \throws Error USAGE (exit 2) for options that contradict each other; as the sources do
common::ExitCode runWindows(WindowsOptions const &options, int in, int out);

} // namespace dbb::efd
