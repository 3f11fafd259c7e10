/// \file
/// Times as two-part Julian dates and the scales TAI, UTC and TT. Arithmetic follows astropy's operations one
/// by one, because the Butler compares nanoseconds exactly and a different rounding would be a conflict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dbb::astro {

/// A Julian date as the sum of two doubles; normal form: `day` whole, |fraction| <= 0.5. The scale is the
/// variable's (begin_tai …) or function's.
struct JulianDate {
    double day = 0;
    double fraction = 0;
    bool operator==(JulianDate const &) const = default;
};

enum class Scale { Tai, Utc, Tt };

/// Normal form of a + b, exact but for the last rounding of the fraction.
JulianDate normalised(double a, double b);

/// A Modified Julian Date, any scale.
JulianDate fromMjd(double mjd);

/// Parse `YYYY-MM-DD[Thh:mm[:ss[.f…]]]`.
/// \param decimal_fraction  how the digits behind the point become a double: false, digit by digit as
/// astropy's
///        isot format does; true, correctly rounded as its fits format does
/// \param scale  days of UTC may have a leap second
/// \return nullopt when the text is none or no real date
std::optional<JulianDate> parseIso(std::string_view text, Scale scale, bool decimal_fraction);

/// \throws Error BAD_DATE for instants that the leap second table can't place
JulianDate taiFrom(JulianDate const &t, Scale scale);
JulianDate utcFromTai(JulianDate const &tai);

/// `YYYY-MM-DDThh:mm:ss[.f…]` with that many decimals, rounded, in the calendar of the scale (TAI or UTC).
std::string isoText(JulianDate const &t, Scale scale, int decimals);

/// Modified Julian Date, any scale.
double mjdOf(JulianDate const &t);

/// t + seconds, same scale (no leap seconds: TAI or TT).
JulianDate addSeconds(JulianDate const &t, double seconds);

/// The same of a UTC instant that is given, and returned, as TAI: rounded on the way as a UTC date is.
JulianDate addSecondsInUtc(JulianDate const &tai, double seconds);

/// TAI nanoseconds since 1970-01-01T00:00:00 TAI, as the Butler stores times. Instants more than 250 years
/// away come out as that far away.
std::int64_t nsFromTai(JulianDate const &tai);

/// a - b in days, same scale, sign exact.
double difference(JulianDate const &a, JulianDate const &b);

/// TAI nanoseconds of a UTC instant given as POSIX nanoseconds (the system clock).
std::int64_t taiNsFromUtcNs(std::int64_t utc_ns);

/// Seconds to add to local US Pacific time to get UTC at an instant: 25200 in summer, 28800 in winter.
int pacificOffsetSeconds(JulianDate const &tai);

} // namespace dbb::astro
