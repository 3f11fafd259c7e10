/// \file
/// Which repository, and how it is opened: the options that the programs with a repository share.
#pragma once

#include "butler/repository.h"
#include "common/options.h"

#include <string>

namespace dbb::intake {

/// \return `options`, so that more can be added, or `--repo` be made required
common::Options &addRepo(common::Options &options, std::string &repo);

/// Of programs that write.
common::Options &addIgnoreObscore(common::Options &options, bool &ignore);

/// Say that what is written is missing in the live ObsCore table of a repository, and how it gets there.
/// Nothing is said when it has none, or is not open for writing.
void warnOfObscore(butler::Repository const &repo);

} // namespace dbb::intake
