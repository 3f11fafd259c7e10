/// \file
/// What samples come from.
#pragma once

#include "telemetry/joiner.h"

#include <cstdint>

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
};

} // namespace dbb::efd
