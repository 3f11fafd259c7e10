/// \file
/// Parts of the telemetry that could not be had, and which values they take away.
#pragma once

#include "common/error.h"
#include "telemetry/cell.h"
#include "telemetry/column.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dbb::efd {

class MissingSamples {
public:
    /// \param range  TAI
    void add(std::string const &topic, telemetry::Window const &range, common::Error const &e);

    /// What a column says of a window that needs something of it: SourceError, or Timeout when all that is
    /// missing took the server too long.
    std::optional<telemetry::Status> statusOf(telemetry::Column const &column,
                                              telemetry::Window const &window) const;
    bool empty() const { return _parts.empty(); }

private:
    struct Part {
        telemetry::Window range;
        telemetry::Status status;
    };
    std::map<std::string, std::vector<Part>> _parts; ///< by topic
};

} // namespace dbb::efd
