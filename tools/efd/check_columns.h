/// \file
/// dbb-efd-join --check: whether a server has what columns ask for.
#pragma once

#include "common/lines.h"
#include "telemetry/column.h"
#include "telemetry/influx.h"

#include <cstdint>
#include <vector>

namespace dbb::efd {

/// Print a line of type `finding` for each topic and field that the server does not have, each function that
/// does not take what a field holds, and each index that lacks or is needed; for the latter it looks at the
/// last hours. \return how many. \throws Error as telemetry::Influx
std::int64_t checkColumns(telemetry::Influx &influx, std::vector<telemetry::Column> const &columns,
                          common::Output &output);

} // namespace dbb::efd
