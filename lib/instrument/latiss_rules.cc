// What differs for LATISS on the Auxiliary Telescope.
#include "common/error.h"
#include "common/text.h"
#include "instrument/rules.h"

#include <algorithm>

namespace dbb::instrument {

namespace {

/// empty, empty_, empty1, empty_1 in any case: nothing in the beam, whatever the slot.
bool isEmptySlot(std::string const &name) {
    auto rest = common::toLower(name);
    if (!rest.starts_with("empty")) return false;
    rest.erase(0, 5);
    if (rest.starts_with('_')) rest.erase(0, 1);
    return std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

/// The first of `cards`; without any the observation can't be told, which a science exposure may not be.
PropertyValue latissObservationId(Translation &t, Rule const &rule) {
    if (auto const *value = t.firstDefined(rule.cards)) return textOf(*value);
    if (isScience(t)) throw missingCards(rule.cards);
    return {};
}

/// The dark time, unless it is shorter than the exposure, which was seen in headers of 2019.
PropertyValue latissDarkTime(Translation &t, Rule const &rule) {
    auto const exposure = t.number(Property::exposure_time);
    if (auto const *value = t.defined(rule.cards[0])) {
        auto const dark = numberOf(*value);
        if (!dark) throw badValue(rule.cards[0], *value, "a number");
        if (*dark >= exposure) return *dark;
        t.warn("dark time " + textOf(*value) + " s is shorter than the exposure time; took the latter");
    } else {
        t.warn("no card " + rule.cards[0] + "; took exposure_time");
    }
    t.because("exposure_time");
    return exposure;
}

/// `cards`: OBSTYPE, IMGTYPE. In the laboratory an object is none of the sky.
PropertyValue latissObservationType(Translation &t, Rule const &rule) {
    if (auto const *value = t.firstDefined(rule.cards)) {
        auto const type = common::toLower(textOf(*value));
        if (type == "object" && !t.boolean(Property::on_mountain)) return std::string("labobject");
        return type == "skyexp" || type == "object" ? std::string("science") : type;
    }
    t.because("exposure_time");
    return std::string(t.number(Property::exposure_time) == 0.0 ? "bias" : "unknown");
}

PropertyValue latissObject(Translation &t, Rule const &rule) {
    if (auto const *value = t.firstDefined(rule.cards)) return textOf(*value);
    if (t.boolean(Property::on_mountain) && isScience(t)) throw missingCards(rule.cards);
    return rule.parameter("default").string();
}

/// <filter>~<grating>. `cards`: FILTER, GRATING.
PropertyValue latissFilter(Translation &t, Rule const &rule) {
    std::string filter = "unknown";
    if (auto const *value = t.defined(rule.cards[0])) {
        filter = textOf(*value);
        if (isEmptySlot(filter)) filter = "empty";
    } else if (auto const &type = t.text(Property::observation_type); type != "bias" && type != "dark") {
        t.warn("no filter in the header");
    }
    std::string grating = "unknown";
    if (auto const *value = t.defined(rule.cards[1])) {
        grating = textOf(*value);
        if (grating.empty() || common::toLower(grating).starts_with("empty")) grating = "empty";
    }
    return filter + "~" + grating;
}

} // namespace dbb::instrument
