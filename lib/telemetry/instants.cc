#include "telemetry/instants.h"

#include "astro/time_scale.h"
#include "common/calendar.h"

#include <cmath>

namespace dbb::telemetry {

namespace {

/// Begin of the day; also of those before 1970.
std::int64_t dayOf(std::int64_t ns) {
    return (ns / common::nsPerDay - (ns % common::nsPerDay < 0 ? 1 : 0)) * common::nsPerDay;
}

// Leap seconds stand at the ends of days.
std::int64_t offsetAtUtc(std::int64_t utc_ns) {
    auto const day_ns = dayOf(utc_ns);
    return astro::taiNsFromUtcNs(day_ns) - day_ns;
}

std::int64_t offsetAtTai(std::int64_t tai_ns) {
    return offsetAtUtc(tai_ns - offsetAtUtc(tai_ns));
}

} // namespace

std::int64_t TaiFromUtc::operator()(std::int64_t utc_ns) {
    if (utc_ns < _from_ns || utc_ns >= _to_ns) {
        _from_ns = dayOf(utc_ns);
        _to_ns = _from_ns + common::nsPerDay;
        _offset_ns = offsetAtUtc(_from_ns);
    }
    return utc_ns + _offset_ns;
}

std::int64_t utcFromTai(std::int64_t tai_ns) {
    return tai_ns - offsetAtTai(tai_ns);
}

std::optional<std::int64_t> taiFromIso(std::string_view text, bool isUtc) {
    if (text.ends_with('Z')) {
        text.remove_suffix(1);
        isUtc = true;
    }
    std::string written(text);
    // 23:59:60 is a second after 23:59:59.
    constexpr std::size_t secondsAt = 17;
    bool const isInserted = isUtc && written.size() >= secondsAt + 2 && written.compare(14, 5, "59:60") == 0;
    if (isInserted) written.replace(secondsAt, 2, "59");
    auto const ns = common::nsFromIso(written);
    if (!ns || *ns < (isUtc ? utcBegin_ns : 0)) return std::nullopt;
    if (!isUtc) return *ns;
    auto const offset_ns = offsetAtUtc(*ns);
    if (!isInserted) return *ns + offset_ns;
    if (offsetAtUtc(*ns + common::nsPerSecond) != offset_ns + common::nsPerSecond) return std::nullopt;
    return *ns + offset_ns + common::nsPerSecond;
}

bool isNearLeap(std::int64_t begin_ns, std::int64_t end_ns) {
    return offsetAtTai(begin_ns - common::nsPerSecond) != offsetAtTai(end_ns + 2 * common::nsPerSecond - 1);
}

SourceScale scaleNamed(std::string_view name) {
    return name == "utc" ? SourceScale::Utc : name == "tai" ? SourceScale::Tai : SourceScale::Eras;
}

std::optional<bool> isUtcByStamp(std::int64_t t_ns, std::int64_t sent_ns) {
    auto const difference_s = static_cast<double>(sent_ns - t_ns) / 1e9;
    auto const offset_s = static_cast<double>(TaiFromUtc()(t_ns) - t_ns) / 1e9;
    if (std::fabs(difference_s) <= 1) return false;
    return std::fabs(difference_s - offset_s) <= 1 ? std::optional(true) : std::nullopt;
}

bool isUtcByDate(std::int64_t t_ns) {
    return t_ns >= utcEraBegin_s * 1'000'000'000;
}

} // namespace dbb::telemetry
