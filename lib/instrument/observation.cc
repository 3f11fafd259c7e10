#include "instrument/observation.h"

#include "common/calendar.h"
#include "common/error.h"
#include "instrument/translation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace dbb::instrument {

using common::Error;
using common::Json;

namespace {

/// Instants outside are stored as unbounded: 1970-01-01 and 2100-01-01, TAI.
constexpr std::int64_t minNs = 0;
constexpr std::int64_t maxNs = 4'102'444'800'000'000'000;

/// The order decides which of several mistakes is reported: identity first.
constexpr std::array required{
    Property::observation_id,        Property::exposure_id,         Property::observing_day,
    Property::detector_num,          Property::datetime_begin,      Property::exposure_time_requested,
    Property::datetime_end,          Property::observation_type,    Property::physical_filter,
    Property::exposure_group,        Property::group_counter_start, Property::group_counter_end,
    Property::has_simulated_content,
};

constexpr std::array optional{
    Property::observation_counter,
    Property::observation_reason,
    Property::object,
    Property::science_program,
    Property::dark_time,
    Property::visit_id,
    Property::tracking_radec,
    Property::boresight_rotation_coord,
    Property::boresight_rotation_angle,
    Property::altaz_begin,
    Property::can_see_sky,
    Property::observing_day_offset,
};

/// Whether JSON can hold the value. The last double stands for all numbers beyond (see common/json.h).
bool isStorable(PropertyValue const &value) {
    auto const *number = std::get_if<double>(&value);
    return !number || std::abs(*number) < std::numeric_limits<double>::max();
}

std::string notFinite(PropertyValue const &value) {
    return "the value is " + textOf(std::get<double>(value)) + ", which is no finite number";
}

Rule const &ruleOf(Translation const &t, Property p) {
    return t.table().rules[static_cast<std::size_t>(p)];
}

/// A rule that has no card to go by says why; one that gives null has found none of its cards.
Error nullValue(Translation const &t, Property p) {
    if (t.isGiven()) return Error("MISSING_PROPERTY", "it is required and not there");
    auto const &rule = ruleOf(t, p);
    return rule.cards.empty() ? Error("NULL_VALUE", "there is no value")
                              : missingCards(rule.cards, "NULL_VALUE");
}

/// \throws Error of the property, its name in front, when it has no value that can be stored
void require(Translation &t, Property p) {
    try {
        auto const &value = t.get(p);
        if (isNull(value)) throw nullValue(t, p);
        if (!isStorable(value)) throw Error("BAD_CARD_VALUE", notFinite(value));
    } catch (Error const &e) {
        throw e.saying(std::string(nameOf(p)) + ": " + e.message());
    }
}

/// Evaluate everything; the first required property that fails decides.
void evaluate(Translation &t) {
    for (auto const p : required) require(t, p);
    for (auto const p : optional) {
        if (auto const &value = t.optional(p); !isStorable(value))
            t.warn(std::string(nameOf(p)) + " left empty: " + notFinite(value));
    }
}

Json instant(std::int64_t ns) {
    if (ns <= minNs || ns >= maxNs) return {};
    return common::isoFromNs(ns);
}

Json timespan(std::int64_t begin_ns, std::int64_t end_ns) {
    Json out;
    out.set("begin_tai", instant(begin_ns));
    return out.set("end_tai", instant(end_ns));
}

/// An instant of the exposure, unbounded where a registry can't hold it, as upstream.
std::int64_t storable(Translation &t, Property p) {
    auto const ns = astro::nsFromTai(t.time(p));
    if (ns < minNs || ns > maxNs)
        t.warn(std::string(nameOf(p)) + " lies outside the years 1970 to 2099 and was left open");
    return std::clamp(ns, minNs, maxNs);
}

/// The header's own words when the begin was read off a card.
Error outOfRange(Translation &t) {
    std::string const code = "DATE_OUT_OF_RANGE";
    std::string const expected = "an instant from 1970 to 2099";
    auto const [card, value] = t.firstNamed(ruleOf(t, Property::datetime_begin).cards);
    if (value) return badValue(card, *value, expected, code);
    auto const begin = toJson(t.get(Property::datetime_begin)).string();
    return Error(code, "the exposure begins at " + begin + ", expected " + expected)
        .cause({.column = "timespan", .value = begin, .expected = expected});
}

/// Half-open [begin, end); an end before the begin counts as the begin, and nothing is shorter than 1 ns.
Json exposureTimespan(Translation &t) {
    auto const begin = storable(t, Property::datetime_begin);
    auto end = storable(t, Property::datetime_end);
    if (end < begin) {
        t.warn("the exposure ends before it begins; its end was set to the begin");
        end = begin;
    }
    if (end == begin) {
        if (begin == minNs || begin == maxNs) throw outOfRange(t);
        ++end;
    }
    return timespan(begin, end);
}

Json dayTimespan(Translation &t, std::int64_t day) {
    auto const &offset = t.optional(Property::observing_day_offset);
    if (isNull(offset)) return {};
    auto const midnight = common::daysFromYyyymmdd(day);
    if (!midnight) {
        auto const year = day / 10000;
        bool const tooFar = day <= 99991231 && (year >= 2200 || (year >= 1000 && year < 1970));
        throw Error(tooFar ? "DATE_OUT_OF_RANGE" : "BAD_DAY_OBS",
                    "observing_day: " + std::to_string(day)
                        + (tooFar ? " lies outside the years 1970 to 2199" : " is no date"))
            .cause({.column = "day_obs", .value = std::to_string(day), .expected = "YYYYMMDD"});
    }
    auto const begin =
        *midnight * common::nsPerDay + t.integer(Property::observing_day_offset) * common::nsPerSecond;
    return timespan(begin, begin + common::nsPerDay);
}

/// Sky angle: only of tracked exposures whose rotator angle is one on the sky.
Json skyAngle(Translation &t) {
    if (isNull(t.optional(Property::tracking_radec))) return {};
    if (t.optional(Property::boresight_rotation_coord) != PropertyValue(std::string("sky"))) return {};
    auto const &angle = t.optional(Property::boresight_rotation_angle);
    if (isNull(angle)) {
        throw Error("NO_ROTATION", "the exposure tracks and ROTCOORD is sky, but there is no rotation angle")
            .cause({.card = "ROTPA", .value = {}, .expected = "an angle in degrees"});
    }
    return toJson(angle);
}

Json numberOrNull(PropertyValue const &value) {
    if (!isStorable(value)) return {};
    auto const json = toJson(value);
    return json.isInt() ? Json(json.number()) : json;
}

struct Horizon {
    Json azimuth;
    Json zenith_angle;
};

Horizon horizon(Translation &t) {
    auto const &value = t.optional(Property::altaz_begin);
    auto const *altaz = std::get_if<astro::Direction>(&value);
    if (!altaz) return {};
    return {altaz->lon_deg, 90.0 - altaz->lat_deg};
}

Json exposureRecord(Translation &t, Observation const &o) {
    auto const &radec = t.optional(Property::tracking_radec);
    auto const *tracking = std::get_if<astro::Direction>(&radec);
    auto const [azimuth, zenith] = horizon(t);
    Json out;
    out.set("instrument", o.instrument)
        .set("id", o.exposure)
        .set("day_obs", t.integer(Property::observing_day));
    out.set("group", t.text(Property::exposure_group)).set("physical_filter", o.physical_filter);
    out.set("obs_id", t.text(Property::observation_id));
    out.set("exposure_time", t.number(Property::exposure_time_requested));
    out.set("dark_time", numberOrNull(t.optional(Property::dark_time)));
    out.set("observation_type", t.text(Property::observation_type));
    out.set("observation_reason", toJson(t.optional(Property::observation_reason)));
    out.set("seq_num", toJson(t.optional(Property::observation_counter)));
    out.set("seq_start", t.integer(Property::group_counter_start));
    out.set("seq_end", t.integer(Property::group_counter_end));
    out.set("target_name", toJson(t.optional(Property::object)));
    out.set("science_program", toJson(t.optional(Property::science_program)));
    out.set("tracking_ra", tracking ? Json(tracking->lon_deg) : Json());
    out.set("tracking_dec", tracking ? Json(tracking->lat_deg) : Json());
    out.set("sky_angle", skyAngle(t));
    out.set("azimuth", azimuth).set("zenith_angle", zenith);
    out.set("has_simulated", t.boolean(Property::has_simulated_content));
    out.set("can_see_sky", toJson(t.optional(Property::can_see_sky)));
    return out.set("timespan", exposureTimespan(t));
}

Json explainChanges(Corrected const &corrected) {
    Json::Array out;
    for (auto const &change : corrected.changes) {
        Json entry;
        entry.set("card", change.card);
        if (!change.added) entry.set("old", fits::toJson(change.old_value));
        out.push_back(entry.set("new", fits::toJson(change.new_value)).set("by", change.by));
    }
    return out;
}

Json explainProperty(Translation const &t, Rule const &rule, Property p, PropertyValue const *value) {
    auto const &trace = t.trace(p);
    Json out;
    if (value) out.set("value", toJson(*value));
    if (!trace.error.empty()) out.set("error", trace.error);
    out.set("rule", rule.name);
    if (!trace.because.empty()) out.set("because", trace.because);
    Json cards{Json::Object{}};
    for (auto const &[key, content] : trace.cards) cards.set(key, fits::toJson(content));
    out.set("cards", cards);
    auto list = [](std::vector<std::string> const &names) {
        return Json(Json::Array(names.begin(), names.end()));
    };
    if (!trace.absent.empty()) out.set("absent", list(trace.absent));
    if (!trace.properties.empty()) out.set("properties", list(trace.properties));
    return out;
}

Json explanation(Translation &t, Corrected const &corrected) {
    Json properties{Json::Object{}};
    for (std::size_t i = 0; i < propertyCount; ++i) {
        auto const p = static_cast<Property>(i);
        auto const &rule = t.table().rules[i];
        if (!t.known(p) || !rule.function) continue;
        PropertyValue const *value = nullptr;
        if (t.trace(p).error.empty()) value = &t.get(p);
        properties.set(nameOf(p), explainProperty(t, rule, p, value));
    }
    Json out;
    out.set("instrument", t.table().name);
    out.set("corrections", explainChanges(corrected));
    if (!corrected.file.empty()) out.set("correction_file", corrected.file);
    return out.set("properties", properties);
}

} // namespace

