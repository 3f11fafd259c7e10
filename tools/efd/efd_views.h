/// \file
/// Views in which each column of telemetry is a column, by itself and beside the Butler's records.
#pragma once

#include "efd/efd_load.h"

namespace dbb::efd {

/// Make the views and print what was made; print those that only a session can have, as SQL.
/// \throws Error USAGE; as EfdDatabase; SCHEMA_DAMAGED for a registry without records
common::ExitCode runViews(LoadOptions const &options, int out);

} // namespace dbb::efd
