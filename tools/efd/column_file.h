/// \file
/// The file that defines columns, as all programs of the telemetry read it.
#pragma once

#include "telemetry/column.h"

#include <string>
#include <vector>

namespace dbb::efd {

/// The columns of a file, which may be a pipe; none without a file.
/// \param in  standard input, which "-" stands for; -1: it doesn't \param compat  as
/// telemetry::parseColumns() \throws Error USAGE (exit 2)
std::vector<telemetry::Column> readColumns(std::string const &file, int in = -1,
                                           telemetry::Compat compat = telemetry::Compat::None);

} // namespace dbb::efd
