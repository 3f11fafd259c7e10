/// \file
/// Instants as int64 nanoseconds since 1970-01-01T00:00:00 of their own scale, read and written as ISO 8601.
/// No scale is converted here (that is astro/time_scale.h); a name ending in _tai_ns or _utc_ns says which it
/// is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dbb::common {

inline constexpr std::int64_t nsPerSecond = 1'000'000'000;
inline constexpr std::int64_t nsPerDay = 86'400 * nsPerSecond;

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar; month and day are not checked.
std::int64_t daysFromCivil(int year, int month, int day);

struct Civil {
    int year = 0;
    int month = 0;
    int day = 0;
};
/// The date of a number of days since 1970-01-01.
Civil civilFromDays(std::int64_t days);

/// Days from 1970-01-01 to the date that YYYYMMDD stands for; nullopt when that is none of the years 1970 to
/// 2199, whose nanoseconds int64 can count.
std::optional<std::int64_t> daysFromYyyymmdd(std::int64_t day);

/// YYYYMMDD of a text that is YYYYMMDD or YYYY-MM-DD; nullopt for any other, and as daysFromYyyymmdd().
std::optional<std::int64_t> yyyymmddFrom(std::string_view text);

/// The first and the last day, YYYYMMDD, of one day or of `A..B`, either of which may be left out; days as
/// yyyymmddFrom() takes them. An end that is left out is before, or after, all days. nullopt for anything
/// else; the first may be after the last.
std::optional<std::pair<std::int64_t, std::int64_t>> dayRangeFrom(std::string_view text);

/// `YYYY-MM-DDThh:mm:ss.nnnnnnnnn`, the form of instants in manifests.
std::string isoFromNs(std::int64_t ns);

/// Takes a point and 1 to 9 decimals of a second off the front of `text`, as nanoseconds; 0 when there is no
/// point, -1 when the decimals are none.
std::int64_t takeFraction(std::string_view &text);

/// The inverse of isoFromNs; 0 to 9 decimals. nullopt when the text is anything else, no real date
/// or beyond what int64 can count.
std::optional<std::int64_t> nsFromIso(std::string_view text);

/// The current time, UTC nanoseconds as the system clock counts them (POSIX time).
std::int64_t nowUtcNs();

} // namespace dbb::common
