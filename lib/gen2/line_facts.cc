#include "gen2/line_facts.h"

#include "common/calendar.h"
#include "common/text.h"

#include <algorithm>

namespace dbb::gen2 {

using common::Json;

namespace {

/// Registries that lack one of them have another. The exposure begins then, in the order in which they are
/// asked.
constexpr std::string_view beginNames[] = {"dateObs", "taiObs", "date"};
/// Names of exposure IDs, which in the Rubin cameras hold the day.
constexpr std::string_view exposureNames[] = {"exposure", "expId", "visit"};
/// Digits of the ID of a Rubin exposure: eight of the day, five of the sequence number.
constexpr std::size_t exposureDigits = 13;
/// Observing days end at noon UTC of the next date at the latest.
constexpr std::int64_t longestDay_ns = 36 * 3600 * common::nsPerSecond;

bool isDate(std::int64_t day) {
    return common::daysFromYyyymmdd(day).has_value();
}

/// The day that a text, which may go on with a time, or an integer stands for.
std::optional<std::int64_t> dayIn(Json const &value) {
    constexpr std::size_t dateSize = 10; // YYYY-MM-DD
    auto const text = value.isString() || value.isInt() ? value.text() : std::string();
    return common::yyyymmddFrom(text.size() > dateSize && text[4] == '-' ? text.substr(0, dateSize) : text);
}

/// The day in the ID of a Rubin exposure. Cameras with several controllers count the days of the others from
/// a year 1000, 2000 … later.
std::optional<std::int64_t> dayInExposure(Json const &value) {
    constexpr std::int64_t thousandYears = 10'000'000;
    auto const digits = value.isString() || value.isInt() ? value.text() : std::string();
    auto const id = common::wholeNumber(digits);
    if (digits.size() != exposureDigits || !id) return std::nullopt;
    auto const shifted = *id / 100'000;
    if (shifted < 2 * thousandYears || shifted >= 8 * thousandYears) return std::nullopt;
    auto const day = shifted % thousandYears + 2 * thousandYears;
    return isDate(day) ? std::optional(day) : std::nullopt;
}

} // namespace

LineFacts::LineFacts(manifest::Record const &line)
    : _gen2(line.get("gen2")), _dataId(line.get("data_id")), _implied(line.get("implied")),
      _dimensions(line.get("dimensions")) {
    auto const type = line.get("dataset_type");
    if (type.isString()) _gen3DatasetType = type.string();
}

/// Where values are, in the order in which they are asked for.
std::array<Json const *, 5> LineFacts::places() const {
    return {&_gen2["id"], &_gen2["registry"], &_gen2["exposure"], &_dataId, &_implied};
}

Json const &LineFacts::value(std::string_view name) const {
    for (auto const *place : places()) {
        if (auto const *found = place->find(name); found && !found->isNull()) return *found;
    }
    static Json const none;
    return none;
}

void LineFacts::addNames(std::set<std::string> &names) const {
    for (auto const *place : places()) {
        if (!place->isObject()) continue;
        for (auto const &[name, value] : place->object()) {
            if (!value.isNull()) names.insert(name);
        }
    }
}

std::string LineFacts::repo() const {
    auto const text = textOf("repo");
    return text.substr(0, text.find('/'));
}

std::string LineFacts::rerun() const {
    auto const text = textOf("repo");
    auto const slash = text.find('/');
    return slash == std::string::npos ? "" : text.substr(slash + 1);
}

std::string LineFacts::textOf(std::string_view key) const {
    auto const &value = _gen2[key];
    return value.isString() ? value.string() : std::string();
}

std::optional<std::int64_t> LineFacts::dayObs() const {
    if (auto const day = dayIn(value("dayObs"))) return day;
    for (auto const name : exposureNames) {
        if (auto const day = dayInExposure(value(name))) return day;
    }
    for (auto const name : beginNames) {
        if (auto const day = dayIn(value(name))) return day;
    }
    if (auto const day = dayIn(value("calibDate"))) return day;
    return dayIn(_gen2["calib"]["calib_date"]);
}

bool LineFacts::isOfExposure() const {
    if (std::ranges::any_of(exposureNames, [&](auto const name) { return !value(name).isNull(); }))
        return true;
    if (!_dimensions.isArray()) return false;
    return std::ranges::any_of(_dimensions.array(), [](Json const &dimension) {
        return dimension == Json("exposure") || dimension == Json("visit");
    });
}

std::optional<std::int64_t> LineFacts::begin_ns() const {
    for (auto const name : beginNames) {
        auto const &text = value(name);
        if (!text.isString() || text.string().find('T') == std::string::npos) continue;
        if (auto const begin = common::nsFromIso(text.string())) return begin;
    }
    return std::nullopt;
}

std::optional<std::int64_t> LineFacts::latestBegin_utc_ns() const {
    if (auto const begin = begin_ns()) return begin;
    auto const day = dayObs();
    if (!day) return std::nullopt;
    return *common::daysFromYyyymmdd(*day) * common::nsPerDay + longestDay_ns;
}

} // namespace dbb::gen2
