// Hyper Suprime-Cam on the Subaru Telescope.
#include "common/calendar.h"
#include "common/error.h"
#include "common/text.h"
#include "instrument/rules.h"

#include <algorithm>
#include <array>
#include <map>

namespace dbb::instrument {

using common::Error;

namespace {

bool isDigits(std::string_view text) {
    return !text.empty()
           && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// HSC, a letter and eight digits; nullopt else.
struct Frame {
    char letter = 'A';
    std::string digits;
};
std::optional<Frame> frameOf(std::string_view text) {
    constexpr std::string_view prefix = "HSC";
    constexpr std::size_t length = 12;
    if (text.size() != length || !text.starts_with(prefix)) return std::nullopt;
    char const letter = text[prefix.size()];
    auto const digits = text.substr(prefix.size() + 1);
    if (letter < 'A' || letter > 'Z' || !isDigits(digits)) return std::nullopt;
    return Frame{letter, std::string(digits)};
}

std::int64_t numberOfFrame(char letter, std::int64_t number) {
    constexpr std::int64_t perLetter = 1'000'000;
    return number + perLetter * (letter - 'A');
}

std::string neededText(Translation &t, std::string const &card, std::string const &expected) {
    return textIn(card, t.needed(card), expected);
}

/// Sign, whole units, minutes and seconds as one number of units; nullopt when the text is something else.
std::optional<double> sexagesimal(std::string text) {
    text = common::strip(text);
    double const sign = text.starts_with('-') ? -1.0 : 1.0;
    if (text.starts_with('-') || text.starts_with('+')) text.erase(0, 1);
    std::replace(text.begin(), text.end(), ':', ' ');
    std::array<double, 3> part{};
    auto const words = common::split(text, ' ');
    if (words.size() != part.size()) return std::nullopt;
    for (std::size_t i = 0; i < part.size(); ++i) {
        auto const number = numberOf(words[i]);
        if (!number || !(*number >= 0)) return std::nullopt;
        part[i] = *number;
    }
    return sign * (part[0] + part[1] / 60.0 + part[2] / 3600.0);
}

} // namespace

/// Exposures are numbered by EXP-ID, in an older or a newer scheme; where the older one gives nothing, by
/// FRAMEID, of which the two halves of the camera have two. `cards`: EXP-ID, FRAMEID.
PropertyValue hscExposureId(Translation &t, Rule const &rule) {
    std::string const expected =
        "HSCE and eight digits, or HSC, a letter and eight digits of which the last are 00";
    auto const text = std::string(common::strip(neededText(t, rule.cards[0], expected)));
    auto const frame = frameOf(text);
    if (frame && frame->letter == 'E') return *integerOf(frame->digits);
    if (!frame || !frame->digits.ends_with("00")) throw badValue(rule.cards[0], text, expected);
    auto const number = *integerOf(frame->digits.substr(0, 6));
    if (number != 0) return numberOfFrame(frame->letter, number);
    t.because("card " + rule.cards[1]);
    auto const other = std::string(common::strip(neededText(t, rule.cards[1], "a frame like HSCA12345678")));
    auto const own = frameOf(other);
    if (!own) throw badValue(rule.cards[1], other, "a frame like HSCA12345678");
    auto const half = *integerOf(own->digits.substr(0, 6));
    return numberOfFrame(own->letter, half - half % 2);
}

/// The sensor's number; for two weeks of January 2013 some cables were swapped. `cards`: DET-ID, MJD.
PropertyValue hscDetector(Translation &t, Rule const &rule) {
    static std::map<std::int64_t, std::int64_t> const swapped{{112, 106}, {107, 105}, {113, 107},
                                                              {115, 109}, {108, 110}, {114, 108}};
    constexpr std::int64_t firstDay = 55927; // 2012-01-01
    auto const &value = t.needed(rule.cards[0]);
    auto const number = integerOf(value);
    if (!number) throw badValue(rule.cards[0], value, "a number from 0 to 111");
    auto const &date = t.needed(rule.cards[1]);
    auto const mjd = integerOf(date);
    if (!mjd) throw badValue(rule.cards[1], date, "a Modified Julian Date as a number");
    auto const day = *mjd - firstDay;
    auto const at = swapped.find(*number);
    if (day > 390 && day < 405 && at != swapped.end()) {
        t.because("cables were swapped");
        return at->second;
    }
    return *number;
}

PropertyValue hscObservationType(Translation &t, Rule const &rule) {
    auto const type =
        common::toLower(common::strip(neededText(t, rule.cards[0], "a text like OBJECT or BIAS")));
    return type == "object" ? std::string("science") : type;
}

PropertyValue hscFilter(Translation &t, Rule const &rule) {
    auto name = common::toUpper(common::strip(neededText(t, rule.cards[0], "the name of a filter")));
    if (name == "UNRECOGNIZED" || name == "UNRECOGNISED" || name == "NOTSET" || name == "UNKNOWN")
        return std::string("unknown");
    return name == "NONE" ? std::string("empty") : name;
}

/// `cards`: right ascension in hours, declination in degrees, both sexagesimal, ICRS.
PropertyValue sexagesimalRadec(Translation &t, Rule const &rule) {
    // astropy's factor from hours to degrees, one bit below 15.
    constexpr double degreesPerHour = 0x1.dffffffffffffp+3;
    std::array<double, 2> value{};
    for (std::size_t i = 0; i < value.size(); ++i) {
        auto const text = neededText(t, rule.cards[i], "an angle like 21:22:59.982");
        auto const angle = sexagesimal(text);
        if (!angle) throw badValue(rule.cards[i], text, "an angle like 21:22:59.982");
        value[i] = *angle;
    }
    if (value[1] > 90.0 || value[1] < -90.0) throw badValue(rule.cards[1], value[1], "-90 to 90 degrees");
    return astro::Direction{astro::wrapDegrees(value[0] * degreesPerHour), value[1]};
}

/// A date and a time of day, UTC. `cards`: a card that begins with the date, a card with the time.
/// `not_before_end_of`: never earlier than the begin plus this duration.
PropertyValue dateAndClock(Translation &t, Rule const &rule) {
    auto const date = neededText(t, rule.cards[0], "a date like 2013-11-02");
    auto const clock = neededText(t, rule.cards[1], "a time like 09:21:32.713");
    auto const utc = astro::parseIso(date.substr(0, 10) + "T" + clock, astro::Scale::Utc, false);
    if (!utc) {
        throw badValue(rule.cards[1], date.substr(0, 10) + "T" + clock, "a date like 2013-11-02T09:21:32.713",
                       "BAD_DATE");
    }
    auto const tai = astro::taiFrom(*utc, astro::Scale::Utc);
    auto const *duration = rule.parameters.find("not_before_end_of");
    if (!duration) return tai;
    auto const property = propertyNamed(duration->string());
    if (!property)
        throw Error("BAD_TABLE",
                    "rule " + rule.name + ": there is no property \"" + duration->string() + "\"");
    auto const earliest = astro::addSecondsInUtc(t.time(Property::datetime_begin), t.number(*property));
    if (astro::difference(tai, earliest) >= 0) return tai;
    t.because("begin plus " + duration->string());
    return earliest;
}

} // namespace dbb::instrument
