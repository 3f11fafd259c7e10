#include "telemetry/instants.h"

#include "astro/time_scale.h"
#include "common/calendar.h"

namespace dbb::telemetry {

namespace {

std::int64_t offsetAtUtc(std::int64_t utc_ns) {
    return astro::taiNsFromUtcNs(utc_ns) - utc_ns;
}

std::int64_t offsetAtTai(std::int64_t tai_ns) {
    return offsetAtUtc(tai_ns - offsetAtUtc(tai_ns));
}

} // namespace

std::int64_t TaiFromUtc::operator()(std::int64_t utc_ns) {
    if (utc_ns < _from_ns || utc_ns >= _to_ns) {
        // Leap seconds stand at the ends of days.
        auto const day = utc_ns / common::nsPerDay - (utc_ns % common::nsPerDay < 0 ? 1 : 0);
        _from_ns = day * common::nsPerDay;
        _to_ns = _from_ns + common::nsPerDay;
        _offset_ns = offsetAtUtc(_from_ns);
    }
    return utc_ns + _offset_ns;
}

bool isNearLeap(std::int64_t begin_ns, std::int64_t end_ns) {
    return offsetAtTai(begin_ns - common::nsPerSecond) != offsetAtTai(end_ns + 2 * common::nsPerSecond - 1);
}

} // namespace dbb::telemetry