namespace {

Observation recordsOf(Translation &t) {
    Observation out;
    out.table = &t.table();
    out.instrument = t.table().name;
    evaluate(t);
    out.exposure = t.integer(Property::exposure_id);
    out.detector = t.integer(Property::detector_num);
    out.physical_filter = t.text(Property::physical_filter);
    out.group.set("instrument", out.instrument).set("name", t.text(Property::exposure_group));
    auto const day = t.integer(Property::observing_day);
    out.day_obs.set("instrument", out.instrument).set("id", day).set("timespan", dayTimespan(t, day));
    out.exposure_record = exposureRecord(t, out);
    return out;
}

PropertyValues allProperties(Translation &t) {
    PropertyValues out;
    for (std::size_t i = 0; i < propertyCount; ++i) out[i] = t.optional(static_cast<Property>(i));
    return out;
}

/// The remedy of a header's error names the file that would correct it.
Error withCorrectionFile(Error e, Translation &t) {
    // A correction sets cards and takes none away, and a calibration is told by the presence of one.
    if (e.code() == "CALIBRATION_FILE") return e;
    auto const &id = t.optional(Property::observation_id);
    if (!e.hint().empty() || isNull(id)) return e;
    return e.hint("correct the header with a file " + t.table().name + "-" + std::get<std::string>(id)
                  + ".yaml in the folder of --corrections");
}

} // namespace

