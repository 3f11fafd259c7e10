#include "gen2/data_id.h"

#include <algorithm>
#include <array>

namespace dbb::gen2 {

using common::Json;

namespace {

template<std::size_t N>
bool isOneOf(std::string_view word, std::array<std::string_view, N> const &words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Keys that follow from others, or that a dataset's run tells.
constexpr std::array<std::string_view, 18> derived{
    "raftName",  "detectorName", "dayObs", "run",      "snap",      "pointing",
    "field",     "dateObs",      "taiObs", "date",     "calibDate", "hdu",
    "calib_hdu", "seqNum",       "object", "proposal", "name",      "expGroup"};

/// Those of them that follow from an exposure, and without one tell what nothing else does.
constexpr std::array<std::string_view, 7> ofExposure{"dayObs", "seqNum",   "dateObs",  "taiObs",
                                                     "date",   "expGroup", "calibDate"};

/// Calibrations that differ by filter.
constexpr std::array<std::string_view, 7> filtered{
    "flat", "sky", "fringe", "cpFlat", "illumcor", "cpIllumcor", "transmission_filter"};

bool isTransmission(DatasetType const &type) {
    return type.name.starts_with("transmission_");
}

} // namespace

DataIdTranslation::DataIdTranslation(Policy const &policy, std::string skymap,
                                     std::map<std::string, std::string> bands)
    : _policy(policy), _skymap(std::move(skymap)), _bands(std::move(bands)) {}

/// The dimension that tells when a dataset's photons came; empty when it is not of one exposure.
std::string DataIdTranslation::exposureDimension(DatasetType const &type) const {
    if (type.kind == Kind::Raw) return "exposure";
    if (type.kind == Kind::Calibration) return {};
    if (type.hasKey("visit")) return "visit";
    return type.hasKey(_policy.exposure_key) ? "exposure" : std::string();
}

/// An exposure or visit implies its filter, and calibrations but for a few do not depend on one.
std::string DataIdTranslation::filterDimension(DatasetType const &type) const {
    if (!type.hasKey("filter") || !exposureDimension(type).empty()) return {};
    if (isOneOf(type.name, filtered)) return "physical_filter";
    return type.hasKey("tract") ? "band" : std::string();
}

bool DataIdTranslation::isOfInstrument(DatasetType const &type) const {
    return type.kind == Kind::Raw || type.kind == Kind::Calibration || isTransmission(type)
           || type.hasKey(_policy.detector_key) || !exposureDimension(type).empty();
}

std::vector<std::string> DataIdTranslation::dimensions(DatasetType const &type) const {
    if (!type.dimensions.empty()) return type.dimensions;
    std::vector<std::string> out;
    auto const add = [&](bool has, std::string const &name) {
        if (has && !name.empty()) out.push_back(name);
    };
    add(isOfInstrument(type), "instrument");
    add(type.hasKey(_policy.detector_key) || type.kind == Kind::Raw, "detector");
    add(true, exposureDimension(type));
    add(true, filterDimension(type));
    add(type.hasKey("tract"), "skymap");
    add(type.hasKey("tract"), "tract");
    add(type.hasKey("patch"), "patch");
    return out;
}

DataId DataIdTranslation::translate(DatasetType const &type, Values const &values) const {
    DataId out;
    auto const copy = [&](std::string_view key, std::string const &dimension) {
        auto const *value = values.find(key);
        if (value && !dimension.empty()) out.values.set(dimension, jsonOf(*value));
        return value != nullptr;
    };
    if (isOfInstrument(type)) out.values.set("instrument", _policy.instrument);
    copy(_policy.detector_key, "detector");
    auto const exposure = exposureDimension(type);
    // Older layouts have the other key, whose values are the same.
    auto const own = exposure == "visit" ? std::string("visit") : _policy.exposure_key;
    if (!exposure.empty() && !copy(own, exposure))
        copy(own == "visit" ? _policy.exposure_key : "visit", exposure);
    auto const filter = filterDimension(type);
    copy("filter", filter);
    if (filter == "band") {
        auto const band = _bands.find(textOf(values.find("filter")));
        if (band != _bands.end()) out.values.set("band", band->second);
    }
    if (type.hasKey("tract")) {
        if (!_skymap.empty()) out.values.set("skymap", _skymap);
        out.needs_skymap = _skymap.empty();
        copy("tract", "tract");
    }
    out.patch_xy = textOf(values.find("patch"));
    bool const isTimed = type.kind == Kind::Raw || type.kind == Kind::Calibration
                         || out.values.find("exposure") || out.values.find("visit");
    for (auto const &[key, value] : values) {
        bool const isAlone = !isTimed && isOneOf(key, ofExposure);
        bool const used =
            key == _policy.detector_key || key == _policy.exposure_key || key == "visit" || key == "tract"
            || key == "patch" || (isOneOf(key, derived) && !isAlone)
            || (key == "filter" && (!filter.empty() || !exposure.empty() || type.kind == Kind::Calibration));
        if (!used) out.lost.push_back(key);
    }
    // Names of a detector follow from its number, but not without it.
    bool const numbered = values.has(_policy.detector_key);
    if (!numbered && (values.has("detectorName") || type.hasKey(_policy.detector_key)))
        out.lost.emplace_back("detectorName");
    return out;
}

} // namespace dbb::gen2
