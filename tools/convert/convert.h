/// \file
/// The program dbb-convert: lines of dbb-gen2-scan into a Gen3 repository.
#pragma once

#include "common/options.h"
#include "convert/converter.h"
#include "convert/verify.h"

#include <string>

namespace dbb::convert {

struct ConvertProgramOptions {
    std::string repo;
    bool ignore_obscore = false;
    std::string transfer = "split";
    std::string mode;  ///< octal
    std::string group; ///< name or number
    std::string rules; ///< file, empty: the lines' own decisions
    ConverterOptions convert;
    bool verify = false; ///< compare in place of converting
    VerifyOptions verification;
    common::StandardOptions standard;
};

common::ExitCode runConvert(ConvertProgramOptions options, int in, int out);

} // namespace dbb::convert
