#include "instrument/property.h"

#include "common/calendar.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace dbb::instrument {

using common::Json;

namespace {

constexpr std::array<std::string_view, propertyCount> names{
    "observation_id",
    "exposure_id",
    "observing_day",
    "observing_day_offset",
    "datetime_begin",
    "datetime_end",
    "exposure_time_requested",
    "observation_type",
    "physical_filter",
    "detector_num",
    "exposure_group",
    "group_counter_start",
    "group_counter_end",
    "has_simulated_content",
    "observation_counter",
    "observation_reason",
    "object",
    "science_program",
    "dark_time",
    "visit_id",
    "tracking_radec",
    "boresight_rotation_coord",
    "boresight_rotation_angle",
    "altaz_begin",
    "can_see_sky",
    "exposure_time",
    "detector_group",
    "detector_name",
    "detector_unique_name",
    "detector_serial",
    "detector_exposure_id",
    "telescope",
    "location",
    "boresight_airmass",
    "focus_z",
    "temperature",
    "pressure",
    "relative_humidity",
    "altaz_end",
    "on_mountain",
    "on_sky",
};

struct ToJson {
    Json operator()(std::monostate) const { return {}; }
    Json operator()(astro::JulianDate const &t) const { return common::isoFromNs(astro::nsFromTai(t)); }
    Json operator()(astro::Direction const &d) const { return Json::Array{d.lon_deg, d.lat_deg}; }
    Json operator()(astro::Site const &s) const { return Json::Array{s.x_m, s.y_m, s.z_m}; }
    template<typename T>
    Json operator()(T const &v) const {
        return Json(v);
    }
};

template<typename T>
std::optional<T> parsed(std::string_view text) {
    text = common::strip(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    T out{};
    auto const [p, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (ec != std::errc() || p != text.data() + text.size()) return std::nullopt;
    return out;
}

} // namespace

std::string_view nameOf(Property p) {
    return names[static_cast<std::size_t>(p)];
}

std::optional<Property> propertyNamed(std::string_view name) {
    auto const at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) return std::nullopt;
    return static_cast<Property>(at - names.begin());
}

Json toJson(PropertyValue const &value) {
    return std::visit(ToJson{}, value);
}

bool truthy(fits::Value const *value) {
    if (!value) return false;
    if (auto const *b = std::get_if<bool>(value)) return *b;
    if (auto const *i = std::get_if<std::int64_t>(value)) return *i != 0;
    if (auto const *d = std::get_if<double>(value)) return *d != 0; // NaN counts as true, as in Python
    if (auto const *s = std::get_if<std::string>(value)) return !s->empty();
    return false;
}

std::string textOf(fits::Value const &value) {
    if (auto const *b = std::get_if<bool>(&value)) return *b ? "True" : "False";
    if (auto const *i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
    if (auto const *s = std::get_if<std::string>(&value)) return *s;
    if (auto const *d = std::get_if<double>(&value)) {
        if (!std::isfinite(*d)) return std::isnan(*d) ? "nan" : *d < 0 ? "-inf" : "inf";
        std::string out;
        common::appendDouble(out, *d);
        return out;
    }
    return "None";
}

std::optional<double> numberOf(fits::Value const &value) {
    if (auto const *b = std::get_if<bool>(&value)) return *b ? 1.0 : 0.0;
    if (auto const *i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
    if (auto const *d = std::get_if<double>(&value)) return *d;
    if (auto const *s = std::get_if<std::string>(&value)) return parsed<double>(*s);
    return std::nullopt;
}

std::optional<std::int64_t> integerOf(fits::Value const &value) {
    if (auto const *b = std::get_if<bool>(&value)) return *b ? 1 : 0;
    if (auto const *i = std::get_if<std::int64_t>(&value)) return *i;
    if (auto const *s = std::get_if<std::string>(&value)) return parsed<std::int64_t>(*s);
    if (auto const *d = std::get_if<double>(&value); d && std::abs(*d) < 9e18) {
        return static_cast<std::int64_t>(*d);
    }
    return std::nullopt;
}

} // namespace dbb::instrument
