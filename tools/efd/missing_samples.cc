#include "efd/missing_samples.h"

#include "telemetry/needs.h"

namespace dbb::efd {

void MissingSamples::add(std::string const &topic, telemetry::Window const &range, common::Error const &e) {
    _parts[topic].push_back(
        {range, e.code() == "SERVER_TIMEOUT" ? telemetry::Status::Timeout : telemetry::Status::SourceError});
}

std::optional<telemetry::Status> MissingSamples::statusOf(telemetry::Column const &column,
                                                          telemetry::Window const &window) const {
    auto const at = _parts.find(column.topic);
    if (at == _parts.end()) return std::nullopt;
    std::optional<telemetry::Status> out;
    for (auto const &needed : telemetry::rangesFor(column, window)) {
        for (auto const &part : at->second) {
            bool const touches = part.range.begin_ns < needed.end_ns && needed.begin_ns < part.range.end_ns;
            if (touches && out != telemetry::Status::SourceError) out = part.status;
        }
    }
    return out;
}

} // namespace dbb::efd
