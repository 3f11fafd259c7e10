#include "astro/time_scale.h"

#include "common/calendar.h"
#include "common/error.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <date/tz.h>
#include <erfa.h>

namespace dbb::astro {

using common::Error;

namespace {

struct Sum {
    double value;
    double error;
};

/// a + b and its exact rounding error (Knuth's two-sum).
Sum twoSum(double a, double b) {
    double const x = a + b;
    double const t = x - a;
    return {x, (a - (x - t)) + (b - t)};
}

/// round-half-even, the default rounding mode.
double roundEven(double v) {
    return std::nearbyint(v);
}

JulianDate splitSum(Sum const &sum) {
    double day = roundEven(sum.value);
    auto const [f, c] = twoSum(sum.value - day, sum.error);
    double const sign = c > 0 ? 1.0 : c < 0 ? -1.0 : 0.0;
    // A tie in f is broken by what lies below it.
    day += f * sign == 0.5 ? roundEven(f + 2 * c) : roundEven(f);
    return {day, (sum.value - day) + sum.error};
}

/// v / 86400 as two doubles.
JulianDate daysFromSeconds(double v) {
    constexpr double divisor = 86400.0;
    double const q1 = v / divisor;
    double const p = q1 * divisor;
    double const pe = std::fma(q1, divisor, -p); // exact error of the product
    auto d = twoSum(v, -p);
    d.error -= pe;
    double const q2 = (d.value + d.error) / divisor;
    return splitSum(twoSum(q1, q2));
}

/// Takes `count` digits from the front of `text`; -1 when there are fewer.
int digits(std::string_view &text, int count) {
    int value = 0;
    if (text.size() < static_cast<std::size_t>(count)) return -1;
    for (int i = 0; i < count; ++i) {
        char const c = text[static_cast<std::size_t>(i)];
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(static_cast<std::size_t>(count));
    return value;
}

bool take(std::string_view &text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

/// The digits behind the point as a fraction of a second; nullopt when something else stands there.
std::optional<double> fractionOf(std::string_view text, bool decimal) {
    for (char const c : text) {
        if (c < '0' || c > '9') return std::nullopt;
    }
    double value = 0;
    if (decimal) {
        if (text.empty()) return value;
        std::string const number = "0." + std::string(text);
        std::from_chars(number.data(), number.data() + number.size(), value);
        return value;
    }
    double unit = 0.1;
    for (char const c : text) {
        value += (c - '0') * unit;
        unit /= 10.0;
    }
    return value;
}

char const *erfaName(Scale scale) {
    return scale == Scale::Utc ? "UTC" : "TAI";
}

} // namespace

JulianDate normalised(double a, double b) {
    return splitSum(twoSum(a, b));
}

JulianDate fromMjd(double mjd) {
    auto const t = normalised(mjd, 0.0);
    return normalised(t.day + 2400000.5, t.fraction);
}

std::string isoText(JulianDate const &t, Scale scale, int decimals) {
    int year = 0, month = 0, day = 0;
    int clock[4] = {};
    if (eraD2dtf(erfaName(scale), decimals, t.day, t.fraction, &year, &month, &day, clock) < 0)
        throw Error("BAD_DATE", "a Julian date lies outside the calendar");
    char out[64];
    std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, clock[0], clock[1],
                  clock[2]);
    std::string text = out;
    if (decimals <= 0) return text;
    std::snprintf(out, sizeof out, ".%0*d", decimals, clock[3]);
    return text + out;
}

double mjdOf(JulianDate const &t) {
    return (t.day - 2400000.5) + t.fraction;
}

std::optional<JulianDate> parseIso(std::string_view text, Scale scale, bool decimal_fraction) {
    int const year = digits(text, 4);
    int const month = take(text, '-') ? digits(text, 2) : -1;
    int const day = take(text, '-') ? digits(text, 2) : -1;
    if (year < 0 || month < 0 || day < 0) return std::nullopt;
    int hour = 0;
    int minute = 0;
    double seconds = 0;
    if (!text.empty()) {
        hour = take(text, 'T') ? digits(text, 2) : -1;
        minute = take(text, ':') ? digits(text, 2) : -1;
        if (hour < 0 || minute < 0) return std::nullopt;
        if (!text.empty()) {
            int const whole = take(text, ':') ? digits(text, 2) : -1;
            if (whole < 0) return std::nullopt;
            seconds = whole;
            if (scale == Scale::Utc && text.ends_with('Z')) {
                text.remove_suffix(1);
                decimal_fraction = true; // the zone makes astropy take its other parser
            }
            if (!text.empty()) {
                if (!take(text, '.')) return std::nullopt;
                auto const fraction = fractionOf(text, decimal_fraction);
                if (!fraction) return std::nullopt;
                seconds += *fraction;
            }
        }
    }
    double d1 = 0;
    double d2 = 0;
    if (eraDtf2d(erfaName(scale), year, month, day, hour, minute, seconds, &d1, &d2) < 0) return std::nullopt;
    return normalised(d1, d2);
}

JulianDate taiFrom(JulianDate const &t, Scale scale) {
    double d1 = t.day;
    double d2 = t.fraction;
    int status = 0;
    if (scale == Scale::Utc) status = eraUtctai(t.day, t.fraction, &d1, &d2);
    if (scale == Scale::Tt) status = eraTttai(t.day, t.fraction, &d1, &d2);
    if (status < 0) throw Error("BAD_DATE", "the date is out of range");
    return normalised(d1, d2);
}

JulianDate utcFromTai(JulianDate const &tai) {
    double d1 = 0;
    double d2 = 0;
    if (eraTaiutc(tai.day, tai.fraction, &d1, &d2) < 0) throw Error("BAD_DATE", "the date is out of range");
    return normalised(d1, d2);
}

JulianDate addSeconds(JulianDate const &t, double seconds) {
    auto const days = daysFromSeconds(seconds);
    auto const again = normalised(days.day, days.fraction);
    return normalised(t.day + again.day, t.fraction + again.fraction);
}

JulianDate addSecondsInUtc(JulianDate const &tai, double seconds) {
    return taiFrom(utcFromTai(addSeconds(tai, seconds)), Scale::Utc);
}

std::int64_t nsFromTai(JulianDate const &tai) {
    auto const t = normalised(tai.day - 2440588.0, tai.fraction + 0.5);
    double const whole = std::floor(t.day);
    // Beyond 250 years there is nothing to tell apart, and int64 would overflow a little later; NaN comes out
    // as early.
    constexpr double far = 92'000;
    constexpr std::int64_t farNs = 92'000 * common::nsPerDay;
    if (whole > far) return farNs;
    if (!(whole >= -far)) return -farNs;
    double const rest = t.fraction + (t.day - whole);
    return static_cast<std::int64_t>(whole) * common::nsPerDay
           + static_cast<std::int64_t>(roundEven(rest * 86400000000000.0));
}

double difference(JulianDate const &a, JulianDate const &b) {
    return (a.day - b.day) + (a.fraction - b.fraction);
}

std::int64_t taiNsFromUtcNs(std::int64_t utc_ns) {
    auto const date = common::civilFromDays(utc_ns / common::nsPerDay);
    double seconds = 0;
    auto const fraction =
        static_cast<double>(utc_ns % common::nsPerDay) / static_cast<double>(common::nsPerDay);
    if (eraDat(date.year, date.month, date.day, fraction, &seconds) < 0) {
        throw Error("BAD_DATE", "the date is out of range");
    }
    return utc_ns + static_cast<std::int64_t>(seconds * 1e9);
}

int pacificOffsetSeconds(JulianDate const &tai) {
    auto const utc = utcFromTai(tai);
    auto const utc_us = (nsFromTai(utc) + 500) / 1000; // the same count of days, in the scale of its argument
    auto const *zone = date::locate_zone("America/Los_Angeles");
    auto const info =
        zone->get_info(date::sys_time<std::chrono::microseconds>(std::chrono::microseconds(utc_us)));
    return -static_cast<int>(info.offset.count());
}

} // namespace dbb::astro
