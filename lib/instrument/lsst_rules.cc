// Numbers and names of exposures at the Rubin Observatory.
#include "common/calendar.h"
#include "common/checksum.h"
#include "common/error.h"
#include "common/text.h"
#include "instrument/rules.h"

#include <algorithm>
#include <charconv>

namespace dbb::instrument {

using common::Error;

namespace {

constexpr std::string_view controllers = "OCHPQS";
constexpr std::int64_t controllerStep = 10'000'000; // added to the day once per place in `controllers`
constexpr std::int64_t maxSequence = 100'000;

/// Days since which all controllers share one counter, so that their ids need no shift. 0: never.
std::int64_t unifiedAfter(char controller) {
    switch (controller) {
    case 'C': return 20231004;
    case 'P':
    case 'Q':
    case 'S': return 20250417;
    case 'H': return 0;
    default: return -1;
    }
}

/// Number to add to the day for the controller that took the exposure.
std::int64_t controllerShift(Translation &t, std::string const &card, std::int64_t day) {
    auto const *value = t.defined(card);
    if (!value) return 0;
    auto const name = textOf(*value);
    auto const place = controllers.find(name);
    if (place == std::string_view::npos) {
        throw badValue(card, *value, "one of O, C, H, P, Q, S", "UNKNOWN_CONTROLLER");
    }
    auto const limit = name.empty() ? -1 : unifiedAfter(name[0]);
    bool const shifted = limit == 0 || day <= limit;
    return shifted ? static_cast<std::int64_t>(place) * controllerStep : 0;
}

/// YYYYMMDD out of a number, 20250422, 2025-04-22 or 2025-04-22T….
std::int64_t dayOf(std::string const &card, fits::Value const &value) {
    std::string text = std::holds_alternative<std::monostate>(value) ? "" : textOf(value);
    text = text.substr(0, text.find('T'));
    std::erase(text, '-');
    std::int64_t day = 0;
    auto const [p, ec] = std::from_chars(text.data(), text.data() + text.size(), day);
    if (text.size() != 8 || ec != std::errc() || p != text.data() + text.size()) {
        throw badValue(card, value, "a day as YYYYMMDD", "BAD_DAY_OBS");
    }
    return day;
}

std::int64_t sequenceOf(std::string const &card, fits::Value const &value) {
    auto const sequence = integerOf(value);
    if (!sequence || *sequence < 0 || *sequence >= maxSequence) {
        throw badValue(card, value, "a number from 0 to 99999", "BAD_SEQNUM");
    }
    return *sequence;
}

std::int64_t integerIn(std::string const &card, fits::Value const &value) {
    auto const number = integerOf(value);
    if (!number) throw badValue(card, value, "an integer");
    return *number;
}

/// The counter minus the place in the group, plus two numbers. \throws Error BAD_CARD_VALUE when no integer
/// can hold it
std::int64_t placeInGroup(Translation &t, std::string const &card, fits::Value const &value, std::int64_t a,
                          std::int64_t b) {
    std::int64_t out = t.integer(Property::observation_counter);
    bool const fits = !__builtin_sub_overflow(out, integerIn(card, value), &out)
                      && !__builtin_add_overflow(out, a, &out) && !__builtin_add_overflow(out, b, &out);
    if (!fits) throw badValue(card, value, "a place in a group of exposures");
    return out;
}

/// Where a group of exposures begins or ends when the header does not say: at this exposure.
std::int64_t ownCounter(Translation &t) {
    auto const counter = t.integer(Property::observation_counter);
    return counter != 0 ? counter : t.integer(Property::exposure_id);
}

} // namespace

/// Day, controller and sequence number as one integer. `cards`: day, sequence, controller.
PropertyValue lsstExposureId(Translation &t, Rule const &rule) {
    auto const &calibration = rule.parameter("calibration_card").string();
    if (auto const *value = t.present(calibration)) {
        throw Error("CALIBRATION_FILE",
                    "card " + calibration + " is present: the file is a calibration product, no raw")
            .cause({.card = calibration, .value = textOf(*value), .expected = "no such card"});
    }
    auto const &dayCard = t.needed(rule.cards[0]);
    auto const &sequenceCard = t.needed(rule.cards[1]);
    auto const day = dayOf(rule.cards[0], dayCard);
    auto const sequence = sequenceOf(rule.cards[1], sequenceCard);
    return (day + controllerShift(t, rule.cards[2], day)) * maxSequence + sequence;
}

/// Detector, sequence number, days since 2010 and controller of an exposure id in one integer, as the packer
/// of obs_lsst (_packer.py) lays them out.
PropertyValue lsstPackedId(Translation &t, Rule const & /*rule*/) {
    constexpr std::int64_t detectors = 256;
    constexpr std::int64_t sequences = 32768;
    constexpr std::int64_t days = 16384;
    constexpr std::int64_t firstYear = 2010;
    auto const id = t.integer(Property::exposure_id);
    auto const sequence = id % maxSequence;
    auto const controller = id / maxSequence / controllerStep - 2;
    auto const date = common::daysFromYyyymmdd(id / maxSequence - controller * controllerStep);
    auto const detector = t.integer(Property::detector_num);
    auto const day = date.value_or(0) - common::daysFromCivil(firstYear, 1, 1);
    if (day < 0 || day >= days || controller < 0 || sequence >= sequences || detector >= detectors)
        throw Error("BAD_CARD_VALUE", "exposure " + std::to_string(id) + " and detector "
                                          + std::to_string(detector) + " do not fit into one number");
    return detector + detectors * (sequence + sequences * (day + days * controller));
}

/// A pressure in hectopascal, or in pascal when it is too large for that; null without one.
PropertyValue pressure(Translation &t, Rule const &rule) {
    constexpr double mostHectopascal = 10'000;
    auto const *value = t.defined(rule.cards[0]);
    if (!value) return {};
    auto const number = numberIn(rule.cards[0], *value);
    return number > mostHectopascal ? number * 0.01 : number;
}

PropertyValue lsstObservingDay(Translation &t, Rule const &rule) {
    if (auto const *value = t.defined(rule.cards[0])) {
        auto const day = integerOf(*value);
        if (!day) throw badValue(rule.cards[0], *value, "a day as YYYYMMDD", "BAD_DAY_OBS");
        return *day;
    }
    t.because("date of the begin minus the offset");
    return dayOfBegin(t, rule);
}

PropertyValue lsstCounter(Translation &t, Rule const &rule) {
    if (auto const *value = t.defined(rule.cards[0])) return integerIn(rule.cards[0], *value);
    t.warn("no card " + rule.cards[0] + "; observation_counter is 0");
    return std::int64_t{0};
}

/// `cards`: place in the group, from 1.
PropertyValue lsstGroupStart(Translation &t, Rule const &rule) {
    if (auto const *place = t.defined(rule.cards[0])) {
        return placeInGroup(t, rule.cards[0], *place, 1, 0);
    }
    return ownCounter(t);
}

/// `cards`: place in the group, number of exposures in the group.
PropertyValue lsstGroupEnd(Translation &t, Rule const &rule) {
    auto const *place = t.defined(rule.cards[0]);
    auto const *size = t.defined(rule.cards[1]);
    if (place && size) {
        return placeInGroup(t, rule.cards[0], *place, 0, integerIn(rule.cards[1], *size));
    }
    return ownCounter(t);
}

/// The group as the header names it, else the exposure id.
PropertyValue lsstGroup(Translation &t, Rule const &rule) {
    if (auto const *value = t.defined(rule.cards[0])) return textOf(*value);
    t.because("exposure_id");
    return std::to_string(t.integer(Property::exposure_id));
}

PropertyValue numberOfGroup(Translation &t, Rule const & /*rule*/) {
    return groupNumber(t.text(Property::exposure_group));
}

std::int64_t groupNumber(std::string const &group) {
    if (auto const number = integerOf(group)) return *number;
    // YYYY-MM-DDThh:mm:ss.fff with an optional +N or #N: seconds since 2015, milliseconds, N.
    constexpr std::size_t dateLength = 23;
    auto const date = group.substr(0, dateLength);
    auto const rest = group.substr(std::min(group.size(), dateLength));
    auto const ns = date.size() == dateLength && date[19] == '.' ? common::nsFromIso(date) : std::nullopt;
    bool const counted = rest.size() > 1 && (rest[0] == '+' || rest[0] == '#')
                         && rest.find_first_not_of("0123456789", 1) == std::string::npos;
    if (ns && (rest.empty() || counted)) {
        auto const seconds =
            (*ns - common::daysFromCivil(2015, 1, 1) * common::nsPerDay) / common::nsPerSecond;
        auto count = counted ? rest.substr(1) : std::string("0");
        if (count.size() < 4) count.insert(0, 4 - count.size(), '0');
        if (auto const number = integerOf(std::to_string(seconds) + date.substr(20) + count)) return *number;
    }
    auto const digest = common::toHex(common::blake2b(group));
    std::int64_t hash = 0;
    std::from_chars(digest.data(), digest.data() + 14, hash, 16);
    auto const length = std::to_string(group.size());
    auto const text = std::to_string(hash) + (length.size() < 2 ? "0" : "") + length;
    auto const number = integerOf(text);
    if (!number) throw Error("BAD_CARD_VALUE", "group \"" + group + "\" gives a number beyond 64 bits");
    return *number;
}

/// What the camera was doing, in lower case; images of the sky are science.
PropertyValue lsstObservationType(Translation &t, Rule const &rule) {
    auto const &value = t.needed(rule.cards[0]);
    auto const type = common::toLower(textIn(rule.cards[0], value, "a text like OBJECT, BIAS, DARK, FLAT"));
    return type == "skyexp" || type == "object" ? std::string("science") : type;
}

bool isScience(Translation &t) {
    return t.text(Property::observation_type) == "science";
}

PropertyValue lsstReason(Translation &t, Rule const &rule) {
    if (auto const *value = t.firstDefined(rule.cards)) return common::toLower(textOf(*value));
    t.because("observation_type");
    return std::string(isScience(t) ? "science" : "unknown");
}

/// Any part of the observatory that says it was simulated, or a controller that takes simulated images.
PropertyValue lsstSimulated(Translation &t, Rule const & /*rule*/) {
    for (auto const &card : t.header().cards()) {
        if (card.key.find("SIMULATE") != std::string::npos && truthy(t.present(card.key))) {
            t.because("card " + card.key);
            return true;
        }
    }
    auto const *controller = t.defined("CONTRLLR");
    return controller && std::string_view("HPQS").find(textOf(*controller)) != std::string_view::npos;
}

} // namespace dbb::instrument
