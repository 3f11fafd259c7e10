/// \file
/// When values are final, and which windows a run can say anything of.
#pragma once

#include "telemetry/cell.h"

#include <cstdint>
#include <optional>
#include <string>

namespace dbb::efd {

/// Options as they were given.
struct SettleOptions {
    std::string now{};              ///< instant, empty: the system's clock
    std::string settle = "5m";      ///< how late samples usually come
    std::string settle_max = "72h"; ///< how late they may come
    std::string range{};            ///< A..B, what samples were asked for; empty: all that there are
};

/// Whether a value may still change because samples come late.
class Settling {
public:
    /// \throws Error USAGE (exit 2)
    explicit Settling(SettleOptions const &options);

    /// Whether what is known of a column in a window is all that there will be: long after the window's end,
    /// or some time after it and the topic has gone on. \param latest_ns  time of the topic's youngest row
    bool isSettled(telemetry::Column const &column, telemetry::Window const &window,
                   std::optional<std::int64_t> latest_ns) const;
    /// Whether the range that was asked for holds all that a column needs of a window.
    bool isInRange(telemetry::Column const &column, telemetry::Window const &window) const;

private:
    std::int64_t _now_ns = 0, _settle_ns = 0, _settleMax_ns = 0; ///< now: TAI
    std::optional<std::int64_t> _from_ns, _to_ns;
};

} // namespace dbb::efd
