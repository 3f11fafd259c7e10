/// \file
/// dbb-efd-fetch: windows in, the samples of InfluxDB that columns need over them out.
#pragma once

#include "common/options.h"
#include "efd/influx_source.h"

#include <string>
#include <vector>

namespace dbb::efd {

struct FetchOptions {
    std::string columns{};
    std::string windows = "-";
    std::string topic{}; ///< without a file of columns
    std::vector<std::string> fields{};
    std::string begin{}, end{};
    InfluxOptions influx{};
    std::string scale = "eras";
    std::string format = "lp";
    std::string margin = "60s";
    std::string cache{};
    std::string settle = "300s";
    common::StandardOptions standard{};
};

/// Run the program. \throws Error as the parts do
common::ExitCode runFetch(FetchOptions const &options, int in, int out);

} // namespace dbb::efd
