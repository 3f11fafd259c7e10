// Rules that would suit any camera: cards, quantities, constants, detectors by name.
#include "common/error.h"
#include "common/text.h"
#include "instrument/rules.h"

#include <algorithm>
#include <cmath>

namespace dbb::instrument {

using common::Error;
using common::Json;

namespace {

PropertyValue fromJson(Json const &value) {
    if (value.isBool()) return value.boolean();
    if (value.isInt()) return value.integer();
    if (value.isDouble()) return value.number();
    if (value.isString()) return value.string();
    return {};
}

bool isNaN(fits::Value const &value) {
    auto const *d = std::get_if<double>(&value);
    return d && std::isnan(*d);
}

double inUnit(double number, Rule const &rule) {
    if (auto const *factor = rule.parameters.find("factor")) number *= factor->number();
    if (auto const *add = rule.parameters.find("add")) number += add->number();
    return number;
}

} // namespace

bool isOneOf(std::string const &word, Json const &words) {
    auto const &list = words.array();
    return std::any_of(list.begin(), list.end(), [&](Json const &w) { return w == Json(word); });
}

void dropLast(std::string &text, Rule const &rule) {
    auto const *last = rule.parameters.find("drop_last");
    if (last && text.ends_with(last->string())) text.resize(text.size() - last->string().size());
}

/// The same whatever the header says. `value`
PropertyValue constant(Translation & /*t*/, Rule const &rule) {
    return fromJson(rule.parameter("value"));
}

/// What another property is. `of`
PropertyValue copyOfProperty(Translation &t, Rule const &rule) {
    return t.get(*rule.of);
}

/// The first of `cards` that has a value, as text; else `default` (an error when there is none). `drop_last`:
/// taken off the end of the card.
PropertyValue firstCard(Translation &t, Rule const &rule) {
    auto const *fallback = rule.parameters.find("default");
    auto const [card, value] = t.firstNamed(rule.cards);
    if (value && !(fallback && isNaN(*value))) {
        t.because("card " + card);
        auto text = textOf(*value);
        dropLast(text, rule);
        return text;
    }
    if (!fallback) throw missingCards(rule.cards);
    t.because("default");
    return fromJson(*fallback);
}

/// The first of `cards` that has a value, as a number times `factor`, plus `add`; else `default`. A NaN
/// counts as no value when there is a default.
PropertyValue quantity(Translation &t, Rule const &rule) {
    auto const *fallback = rule.parameters.find("default");
    auto const [card, value] = t.firstNamed(rule.cards);
    if (value) {
        auto const number = numberIn(card, *value);
        if (!fallback || !isNaN(*value)) {
            t.because("card " + card);
            return inUnit(number, rule);
        }
    }
    if (!fallback) throw missingCards(rule.cards);
    t.because("default");
    if (fallback->isNull()) return {};
    t.warn("none of the cards " + common::join(rule.cards, ", ") + " has a value; took the default");
    return fallback->number();
}

/// The first of `cards` that has a value, as a number; else another property. `of`
PropertyValue quantityOrProperty(Translation &t, Rule const &rule) {
    if (auto const [card, value] = t.firstNamed(rule.cards); value) {
        t.because("card " + card);
        return numberIn(card, *value);
    }
    t.warn("no card " + common::join(rule.cards, ", ") + "; took " + std::string(nameOf(*rule.of)));
    t.because(std::string(nameOf(*rule.of)));
    return t.get(*rule.of);
}

/// A card when it is positive; else another property. The shutter time is 0 when the shutter stayed closed,
/// but the sensors were exposed to their dark current all the same.
PropertyValue positiveOrProperty(Translation &t, Rule const &rule) {
    if (auto const [card, value] = t.firstNamed(rule.cards); value) {
        if (auto const number = numberIn(card, *value); number > 0) {
            t.because("card " + card);
            return number;
        }
    }
    t.because(std::string(nameOf(*rule.of)));
    return t.get(*rule.of);
}

/// True when none of `cards` is there.
PropertyValue cardsAbsent(Translation &t, Rule const &rule) {
    for (auto const &card : rule.cards) {
        if (t.present(card)) return false;
    }
    return true;
}

/// True when the exposure began after the UTC instant `after`.
PropertyValue beginAfter(Translation &t, Rule const &rule) {
    auto const &text = rule.parameter("after").string();
    auto const utc = astro::parseIso(text, astro::Scale::Utc, false);
    if (!utc) throw Error("BAD_TABLE", "rule after: \"" + text + "\" is no date", common::ExitCode::Usage);
    bool const after =
        astro::difference(t.time(Property::datetime_begin), astro::taiFrom(*utc, astro::Scale::Utc)) > 0;
    t.because("begin is " + std::string(after ? "" : "not ") + "after " + text + " UTC");
    return after;
}

/// True for simulated data (first card is `controller`), which pretend to be on the mountain, and after
/// `after`.
PropertyValue simulatedOrAfter(Translation &t, Rule const &rule) {
    auto const *value = t.defined(rule.cards.front());
    if (value && *value == fits::Value(rule.parameter("controller").string())) {
        t.because("controller " + rule.parameter("controller").string());
        return true;
    }
    return beginAfter(t, rule);
}

/// A card that must hold an integer.
PropertyValue integerCard(Translation &t, Rule const &rule) {
    auto const &value = t.needed(rule.cards[0]);
    auto const number = integerOf(value);
    if (!number) throw badValue(rule.cards[0], value, "an integer");
    return *number;
}

/// An integer property as text. `of`
PropertyValue textOfProperty(Translation &t, Rule const &rule) {
    return std::to_string(t.integer(*rule.of));
}

/// An integer property times `times`, plus the detector's number. `of`
PropertyValue timesPlusDetector(Translation &t, Rule const &rule) {
    std::int64_t out = 0;
    bool const fits = !__builtin_mul_overflow(t.integer(*rule.of), rule.parameter("times").integer(), &out)
                      && !__builtin_add_overflow(out, t.integer(Property::detector_num), &out);
    if (!fits) throw Error("BAD_CARD_VALUE", "the number of exposure and detector is beyond 64 bits");
    return out;
}

/// `from` minus the first of `cards`, in [0, 360) degrees.
PropertyValue angleFrom(Translation &t, Rule const &rule) {
    auto const [card, value] = t.firstNamed(rule.cards);
    if (!value) throw missingCards(rule.cards);
    t.because("card " + card);
    return astro::wrapDegrees(rule.parameter("from").number() - numberIn(card, *value));
}

/// `cards`: azimuth and altitude, degrees.
PropertyValue altAzCards(Translation &t, Rule const &rule) {
    auto const azimuth = numberIn(rule.cards[0], t.needed(rule.cards[0]));
    auto const altitude = numberIn(rule.cards[1], t.needed(rule.cards[1]));
    return astro::Direction{astro::wrapDegrees(azimuth), std::clamp(altitude, 0.0, 90.0)};
}

/// What the type of observation says. `true`, `false`: lists of types; null for others.
PropertyValue byObservationType(Translation &t, Rule const &rule) {
    auto const &type = t.text(Property::observation_type);
    for (bool const answer : {true, false}) {
        if (isOneOf(type, rule.parameter(answer ? "true" : "false"))) return answer;
    }
    return {};
}

/// Number of the detector whose full name is <detector_group>_<detector_name>.
PropertyValue detectorBySlot(Translation &t, Rule const & /*rule*/) {
    auto const group = t.text(Property::detector_group);
    auto const name = group + "_" + t.text(Property::detector_name);
    auto const *detector = t.table().detectorNamed(name);
    if (!detector) {
        throw Error("UNKNOWN_DETECTOR", t.table().name + " has no detector " + name)
            .cause(
                {.card = "RAFTBAY, CCDSLOT", .value = name, .expected = "a detector of " + t.table().name});
    }
    return std::int64_t{detector->id};
}

/// <detector_group>_<detector_name>, the name alone without a group.
PropertyValue groupAndName(Translation &t, Rule const & /*rule*/) {
    auto const &name = t.text(Property::detector_name);
    if (isNull(t.get(Property::detector_group))) return name;
    return t.text(Property::detector_group) + "_" + name;
}

/// What stands before or behind the _ in the full name of the detector. `give`: group, name
PropertyValue partOfDetector(Translation &t, Rule const &rule) {
    auto const number = t.integer(Property::detector_num);
    for (auto const &detector : t.table().detectors()) {
        if (detector.id != number) continue;
        auto const cut = std::min(detector.full_name.find('_'), detector.full_name.size());
        if (rule.parameter("give").string() == "group") return detector.full_name.substr(0, cut);
        return detector.full_name.substr(std::min(cut + 1, detector.full_name.size()));
    }
    throw Error("UNKNOWN_DETECTOR", t.table().name + " has no detector " + std::to_string(number));
}

/// Filters in the order of the light: all cards that have a value, joined with ~. `drop_last`: parts taken
/// off the end.
PropertyValue joinedFilters(Translation &t, Rule const &rule) {
    std::vector<std::string> names;
    for (auto const &card : rule.cards) {
        if (auto const *value = t.defined(card)) names.push_back(textOf(*value));
    }
    auto out = names.empty() ? std::string("unknown") : common::join(names, "~");
    for (auto at = out.find("NONE"); at != std::string::npos; at = out.find("NONE"))
        out.replace(at, 4, "none");
    if (auto const *last = rule.parameters.find("drop_last")) {
        while (!last->string().empty() && out.ends_with(last->string()))
            out.resize(out.size() - last->string().size());
    }
    return out;
}

/// Longitude and latitude in degrees, height in metres. `value`
PropertyValue fixedSite(Translation & /*t*/, Rule const &rule) {
    auto const &place = rule.parameter("value").array();
    if (place.size() != 3) throw std::bad_variant_access();
    return astro::siteFromGeodetic(place[0].number(), place[1].number(), place[2].number());
}

/// Where the telescope stands: geocentric cards in metres when all three are numbers, else the geodetic
/// `default`; null off the mountain.
PropertyValue site(Translation &t, Rule const &rule) {
    if (!t.boolean(Property::on_mountain)) return {};
    std::vector<double> xyz;
    for (auto const &card : rule.cards) {
        auto const *value = t.defined(card);
        if (value && !std::holds_alternative<std::string>(*value)) xyz.push_back(*numberOf(*value));
    }
    if (xyz.size() == 3) return astro::Site{xyz[0], xyz[1], xyz[2]};
    auto const &fallback = rule.parameter("default").array();
    t.because("default site");
    return astro::siteFromGeodetic(fallback[0].number(), fallback[1].number(), fallback[2].number());
}

} // namespace dbb::instrument