Observation observe(Table const &table, fits::Header &header, CorrectionSources const &sources,
                    Wanted const &wanted) {
    auto const corrected = correct(table, header, sources);
    auto *const explain = wanted.explain;
    Translation t(table, header, explain != nullptr);
    try {
        auto out = recordsOf(t);
        if (wanted.properties) out.properties = allProperties(t);
        out.warnings = corrected.warnings;
        out.warnings.insert(out.warnings.end(), t.warnings().begin(), t.warnings().end());
        if (explain) *explain = explanation(t, corrected);
        return out;
    } catch (Error const &e) {
        if (explain) *explain = explanation(t, corrected);
        throw withCorrectionFile(e, t);
    }
}

Observation observeTranslated(Table const &table, PropertyValues const &values) {
    Translation t(table, values);
    auto out = recordsOf(t);
    out.warnings = t.warnings();
    return out;
}

namespace {

Identity identityOf(Translation &t) {
    require(t, Property::observation_id);
    require(t, Property::detector_num);
    return {&t.table(), t.text(Property::observation_id), t.integer(Property::detector_num), t.warnings()};
}

} // namespace

Identity identify(Table const &table, fits::Header &header, CorrectionSources const &sources) {
    auto const corrected = correct(table, header, sources);
    Translation t(table, header);
    try {
        auto out = identityOf(t);
        out.warnings.insert(out.warnings.begin(), corrected.warnings.begin(), corrected.warnings.end());
        return out;
    } catch (Error const &e) {
        throw withCorrectionFile(e, t);
    }
}

Identity identifyTranslated(Table const &table, PropertyValues const &values) {
    Translation t(table, values);
    return identityOf(t);
}

} // namespace dbb::instrument
