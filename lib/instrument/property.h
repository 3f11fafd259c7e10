/// \file
/// The facts that are read out of a raw header, and their values.
#pragma once

#include "astro/frames.h"
#include "astro/time_scale.h"
#include "common/json.h"
#include "fits/header.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace dbb::instrument {

/// Names are those of the ObservationInfo properties of astro_metadata_translator, but for the last two,
/// which are steps on the way that several rules share. A registry stores those up to can_see_sky; the others
/// stand in sidecars and indexes.
enum class Property {
    observation_id,
    exposure_id,
    observing_day,
    observing_day_offset, ///< integer seconds
    datetime_begin,
    datetime_end,
    exposure_time_requested, ///< seconds
    observation_type,
    physical_filter,
    detector_num,
    exposure_group,
    group_counter_start,
    group_counter_end,
    has_simulated_content,
    observation_counter,
    observation_reason,
    object,
    science_program,
    dark_time, ///< seconds
    visit_id,
    tracking_radec,           ///< ICRS
    boresight_rotation_coord, ///< text
    boresight_rotation_angle, ///< degrees
    altaz_begin,              ///< lon: azimuth, lat: altitude
    can_see_sky,
    exposure_time, ///< seconds, as measured
    detector_group,
    detector_name,
    detector_unique_name,
    detector_serial,
    detector_exposure_id,
    telescope,
    location,
    boresight_airmass,
    focus_z,           ///< metres
    temperature,       ///< kelvin
    pressure,          ///< hectopascal
    relative_humidity, ///< percent
    altaz_end,         ///< as altaz_begin
    on_mountain,
    on_sky,
};
inline constexpr std::size_t propertyCount = static_cast<std::size_t>(Property::on_sky) + 1;

std::string_view nameOf(Property p);
std::optional<Property> propertyNamed(std::string_view name);

/// Value of a property; std::monostate is null. Times are TAI.
using PropertyValue = std::variant<std::monostate, bool, std::int64_t, double, std::string, astro::JulianDate,
                                   astro::Direction, astro::Site>;

/// By Property.
using PropertyValues = std::array<PropertyValue, propertyCount>;

inline bool isNull(PropertyValue const &v) {
    return std::holds_alternative<std::monostate>(v);
}

/// For people: times as ISO TAI, directions and sites as arrays.
common::Json toJson(PropertyValue const &value);

/// Python's ideas of header values, since upstream's rules are written in them.
bool truthy(fits::Value const *value);
/// str(value)
std::string textOf(fits::Value const &value);
/// A number, or a text that holds one; nullopt else.
std::optional<double> numberOf(fits::Value const &value);
/// int(value): an integer, a float cut off, or a text that holds an integer; nullopt else.
std::optional<std::int64_t> integerOf(fits::Value const &value);

} // namespace dbb::instrument
