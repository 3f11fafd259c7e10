/// \file
/// Instants, durations and rates as people and tables write them.
#pragma once

#include <cstdint>
#include <string>

namespace dbb::efd {

/// Reads ISO 8601; a Z at the end means UTC, the scale of all others was told.
class InstantReader {
public:
    /// \param scale  tai or utc; empty: every instant must end with Z
    explicit InstantReader(std::string scale) : _scale(std::move(scale)) {}

    /// TAI nanoseconds. \param what  for messages
    /// \throws Error BAD_VALUE; USAGE (exit 2) when nothing tells its scale
    std::int64_t read(std::string const &text, std::string const &what) const;
    /// As read(), of an option. \throws Error USAGE
    std::int64_t option(std::string const &text, std::string const &name) const;

private:
    std::string _scale;
};

/// How many of something a second an option says: more than 0, up to 10^6. \param things  for messages: rows
/// \throws Error USAGE
double rateOption(std::string const &text, std::string const &name, std::string const &things);

/// Nanoseconds of an option that is a duration, as telemetry::durationNs() takes it. \throws Error USAGE,
/// also when it is negative
std::int64_t durationOption(std::string const &text, std::string const &name);

} // namespace dbb::efd
