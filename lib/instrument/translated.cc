#include "instrument/translated.h"

#include "common/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

namespace dbb::instrument {

using common::Error;
using common::Json;

namespace {

enum class Kind { Text, Integer, Boolean, Number, Time, Direction, Site };

struct Entry {
    Property property;
    Kind kind;
};

/// In the order of upstream's text.
constexpr std::array entries{
    Entry{Property::telescope, Kind::Text},
    // The instrument has its place here; it is the table's name and no property of the header.
    Entry{Property::location, Kind::Site},
    Entry{Property::exposure_id, Kind::Integer},
    Entry{Property::visit_id, Kind::Integer},
    Entry{Property::physical_filter, Kind::Text},
    Entry{Property::datetime_begin, Kind::Time},
    Entry{Property::datetime_end, Kind::Time},
    Entry{Property::exposure_time, Kind::Number},
    Entry{Property::exposure_time_requested, Kind::Number},
    Entry{Property::dark_time, Kind::Number},
    Entry{Property::boresight_airmass, Kind::Number},
    Entry{Property::boresight_rotation_angle, Kind::Number},
    Entry{Property::boresight_rotation_coord, Kind::Text},
    Entry{Property::detector_num, Kind::Integer},
    Entry{Property::detector_name, Kind::Text},
    Entry{Property::detector_unique_name, Kind::Text},
    Entry{Property::detector_serial, Kind::Text},
    Entry{Property::detector_group, Kind::Text},
    Entry{Property::detector_exposure_id, Kind::Integer},
    Entry{Property::focus_z, Kind::Number},
    Entry{Property::object, Kind::Text},
    Entry{Property::temperature, Kind::Number},
    Entry{Property::pressure, Kind::Number},
    Entry{Property::relative_humidity, Kind::Number},
    Entry{Property::tracking_radec, Kind::Direction},
    Entry{Property::altaz_begin, Kind::Direction},
    Entry{Property::altaz_end, Kind::Direction},
    Entry{Property::science_program, Kind::Text},
    Entry{Property::observation_type, Kind::Text},
    Entry{Property::observation_id, Kind::Text},
    Entry{Property::observation_reason, Kind::Text},
    Entry{Property::exposure_group, Kind::Text},
    Entry{Property::observing_day, Kind::Integer},
    Entry{Property::observing_day_offset, Kind::Integer},
    Entry{Property::observation_counter, Kind::Integer},
    Entry{Property::has_simulated_content, Kind::Boolean},
    Entry{Property::group_counter_start, Kind::Integer},
    Entry{Property::group_counter_end, Kind::Integer},
    Entry{Property::can_see_sky, Kind::Boolean},
};

struct ToForm {
    Kind kind;

    Json operator()(std::monostate) const { return {}; }
    Json operator()(astro::JulianDate const &t) const { return Json::Array{t.day, t.fraction}; }
    Json operator()(astro::Direction const &d) const { return Json::Array{d.lon_deg, d.lat_deg}; }
    Json operator()(astro::Site const &s) const { return Json::Array{s.x_m, s.y_m, s.z_m}; }
    Json operator()(std::int64_t v) const {
        return kind == Kind::Number ? Json(static_cast<double>(v)) : Json(v);
    }
    template<typename T>
    Json operator()(T const &v) const {
        return Json(v);
    }
};

Error wrongKind(Property p, Json const &value, std::string const &expected) {
    return Error("BAD_SIDECAR", std::string(nameOf(p)) + " is " + value.dump() + ", expected " + expected);
}

/// A list of that many numbers.
template<std::size_t n>
std::array<double, n> numbersOf(Property p, Json const &value) {
    std::array<double, n> out{};
    bool good = value.isArray() && value.array().size() == n;
    for (std::size_t i = 0; good && i < n; ++i) {
        good = value.array()[i].isNumber();
        if (good) out[i] = value.array()[i].number();
    }
    if (!good) throw wrongKind(p, value, "a list of " + std::to_string(n) + " numbers");
    return out;
}

/// jq prints 3.0 for 3, and 3 for 3.0.
std::int64_t integerOf(Property p, Json const &value) {
    if (value.isInt()) return value.integer();
    constexpr double most = 9e15;
    if (value.isDouble() && std::abs(value.number()) < most && std::trunc(value.number()) == value.number())
        return static_cast<std::int64_t>(value.number());
    throw wrongKind(p, value, "an integer");
}

PropertyValue valueOf(Entry const &entry, Json const &value) {
    auto const p = entry.property;
    if (value.isNull()) return {};
    switch (entry.kind) {
    case Kind::Text:
        if (value.isString()) return value.string();
        throw wrongKind(p, value, "a text");
    case Kind::Integer: return integerOf(p, value);
    case Kind::Boolean:
        if (value.isBool()) return value.boolean();
        throw wrongKind(p, value, "true or false");
    case Kind::Number:
        if (value.isNumber()) return value.number();
        throw wrongKind(p, value, "a number");
    case Kind::Time: {
        auto const [day, fraction] = numbersOf<2>(p, value);
        if (!std::isfinite(day + fraction)) throw wrongKind(p, value, "a Julian date");
        return astro::normalised(day, fraction);
    }
    case Kind::Direction: {
        auto const [longitude, latitude] = numbersOf<2>(p, value);
        return astro::Direction{longitude, latitude};
    }
    case Kind::Site: {
        auto const [x, y, z] = numbersOf<3>(p, value);
        return astro::Site{x, y, z};
    }
    }
    return {};
}

PropertyValue &at(PropertyValues &values, Property p) {
    return values[static_cast<std::size_t>(p)];
}

} // namespace

Json translatedForm(Table const &table, PropertyValues const &properties) {
    Json out;
    out.set("_translator", table.translator);
    for (auto const &[property, kind] : entries) {
        if (property == Property::location) out.set("instrument", table.name);
        auto const &value = properties[static_cast<std::size_t>(property)];
        if (!isNull(value)) out.set(nameOf(property), std::visit(ToForm{kind}, value));
    }
    return out;
}

PropertyValues propertiesOf(Json const &form, PropertyValues start) {
    static auto const byName = [] {
        std::unordered_map<std::string_view, Entry const *> out;
        for (auto const &entry : entries) out.emplace(nameOf(entry.property), &entry);
        return out;
    }();
    auto &out = start;
    for (auto const &[name, value] : form.object()) {
        if (name == "_translator" || name == "instrument" || name == "__CONTENT__") continue;
        auto const entry = byName.find(name);
        if (entry == byName.end()) throw Error("BAD_SIDECAR", "there is no property \"" + name + "\"");
        at(out, entry->second->property) = valueOf(*entry->second, value);
    }
    for (auto const counter : {Property::group_counter_start, Property::group_counter_end}) {
        if (isNull(at(out, counter))) at(out, counter) = at(out, Property::observation_counter);
    }
    if (isNull(at(out, Property::has_simulated_content))) at(out, Property::has_simulated_content) = false;
    return start;
}

} // namespace dbb::instrument
