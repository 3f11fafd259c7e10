/// \file
/// The program dbb-describe: file lines become described lines.
#pragma once

#include "common/options.h"
#include "intake/describer.h"

#include <string>
#include <vector>

namespace dbb::ingest {

/// The program dbb-describe.
struct DescribeProgramOptions {
    intake::DescribeOptions describe;
    std::vector<std::string> paths;
    common::StandardOptions standard;
};
common::ExitCode runDescribe(DescribeProgramOptions const &options, int in, int out);

} // namespace dbb::ingest
