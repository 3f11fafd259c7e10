/// \file
/// Time scales of telemetry: which one a source's times are in, and what leap seconds do to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dbb::telemetry {

/// TAI nanoseconds of unix UTC nanoseconds, quickly for times that are near each other.
class TaiFromUtc {
public:
    std::int64_t operator()(std::int64_t utc_ns);

private:
    std::int64_t _from_ns = 0, _to_ns = 0; ///< the day for which the offset is known
    std::int64_t _offset_ns = 0;
};

/// Unix UTC nanoseconds of TAI nanoseconds; an inserted second has the stamps of the one after it.
std::int64_t utcFromTai(std::int64_t tai_ns);

/// TAI nanoseconds of `YYYY-MM-DDThh:mm:ss[.nnnnnnnnn]`, UTC when a Z stands behind it or that is its scale;
/// the seconds of UTC may be 60 where one was inserted. nullopt when it is none, or before 1970 (UTC: before
/// 1972, when it had no whole seconds).
std::optional<std::int64_t> taiFromIso(std::string_view text, bool isUtc);

/// Whether [begin, end), TAI nanoseconds, comes within a second of an inserted second: unix UTC has one stamp
/// for two instants there.
bool isNearLeap(std::int64_t begin_ns, std::int64_t end_ns);

/// The scale that the times of a source are in.
enum class SourceScale {
    Utc,
    Tai,
    Eras, ///< TAI before 2021-10-01, then UTC: the index of the EFD (lsst-efd-client 0.9.0 of 2021-10-05)
};

/// Times that samples and windows may have: from 1970 to 2100, as the time spans of a Butler, so that what is
/// computed from them is within int64. UTC has had whole leap seconds since 1972.
inline constexpr std::int64_t latest_ns = 4'102'444'800'000'000'000;
inline constexpr std::int64_t utcBegin_ns = 63'072'000'000'000'000;
constexpr bool isDated(std::int64_t ns, SourceScale scale = SourceScale::Tai) {
    return ns >= (scale == SourceScale::Utc ? utcBegin_ns : 0) && ns <= latest_ns;
}
constexpr std::string_view notDated(SourceScale scale = SourceScale::Tai) {
    return scale == SourceScale::Utc ? "is not between 1972, when UTC as it is now began, and 2100"
                                     : "is not between 1970 and 2100";
}

/// The scale of that name: utc, tai; eras for any other.
SourceScale scaleNamed(std::string_view name);

/// When the EFD's index became UTC, unix seconds, as far as is known; installations differ.
inline constexpr std::int64_t utcEraBegin_s = 1'633'046'400;

/// Whether the EFD's index was UTC when a row was written as `t_ns`. Components stamp TAI, and the index is
/// made from the same instant, to a second. \param sent_ns  that stamp (private_sndStamp) \return nullopt
/// when the two tell nothing
std::optional<bool> isUtcByStamp(std::int64_t t_ns, std::int64_t sent_ns);

/// The same by the era, where there is no stamp.
bool isUtcByDate(std::int64_t t_ns);

} // namespace dbb::telemetry
