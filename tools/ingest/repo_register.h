/// \file
/// dbb-repo register-instrument: instruments with their detectors and filters.
#pragma once

#include "common/exit_code.h"
#include "common/lines.h"

#include <string>
#include <vector>

namespace dbb::ingest {

struct RegisterOptions {
    std::string repo;
    std::vector<std::string> instruments;
    bool update = false;         ///< change records that differ
    bool ignore_obscore = false; ///< write although a live ObsCore table is left as it is
    bool dry_run = false;        ///< find out what would be done, and print it as planned
};

/// Register instruments, each in a transaction of its own, and print a line for each when it is durable. One
/// that fails (INSTRUMENT_CONFLICT, DETECTOR_CONFLICT …) is reported and leaves the others alone. \return
/// Done, or SomeFailed \throws Error USAGE for an unknown name, before anything is written; and as
/// Repository::open
common::ExitCode registerInstruments(RegisterOptions const &options, common::Output &out);

} // namespace dbb::ingest
