// What differs for simulated images.
#include "common/error.h"
#include "common/text.h"
#include "instrument/rules.h"

#include <algorithm>
#include <cmath>

namespace dbb::instrument {

using common::Error;

namespace {

/// \throws Error NULL_VALUE when the property has no value
template<typename T>
T const &needed(Translation &t, Property p) {
    auto const *value = std::get_if<T>(&t.get(p));
    if (!value) throw Error("NULL_VALUE", std::string(nameOf(p)) + " has no value");
    return *value;
}

astro::Direction horizonOfTracking(Translation &t) {
    t.because("from tracking_radec");
    return astro::altAzFromIcrs(needed<astro::Direction>(t, Property::tracking_radec),
                                t.time(Property::datetime_begin), needed<astro::Site>(t, Property::location));
}

} // namespace

/// `value`, for files that were made for the Rubin Observatory; else null.
PropertyValue simulatedTelescope(Translation &t, Rule const &rule) {
    auto const *file = t.defined("OUTFILE");
    bool const ours = (file && textOf(*file).starts_with("lsst")) || t.present("LSST_NUM");
    if (!ours) return {};
    return rule.parameter("value").string();
}

/// The site of the telescope, when there is one; else null.
PropertyValue simulatedSite(Translation &t, Rule const &rule) {
    if (isNull(t.get(Property::telescope))) return {};
    auto const &place = rule.parameter("default").array();
    return astro::siteFromGeodetic(place[0].number(), place[1].number(), place[2].number());
}

/// Horizon coordinates of a science image. `cards`: hour angle, declination, degrees; else from
/// tracking_radec.
PropertyValue hourAngle(Translation &t, Rule const &rule) {
    if (!isScience(t)) return {};
    auto const *angle = t.defined(rule.cards[0]);
    auto const *declination = t.defined(rule.cards[1]);
    if (!angle || !declination) return horizonOfTracking(t);
    return astro::altAzFromHourAngle({numberIn(rule.cards[0], *angle), numberIn(rule.cards[1], *declination)},
                                     needed<astro::Site>(t, Property::location));
}

/// Horizon coordinates. `cards`: zenith distance, azimuth, degrees; else from tracking_radec.
PropertyValue zenithDistance(Translation &t, Rule const &rule) {
    auto const *zenith = t.defined(rule.cards[0]);
    auto const *azimuth = t.defined(rule.cards[1]);
    if (!zenith || !azimuth) return horizonOfTracking(t);
    auto const altitude = std::clamp(90.0 - numberIn(rule.cards[0], *zenith), 0.0, 90.0);
    return astro::Direction{astro::wrapDegrees(numberIn(rule.cards[1], *azimuth)), altitude};
}

/// As lsst_altaz; without `cards`, but with both cards of `radec`, a place in the north at the altitude that
/// the airmass gives: 1/sin(altitude).
PropertyValue altAzOrAirmass(Translation &t, Rule const &rule) {
    if (t.defined(rule.cards[0]) && t.defined(rule.cards[1])) return lsstAltAz(t, rule);
    for (auto const &card : rule.parameter("radec").array()) {
        if (!t.defined(card.string())) return {};
    }
    if (!t.boolean(Property::on_sky)) {
        t.because("no airmass off the sky");
        return astro::Direction{0.0, 45.0};
    }
    auto const &card = rule.parameter("airmass").string();
    auto const *airmass = t.defined(card);
    if (!airmass) throw missingCards({card});
    t.because("card " + card);
    return astro::Direction{0.0, std::asin(1.0 / numberIn(card, *airmass)) * astro::radiansToDegrees};
}

/// <filter>_sim_<version of the throughputs>: PKGnn is throughputs, VERnn their version.
PropertyValue imsimFilter(Translation &t, Rule const &rule) {
    auto const *filter = t.defined(rule.cards[0]);
    if (!filter) throw missingCards(rule.cards);
    for (auto const &card : t.header().cards()) {
        if (!card.key.starts_with("PKG") || card.value != fits::Value(std::string("throughputs"))) continue;
        auto const &version = t.needed("VER" + card.key.substr(3));
        return textOf(*filter) + "_sim_" + std::string(common::strip(textOf(version)));
    }
    t.warn("no card says which throughputs were used; took " + rule.cards[0] + " alone");
    return textOf(*filter);
}

} // namespace dbb::instrument
