// When an exposure began and ended. Times of Rubin headers: headers say TIMESYS, but the begin is read as TAI
// whatever it says, because upstream does and registries compare nanoseconds.
#include "common/calendar.h"
#include "common/error.h"
#include "common/text.h"
#include "instrument/rules.h"

#include <cmath>

namespace dbb::instrument {

using common::Error;

namespace {

astro::JulianDate timeIn(std::string const &card, fits::Value const &value) {
    if (card.starts_with("MJD")) {
        auto const mjd = std::holds_alternative<std::string>(value) ? std::nullopt : numberOf(value);
        if (!mjd || !std::isfinite(*mjd))
            throw badValue(card, value, "a Modified Julian Date as a number", "BAD_DATE");
        return astro::fromMjd(*mjd);
    }
    auto const *text = std::get_if<std::string>(&value);
    auto const tai = text ? astro::parseIso(*text, astro::Scale::Tai, true) : std::nullopt;
    if (!tai) throw badValue(card, value, "a date like 2025-04-23T04:06:33.702", "BAD_DATE");
    return *tai;
}

astro::Scale scaleOf(Translation &t, std::string const &card) {
    auto const *value = t.defined(card);
    if (!value) return astro::Scale::Utc;
    auto const name = common::toLower(textOf(*value));
    if (name == "tai") return astro::Scale::Tai;
    if (name == "utc") return astro::Scale::Utc;
    if (name == "tt") return astro::Scale::Tt;
    throw badValue(card, *value, "TAI, UTC or TT");
}

bool isUtc(Rule const &rule) {
    auto const &scale = rule.parameters["scale"];
    if (scale.isNull() || scale == common::Json("utc")) return !scale.isNull();
    if (scale == common::Json("tai")) return false;
    throw Error("BAD_TABLE", "rule " + rule.name + ": scale is " + scale.dump() + ", expected utc or tai",
                common::ExitCode::Usage);
}

} // namespace

/// The first of `cards` that has a value: MJD… as a Modified Julian Date, others as ISO; TAI, or what `scale`
/// says.
PropertyValue firstDate(Translation &t, Rule const &rule) {
    if (auto const [card, value] = t.firstNamed(rule.cards); value) {
        bool const utc = isUtc(rule);
        t.because("card " + card + ", read as " + (utc ? "UTC" : "TAI"));
        return astro::taiFrom(timeIn(card, *value), utc ? astro::Scale::Utc : astro::Scale::Tai);
    }
    throw Error("NO_DATE", "none of the cards " + common::join(rule.cards, ", ") + " has a value")
        .cause({.card = rule.cards.front(), .value = {}, .expected = "a date"});
}

/// The first of `cards` as ISO text in the scale that `scale_card` names (UTC when it is undefined); else
/// begin plus exposure time, and the begin when that time is negative.
PropertyValue endDate(Translation &t, Rule const &rule) {
    for (auto const &card : rule.cards) {
        auto const *value = t.defined(card);
        if (!value) continue;
        auto const scale = scaleOf(t, rule.parameter("scale_card").string());
        auto const *text = std::get_if<std::string>(value);
        auto const time = text ? astro::parseIso(*text, scale, false) : std::nullopt;
        if (!time) throw badValue(card, *value, "a date like 2025-04-23T04:06:33.702", "BAD_DATE");
        t.because("card " + card);
        return astro::taiFrom(*time, scale);
    }
    auto const &begin = t.time(Property::datetime_begin);
    auto const seconds = t.number(Property::exposure_time);
    t.because("begin plus exposure time");
    if (seconds < 0) return begin;
    auto const utc = isUtc(t.table().rules[static_cast<std::size_t>(Property::datetime_begin)]);
    return utc ? astro::addSecondsInUtc(begin, seconds) : astro::addSeconds(begin, seconds);
}

/// The date (TAI) of the begin minus the offset.
PropertyValue dayOfBegin(Translation &t, Rule const & /*rule*/) {
    auto const tai_ns = astro::nsFromTai(t.time(Property::datetime_begin))
                        - t.integer(Property::observing_day_offset) * common::nsPerSecond;
    auto const date = common::civilFromDays(tai_ns / common::nsPerDay);
    return std::int64_t{date.year} * 10000 + date.month * 100 + date.day;
}

/// The date (UTC) of the begin as text.
PropertyValue dateOfBegin(Translation &t, Rule const & /*rule*/) {
    auto const utc = astro::utcFromTai(t.time(Property::datetime_begin));
    return astro::isoText(utc, astro::Scale::Utc, 0).substr(0, 10);
}

/// Seconds between midnight TAI and the start of the observing day: `value` from the month `since` (YYYYMM of
/// the begin, TAI) on. Before that the camera was in California, whose days begin at local midnight.
PropertyValue offsetByMonth(Translation &t, Rule const &rule) {
    auto const &begin = t.time(Property::datetime_begin);
    // The month is read off the time as text with milliseconds.
    auto const tai_ms = (astro::nsFromTai(begin) + 500'000) / 1'000'000;
    auto const date = common::civilFromDays(tai_ms / 86'400'000);
    if (date.year * 100 + date.month >= rule.parameter("since").integer()) {
        return rule.parameter("value").integer();
    }
    t.because("laboratory in California");
    return std::int64_t{astro::pacificOffsetSeconds(begin)};
}

} // namespace dbb::instrument
