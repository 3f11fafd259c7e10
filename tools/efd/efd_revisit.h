/// \file
/// Windows that are worth asking for again: later samples may have come, or the source may be well again.
#pragma once

#include "efd/efd_load.h"

namespace dbb::efd {

/// Print them as dbb-efd-join reads them, with the columns that are concerned.
/// \throws Error USAGE for --horizon, --now and --only; as EfdDatabase
common::ExitCode runRevisit(LoadOptions const &options, int out);

} // namespace dbb::efd
