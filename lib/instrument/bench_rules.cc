// What differs for test stands, whose headers name sensors by serial number and exposures by date or file.
#include "common/error.h"
#include "common/text.h"
#include "instrument/rules.h"

#include <algorithm>

namespace dbb::instrument {

using common::Error;

namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

/// All digits among the first `length` characters of the first of `cards` that has a value.
std::int64_t digitsOf(Translation &t, std::vector<std::string> const &cards, std::int64_t length) {
    std::string const expected = "a date like 2018-11-15T12:55:11.149";
    auto const [card, value] = t.firstNamed(cards);
    if (!value) throw missingCards(cards);
    auto digits = textIn(card, *value, expected).substr(0, static_cast<std::size_t>(length));
    std::erase_if(digits, [](char c) { return !isDigit(c); });
    auto const number = integerOf(digits);
    if (!number) throw badValue(card, *value, expected, "BAD_DATE");
    t.because("digits of card " + card);
    return *number;
}

} // namespace

/// The first of `cards` that has a value; the last of them is a file name, which counts without its
/// extension.
PropertyValue nameOrFile(Translation &t, Rule const &rule) {
    auto const [card, value] = t.firstNamed(rule.cards);
    if (!value) throw missingCards(rule.cards);
    t.because("card " + card);
    auto const text = textOf(*value);
    return card == rule.cards.back() ? text.substr(0, text.rfind('.')) : text;
}

/// The digits in the first `length` characters of a date, as a number.
PropertyValue digitsOfDate(Translation &t, Rule const &rule) {
    return digitsOf(t, rule.cards, rule.parameter("length").integer());
}

/// The Rubin rule for files of the camera control that began after `after` (TAI); digits of `date_cards`
/// before.
PropertyValue ts8ExposureId(Translation &t, Rule const &rule) {
    auto const limit = astro::parseIso(rule.parameter("after").string(), astro::Scale::Tai, true);
    if (!limit) throw Error("BAD_TABLE", "rule " + rule.name + ": after is no date", common::ExitCode::Usage);
    bool const unified = astro::difference(t.time(Property::datetime_begin), *limit) > 0;
    if (unified && t.text(Property::observation_id).starts_with("TS_C_")) return lsstExposureId(t, rule);
    std::vector<std::string> cards;
    for (auto const &card : rule.parameter("date_cards").array()) cards.push_back(card.string());
    return digitsOf(t, cards, rule.parameter("length").integer());
}

/// `RTM-` and three digits, wherever they stand in the card.
PropertyValue raftInText(Translation &t, Rule const &rule) {
    constexpr std::string_view mark = "RTM-";
    constexpr std::size_t count = 3;
    auto const &value = t.needed(rule.cards[0]);
    auto const text = textIn(rule.cards[0], value, "a text with RTM-001 or the like");
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        auto const number = text.substr(at + mark.size(), count);
        if (number.size() == count && std::all_of(number.begin(), number.end(), isDigit))
            return std::string(mark) + number;
    }
    throw badValue(rule.cards[0], value, "a text with RTM-001 or the like");
}

/// Raft or name of the detector with the serial number of the card. `give`: raft, name_in_raft. `drop_last`:
/// taken off the end of the card.
PropertyValue detectorOfSerial(Translation &t, Rule const &rule) {
    auto const &value = t.needed(rule.cards[0]);
    auto serial = textOf(value);
    dropLast(serial, rule);
    auto const *detector = t.table().detectorOfSerial(serial);
    if (!detector) {
        throw Error("UNKNOWN_DETECTOR", t.table().name + " has no detector with serial number " + serial)
            .cause({.card = rule.cards[0],
                    .value = textOf(value),
                    .expected = "a detector of " + t.table().name});
    }
    return rule.parameter("give").string() == "raft" ? detector->raft : detector->name_in_raft;
}

/// The filter at a position of the wheel; without that card as joined_filters. `position_card`, `positions`.
PropertyValue filterPosition(Translation &t, Rule const &rule) {
    auto const &card = rule.parameter("position_card").string();
    if (auto const *value = t.present(card)) {
        t.because("card " + card);
        auto const position = integerOf(*value);
        auto const *name = position ? rule.parameter("positions").find(std::to_string(*position)) : nullptr;
        return name ? name->string() : std::string("unknown");
    }
    auto joined = joinedFilters(t, rule);
    bool const unspecified = std::get<std::string>(joined).find("unspecified") != std::string::npos;
    return unspecified ? PropertyValue(std::string("unknown")) : joined;
}

} // namespace dbb::instrument
