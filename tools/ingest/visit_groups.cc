#include "ingest/visit_groups.h"

#include "common/error.h"
#include "instrument/rules.h"
#include "intake/universe_records.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace dbb::ingest {

using common::Error;
using common::Json;

namespace {

constexpr VisitSystem oneToOne{0, "one-to-one"};
constexpr VisitSystem byGroup{1, "by-group-metadata"};
constexpr VisitSystem byCounter{2, "by-seq-start-end"};

VisitDefinition alone(Json const &exposure, std::vector<std::int64_t> systems) {
    return {exposure["id"].integer(), exposure["obs_id"].text(), {exposure}, std::move(systems)};
}

/// The number of a visit that would clash with another one gets a 9 in front.
std::int64_t withNine(std::int64_t id) {
    std::int64_t power = 10;
    while (power <= id) power *= 10;
    if (id < 0 || power > std::numeric_limits<std::int64_t>::max() / 10)
        throw Error("BAD_VALUE", "exposure " + std::to_string(id) + ": no number is left for its own visit");
    return 9 * power + id;
}

std::vector<VisitDefinition> countedVisits(std::vector<Json> const &exposures) {
    if (exposures.size() == 1) return {alone(exposures[0], {oneToOne.id, byCounter.id})};
    // Without its first exposure a visit can't be told; an instrument without a counter has none at all.
    auto const &first = exposures.front();
    bool const whole = first["seq_num"] == first["seq_start"];
    std::vector<VisitDefinition> out;
    for (auto const &exposure : exposures) out.push_back(alone(exposure, {oneToOne.id}));
    if (!whole) return out;
    auto together = out.front();
    together.exposures = exposures;
    together.systems = {byCounter.id};
    out.front().id = withNine(out.front().id);
    out.front().name += "_first";
    out.push_back(std::move(together));
    return out;
}

VisitDefinition groupVisit(std::vector<Json> const &exposures) {
    auto const &first = exposures.front();
    // Registries of old releases keep the number beside the name.
    auto const &name = first.find("group") ? first["group"] : first["group_name"];
    auto const id =
        first["group_id"].isInt() ? first["group_id"].integer() : instrument::groupNumber(name.text());
    return {id, name.text(), exposures, {byGroup.id}};
}

/// Fold a column's values; null when one of them is.
template<typename F>
Json folded(std::vector<Json> const &exposures, char const *column, F const &f) {
    Json out;
    for (auto const &exposure : exposures) {
        auto const &value = exposure[column];
        if (value.isNull()) return {};
        out = out.isNull() ? value : f(out, value);
    }
    return out;
}

Json sharedValue(std::vector<Json> const &exposures, char const *column) {
    auto const &first = exposures.front()[column];
    bool const same =
        std::all_of(exposures.begin(), exposures.end(), [&](Json const &e) { return e[column] == first; });
    return same ? first : Json();
}

Json sum(Json const &a, Json const &b) {
    return a.number() + b.number();
}

Json least(Json const &a, Json const &b) {
    return b.integer() < a.integer() ? b : a;
}

Json meanZenithAngle(std::vector<Json> const &exposures) {
    auto const total = folded(exposures, "zenith_angle", sum);
    return total.isNull() ? total : Json(total.number() / static_cast<double>(exposures.size()));
}

/// The mean of directions around the horizon; of one alone itself, bit for bit.
Json meanAzimuth(std::vector<Json> const &exposures) {
    if (exposures.size() == 1) return exposures.front()["azimuth"];
    double x = 0;
    double y = 0;
    for (auto const &exposure : exposures) {
        if (exposure["azimuth"].isNull()) return {};
        auto const angle = exposure["azimuth"].number() * (std::numbers::pi / 180);
        x += std::cos(angle);
        y += std::sin(angle);
    }
    auto const count = static_cast<double>(exposures.size());
    return std::atan2(y / count, x / count) * (180 / std::numbers::pi);
}

/// From the first begin to the last end; instants of records sort as text. An open side stays open.
Json timespanOf(std::vector<Json> const &exposures) {
    Json begin = exposures.front()["timespan"]["begin_tai"];
    Json end = exposures.front()["timespan"]["end_tai"];
    for (auto const &exposure : exposures) {
        auto const &span = exposure["timespan"];
        if (!span.isObject()) return {};
        auto const &b = span["begin_tai"];
        auto const &e = span["end_tai"];
        if (!begin.isNull() && (b.isNull() || b.text() < begin.text())) begin = b;
        if (!end.isNull() && (e.isNull() || e.text() > end.text())) end = e;
    }
    Json out;
    out.set("begin_tai", begin);
    return out.set("end_tai", end);
}

} // namespace

std::vector<std::string> groupingNames() {
    return {"one-to-one", "one-to-one-and-by-counter", "by-group-metadata"};
}

Grouping groupingNamed(std::string const &name) {
    auto const names = groupingNames();
    auto const at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) throw common::usageError("there is no grouping \"" + name + "\"");
    return static_cast<Grouping>(at - names.begin());
}

std::vector<VisitSystem> systemsOf(Grouping grouping) {
    if (grouping == Grouping::OneToOne) return {oneToOne};
    if (grouping == Grouping::ByGroup) return {byGroup};
    return {oneToOne, byCounter};
}

std::vector<VisitDefinition> visitsOf(Grouping grouping, std::vector<Json> const &exposures) {
    if (grouping == Grouping::OneToOneAndByCounter) return countedVisits(exposures);
    if (grouping == Grouping::ByGroup) return {groupVisit(exposures)};
    std::vector<VisitDefinition> out;
    for (auto const &exposure : exposures) out.push_back(alone(exposure, {oneToOne.id}));
    return out;
}

Json visitRecord(butler::Universe const &universe, VisitDefinition const &visit, Json const &region) {
    auto const &exposures = visit.exposures;
    auto const filter = sharedValue(exposures, "physical_filter");
    if (filter.isNull()) {
        throw Error("BAD_VALUE",
                    "visit " + std::to_string(visit.id) + ": its exposures have different filters")
            .cause({.column = "physical_filter",
                    .value = exposures.back()["physical_filter"].text(),
                    .expected = exposures.front()["physical_filter"].text()});
    }
    auto const reason = sharedValue(exposures, "observation_reason");
    Json out;
    out.set("instrument", exposures.front()["instrument"]).set("id", visit.id);
    out.set("physical_filter", filter)
        .set("day_obs", folded(exposures, "day_obs", least))
        .set("name", visit.name);
    out.set("seq_num", folded(exposures, "seq_num", least));
    out.set("exposure_time", folded(exposures, "exposure_time", sum));
    out.set("target_name", sharedValue(exposures, "target_name"));
    out.set("observation_reason", reason.isNull() ? Json("various") : reason);
    out.set("science_program", sharedValue(exposures, "science_program"));
    out.set("azimuth", meanAzimuth(exposures)).set("zenith_angle", meanZenithAngle(exposures));
    out.set("region", region).set("timespan", timespanOf(exposures));
    out.set("visit_system", visit.systems.front());
    return intake::withKnownColumns(universe, "visit", std::move(out));
}

} // namespace dbb::ingest
