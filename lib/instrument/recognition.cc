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

/// A card is one of some words.
bool cardIs(fits::Header const &header, common::Json const &parameters) {
    auto const *value = textCard(header, parameters["card"].string());
    if (!value) return false;
    bool const fold = parameters["ignore_case"].isBool() && parameters["ignore_case"].boolean();
    auto const given = fold ? common::toLower(*value) : *value;
    auto const &words = parameters["values"].array();
    return std::any_of(words.begin(), words.end(),
                       [&](common::Json const &w) { return w == common::Json(given); });
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
