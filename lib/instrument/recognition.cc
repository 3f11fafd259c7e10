#include "common/text.h"
#include "instrument/rules.h"

#include <algorithm>

namespace dbb::instrument {

namespace {

/// The text of a card, nullptr when it is absent or no text.
std::string const *textCard(fits::Header const &header, std::string_view key) {
    auto const *value = header.find(key);
    return value ? std::get_if<std::string>(value) : nullptr;
}

bool isSimonyi(std::string const &telescope) {
    return telescope == "Simonyi Survey Telescope" || telescope == "LSST";
}

} // namespace

/// A card is one of some words. `present`: other cards that must be there. `and`: a second test of this kind.
bool cardIs(fits::Header const &header, common::Json const &parameters) {
    auto const *value = textCard(header, parameters["card"].string());
    if (!value) return false;
    bool const fold = parameters["ignore_case"].isBool() && parameters["ignore_case"].boolean();
    auto const given = fold ? common::toLower(*value) : *value;
    if (!isOneOf(given, parameters["values"])) return false;
    if (auto const *others = parameters.find("present")) {
        for (auto const &card : others->array()) {
            if (!header.find(card.string())) return false;
        }
    }
    auto const *more = parameters.find("and");
    return !more || cardIs(header, *more);
}

/// The first of `cards` that is there decides: it is one of `values`. Never when the card `unless` is there.
bool firstCardIs(fits::Header const &header, common::Json const &parameters) {
    if (header.find(parameters["unless"].string())) return false;
    for (auto const &card : parameters["cards"].array()) {
        if (!header.find(card.string())) continue;
        auto const *value = textCard(header, card.string());
        return value && isOneOf(*value, parameters["values"]);
    }
    return false;
}

/// Any of `cards` begins with `prefix`. Never when the card `unless` is there.
bool cardBegins(fits::Header const &header, common::Json const &parameters) {
    if (header.find(parameters["unless"].string())) return false;
    auto const &cards = parameters["cards"].array();
    return std::any_of(cards.begin(), cards.end(), [&](common::Json const &card) {
        auto const *value = textCard(header, card.string());
        return value && value->starts_with(parameters["prefix"].string());
    });
}

/// The first data call the camera LSST_CAMERA and are told apart by the telescope code.
bool isComCam(fits::Header const &header, common::Json const & /*parameters*/) {
    auto const *instrument = textCard(header, "INSTRUME");
    auto const *telescope = textCard(header, "TELESCOP");
    if (!instrument || !header.find("TELESCOP")) return false;
    auto const name = common::toLower(*instrument);
    if (name == "comcam" && telescope && isSimonyi(*telescope)) return true;
    auto const *code = textCard(header, "TELCODE");
    return name == "lsst_camera" && code && *code == "CC";
}

} // namespace dbb::instrument
