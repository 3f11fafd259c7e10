/// \file
/// dbb-efd-join --plan: what a join will ask of a server.
#pragma once

#include "common/lines.h"
#include "efd/influx_samples.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dbb::efd {

class FetchPlan {
public:
    /// \param samples  prepared \param rate_hz  rows of a topic a second; nullopt: the server counts values
    /// \throws Error as telemetry::Influx
    FetchPlan(telemetry::Influx &influx, InfluxSamples const &samples, std::optional<double> rate_hz);

    /// A line of type `plan` per topic, then one of all.
    void print(common::Output &output) const;
    std::int64_t values() const { return _all.values; }

private:
    struct Part {
        std::int64_t requests = 0, statements = 0, values = 0, bytes = 0;
        telemetry::Window span{};
    };
    static void printPart(common::Output &output, std::string const &topic, Part const &part);
    Part planOf(InfluxSamples::Plan const &plan, std::optional<double> rate_hz);

    telemetry::Influx &_influx;
    std::vector<std::pair<std::string, Part>> _topics;
    Part _all;
};

} // namespace dbb::efd
