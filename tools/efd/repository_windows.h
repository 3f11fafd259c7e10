/// \file
/// Windows of the exposures or visits of a Butler repository.
#pragma once

#include "efd/found_window.h"

namespace dbb::efd {

/// Hand on the time spans of dimension records, page by page, exposures unless `kind` is visit.
/// \param repo  folder, YAML file or label
/// \throws Error USAGE (exit 2) for another kind or a condition that can't be used; INSTRUMENT_NOT_REGISTERED
/// (exit 2); as butler::Repository::open
void repositoryWindows(std::string const &repo, WindowChoice const &choice, WindowSink const &sink);

} // namespace dbb::efd
