/// \file
/// The program dbb-ingest: described lines, or paths, into a repository.
#pragma once

#include "common/options.h"
#include "ingest/describe.h"
#include "intake/ingester.h"

#include <string>
#include <vector>

namespace dbb::ingest {

struct IngestProgramOptions {
    std::string repo;
    bool ignore_obscore = false; ///< write although a live ObsCore table is left as it is
    std::string transfer = "auto";
    std::string mode;  ///< octal
    std::string group; ///< name or number
    std::string wait;  ///< duration, empty: none
    std::string after; ///< command for each committed exposure, empty: none
    std::string after_timeout = "60s";
    intake::HeaderOptions headers;
    std::vector<std::string> paths;
    intake::IngesterOptions ingester;
    common::StandardOptions standard;
};

/// While lines come in slowly each is committed at once; while many wait, several exposures share a commit.
common::ExitCode runIngest(IngestProgramOptions options, int in, int out);

} // namespace dbb::ingest
