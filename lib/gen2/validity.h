/// \file
/// Validity ranges of calibrations: what Gen2's registry has as days becomes spans of TAI, and gaps and
/// overlaps that its conventions left are closed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dbb::gen2 {

/// The validity of one calibration, as the registry has it and as Gen3 gets it.
struct Validity {
    enum class State {
        Good,
        BadText, ///< a day is none, for example `None`, or the end comes before the begin
        Overlap, ///< ranges of this data ID overlap by more than a convention can explain
    };

    std::string start; ///< YYYY-MM-DD
    std::string end;
    State state = State::Good;
    std::optional<std::int64_t> begin_tai_ns; ///< nullopt: unbounded
    std::optional<std::int64_t> end_tai_ns;
    std::optional<std::size_t> overlaps; ///< one of the list that overlaps with this one
    std::vector<std::string> adjusted;   ///< clamp_begin, clamp_end, gap_closed, overlap_removed
};

/// Which midnights the registry's days begin with.
enum class DayScale { Tai, Utc };

/// Work out the ranges of all calibrations of one dataset type and data ID. The begin of each is kept; where
/// one ends less than 1.001 days before or after the next begins, it ends there. Where an overlap is longer,
/// all become State::Overlap, since nobody knows which is wrong.
void settle(std::vector<Validity> &ofOneDataId, DayScale scale);

} // namespace dbb::gen2
