/// \file
/// dbb-efd-join: windows and samples in, one value per window and column out.
#pragma once

#include "common/options.h"
#include "efd/influx_join.h"
#include "efd/join_columns.h"
#include "efd/sample_files.h"
#include "efd/settling.h"

#include <string>

namespace dbb::efd {

struct JoinProgramOptions {
    ColumnChoice columns;
    bool show_columns = false; ///< print what they ask for, and join nothing
    std::string windows = "-";
    SampleOptions samples;
    SettleOptions settle;
    InfluxJoinOptions influx;
    std::string gaps; ///< file for a report of them
    std::string reorder = "60s";
    bool sort = false;
    common::StandardOptions standard;
};

/// Run the program. \throws Error as the parts do
common::ExitCode runJoin(JoinProgramOptions const &options, int in, int out);

} // namespace dbb::efd
