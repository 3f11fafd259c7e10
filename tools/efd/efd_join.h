/// \file
/// dbb-efd-join: windows and samples in, one value per window and column out.
#pragma once

#include "common/options.h"
#include "efd/influx_join.h"
#include "efd/sample_files.h"

#include <string>

namespace dbb::efd {

struct JoinProgramOptions {
    std::string config;
    std::string windows = "-";
    SampleOptions samples;
    InfluxJoinOptions influx;
    std::string reorder = "60s";
    bool sort = false;
    common::StandardOptions standard;
};

/// Run the program. \throws Error as the parts do
common::ExitCode runJoin(JoinProgramOptions const &options, int in, int out);

} // namespace dbb::efd
