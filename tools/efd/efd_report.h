/// \file
/// How good the stored values are: how often each status is there, by column and night.
#pragma once

#include "efd/efd_load.h"

namespace dbb::efd {

/// Print it, as a table or with --json as lines. \throws Error as EfdDatabase
common::ExitCode runReport(LoadOptions const &options, int out);

} // namespace dbb::efd
