/// \file
/// What samples come from.
#pragma once

#include "telemetry/joiner.h"

#include <cstdint>
#include <optional>

namespace dbb::efd {

class SampleSource {
public:
    SampleSource() = default;
    SampleSource(SampleSource const &) = delete;
    SampleSource &operator=(SampleSource const &) = delete;
    virtual ~SampleSource() = default;

    /// Whether some of them can be read only once.
    virtual bool onlyOnce() const = 0;
    /// Copy those into files without names. \throws Error DISK_FULL …
    virtual void keep() = 0;

    /// Give all samples to a joiner, or to a pass that only learns. What can't be read is told and counted.
    /// \throws Error NOT_FOUND …
    virtual void read(telemetry::Joiner &joiner) = 0;
    virtual void learn(telemetry::PackedFacts &facts) = 0;

    virtual std::int64_t bad() const = 0;

    /// Why a value of a column can't be had: the samples themselves say that some of the window are missing.
    virtual std::optional<telemetry::Status> missing(telemetry::Column const &, telemetry::Window const &,
                                                     telemetry::Cell const &) const {
        return std::nullopt;
    }
};

} // namespace dbb::efd
