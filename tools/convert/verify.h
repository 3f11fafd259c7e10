/// \file
/// dbb-convert --verify: what the lines of a Gen2 repository promise against what a Gen3 repository has.
#pragma once

#include "butler/repository.h"
#include "common/exit_code.h"
#include "common/lines.h"
#include "gen2/rules.h"
#include "intake/header_options.h"
#include "manifest/stream.h"

#include <optional>
#include <string>

namespace dbb::convert {

struct VerifyOptions {
    bool checksum = false; ///< read files on both sides and compare their content
    bool complete = false; ///< the lines are all of their runs: what else is in these is a difference, too
    std::optional<gen2::Rules> rules; ///< decide in place of the lines
    std::string skymap;               ///< of lines that name none; empty: the only one that is registered
    intake::HeaderOptions headers{};  ///< of raws that are not there as their lines have them
    int jobs = 1;                     ///< threads that read headers
};

/// Compare the lines that `reader` has with a repository, which is only read. Differences are printed in the
/// order of the lines, then those of collections and of validity, summaries by dataset type, filter and
/// night, and the `end` lines. Memory does not grow with the lines. A line that can't be read is rejected.
/// \param summary  gets the number of lines read, and of differences by kind
/// \return Done when all is equal, Incomplete when anything differs, SomeFailed when lines were rejected
/// \throws Error when the repository can't be used
common::ExitCode verify(butler::Repository const &repo, VerifyOptions const &options,
                        manifest::RecordReader &reader, manifest::Rejects &rejects,
                        manifest::Summary &summary, common::Output &output);

} // namespace dbb::convert
