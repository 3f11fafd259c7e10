// Where a telescope of the Rubin Observatory looked.
#include "common/error.h"
#include "common/text.h"
#include "instrument/rules.h"

#include <algorithm>
#include <cmath>

namespace dbb::instrument {

using common::Error;

namespace {

bool controllerIsPhosim(Translation &t) {
    auto const *value = t.defined("CONTRLLR");
    return value && *value == fits::Value(std::string("H"));
}

/// Headers whose begin was repaired carry the file's own date as their begin.
bool dateWasRepaired(Translation &t) {
    auto const *begin = t.present("DATE-OBS");
    auto const *written = t.present("DATE");
    return begin && written && *begin == *written;
}

astro::Direction fromHorizon(Translation &t) {
    auto const &altaz = t.get(Property::altaz_begin);
    auto const *direction = std::get_if<astro::Direction>(&altaz);
    if (!direction) throw Error("NULL_VALUE", "altaz_begin has no value");
    auto const &where = t.get(Property::location);
    auto const *telescope = std::get_if<astro::Site>(&where);
    if (!telescope) throw Error("NULL_VALUE", "location has no value");
    return astro::icrsFromAltAz(*direction, t.time(Property::datetime_begin), *telescope);
}

/// The pair of cards that has both values, as ICRS; null for a moving target or when there is no pair.
PropertyValue fromCelestialCards(Translation &t, Rule const &rule) {
    auto const *frameCard = t.defined("RADESYS");
    auto const frame = frameCard ? common::toLower(common::strip(textOf(*frameCard))) : std::string("icrs");
    if (frame == "gappt") {
        t.because("RADESYS GAPPT: geocentric apparent, a moving target");
        return {};
    }
    for (std::size_t i = 0; i + 1 < rule.cards.size(); i += 2) {
        auto const *ra = t.defined(rule.cards[i]);
        auto const *dec = t.defined(rule.cards[i + 1]);
        if (!ra || !dec) continue;
        astro::Direction const given{numberIn(rule.cards[i], *ra), numberIn(rule.cards[i + 1], *dec)};
        if (given.lat_deg > 90.0 || given.lat_deg < -90.0)
            throw badValue(rule.cards[i + 1], *dec, "-90 to 90 degrees");
        t.because(rule.cards[i] + ", " + rule.cards[i + 1] + " in " + frame);
        if (frame == "icrs") return astro::Direction{astro::wrapDegrees(given.lon_deg), given.lat_deg};
        if (frame == "fk5") return astro::icrsFromFk5({astro::wrapDegrees(given.lon_deg), given.lat_deg});
        throw badValue("RADESYS", *frameCard, "ICRS, FK5 or GAPPT");
    }
    if (isScience(t)) throw missingCards(rule.cards);
    t.because("no coordinates");
    return {};
}

} // namespace

/// `not_on_sky`: types of observation that see no sky, wherever the telescope points.
PropertyValue lsstOnSky(Translation &t, Rule const &rule) {
    auto const *tracking = t.defined(rule.cards[0]);
    if (tracking && common::toLower(textOf(*tracking)) == "local") return false;
    if (isOneOf(t.text(Property::observation_type), rule.parameter("not_on_sky"))) return false;
    return t.boolean(Property::on_mountain);
}

/// `cards`: pairs of right ascension and declination, degrees, best first. `not_tracking`: types that do not
/// track (darks may be taken while tracking).
PropertyValue lsstTracking(Translation &t, Rule const &rule) {
    if (isOneOf(t.text(Property::observation_type), rule.parameter("not_tracking"))) {
        t.because("observation_type");
        return {};
    }
    if (auto const *system = t.defined("TRACKSYS"); system && *system != fits::Value(std::string("RADEC"))) {
        t.because("TRACKSYS is not RADEC");
        return {};
    }
    try {
        if (dateWasRepaired(t)) {
            t.because("from altaz_begin: the begin date was repaired");
            return fromHorizon(t);
        }
        return fromCelestialCards(t, rule);
    } catch (Error const &e) {
        if (t.boolean(Property::on_sky)) throw;
        t.because(e.message() + "; not on sky");
        return {};
    }
}

/// As lsst_tracking, whatever the type of observation and the tracking.
PropertyValue celestial(Translation &t, Rule const &rule) {
    return fromCelestialCards(t, rule);
}

/// `cards`: azimuth, elevation, degrees. `or_null`: nothing when one of them is missing, also for a science
/// exposure. `unless`: a card that says the same of another one that is there without the elevation.
PropertyValue lsstAltAz(Translation &t, Rule const &rule) {
    if (!t.boolean(Property::on_mountain)) return {};
    if (auto const *wrong = rule.parameters.find("unless");
        wrong && t.present(wrong->string()) && !t.present(rule.cards[1]))
        return {};
    auto const *az = t.defined(rule.cards[0]);
    auto const *el = t.defined(rule.cards[1]);
    if (controllerIsPhosim(t) && !(az && el)) return {};
    if (az && el) {
        auto const azimuth = numberIn(rule.cards[0], *az);
        auto const elevation = numberIn(rule.cards[1], *el);
        // Values beyond what an axis can reach come from an encoder that is not ready.
        if (azimuth >= -360.0 && elevation >= -90.0) {
            return astro::Direction{astro::wrapDegrees(azimuth), std::clamp(elevation, -5.55, 90.0)};
        }
    }
    auto const *orNull = rule.parameters.find("or_null");
    bool const mayLack = orNull && orNull->boolean() && !(az && el);
    if (isScience(t) && !mayLack) throw missingCards(rule.cards);
    return {};
}

/// The first of `cards` that has a value; else one over the sine of the altitude; null off the sky.
PropertyValue lsstAirmass(Translation &t, Rule const &rule) {
    if (!t.boolean(Property::on_sky)) return {};
    if (auto const [card, value] = t.firstNamed(rule.cards); value) {
        t.because("card " + card);
        return numberIn(card, *value);
    }
    if (auto const *altaz = std::get_if<astro::Direction>(&t.get(Property::altaz_begin))) {
        t.because("from altaz_begin");
        return 1.0 / std::sin(altaz->lat_deg * astro::degreesToRadians);
    }
    t.warn("nothing to tell the airmass by; took 1");
    return 1.0;
}

PropertyValue lsstRotationCoord(Translation &t, Rule const &rule) {
    if (!t.boolean(Property::on_sky)) return std::string("unknown");
    auto const *value = t.defined(rule.cards[0]);
    return value ? textOf(*value) : std::string("unknown");
}

/// The first of `cards`, degrees as they stand; else `default`, but a science exposure must have it.
PropertyValue lsstRotationAngle(Translation &t, Rule const &rule) {
    for (auto const &card : rule.cards) {
        auto const *value = t.defined(card);
        if (!value) continue;
        auto const angle = numberIn(card, *value);
        bool const isNaN = angle != angle;
        t.because(isNaN ? "default" : "card " + card);
        return isNaN ? rule.parameter("default").number() : angle;
    }
    if (t.boolean(Property::on_mountain) && isScience(t)) throw missingCards(rule.cards);
    t.because("default");
    return rule.parameter("default").number();
}

/// `cards`: shutter time, vignetting. `by_type`: fall back on the type of observation. `only_on_mountain`:
/// false elsewhere.
PropertyValue lsstCanSeeSky(Translation &t, Rule const &rule) {
    auto const &onMountain = rule.parameters["only_on_mountain"];
    if (onMountain.isBool() && onMountain.boolean() && !t.boolean(Property::on_mountain)) {
        t.because("not on the mountain");
        return false;
    }
    if (auto const *shutter = t.defined(rule.cards[0]); shutter && numberOf(*shutter) == 0.0) {
        t.because("the shutter stayed closed");
        return false;
    }
    if (auto const *vignetting = t.defined(rule.cards[1])) {
        auto const word = textOf(*vignetting);
        t.because("card " + rule.cards[1]);
        if (word == "UNKNOWN") return {};
        return word != "FULLY";
    }
    if (rule.parameter("by_type").boolean() || controllerIsPhosim(t)) {
        auto const &type = t.text(Property::observation_type);
        t.because("observation_type");
        if (type == "science" || type == "object") return true;
        if (type == "bias" || type == "dark" || type == "flat") return false;
    }
    return {};
}

} // namespace dbb::instrument
