#include "intake/registered.h"

#include "butler/where.h"
#include "common/error.h"
#include "intake/guider.h"

namespace dbb::intake {

using common::Error;
using common::Json;

Error instrumentNotRegistered(std::string const &what, std::string const &instrument,
                              std::string const &root) {
    return Error("INSTRUMENT_NOT_REGISTERED",
                 what + ": instrument " + instrument + " is not registered in \"" + root + "\"")
        .hint("dbb-repo register-instrument " + root + " " + instrument)
        .cause({.column = "instrument", .value = instrument, .expected = "a registered instrument"});
}

void Registered::findExposure(DatasetLine &line) {
    std::vector<Json> const key{line.instrument, line.obs_id};
    auto exposure = _planned ? _planned->findBy("exposure", "obs_id", key) : std::nullopt;
    if (!exposure) {
        exposure = _records.findBy("exposure", "obs_id", key);
        // One that is planned with other values was looked for among those.
        if (exposure && _planned && _planned->find("exposure", {line.instrument, (*exposure)["id"]}))
            exposure.reset();
    }
    if (!exposure) {
        throw Error("EXPOSURE_NOT_FOUND", "\"" + line.path + "\": exposure " + line.obs_id + " of "
                                              + line.instrument + " is not in \"" + _repo.config().root
                                              + "\"")
            .cause({.column = "obs_id", .value = line.obs_id, .expected = "a registered exposure"});
    }
    line.exposure = (*exposure)["id"].integer();
    line.physical_filter = (*exposure)["physical_filter"].text();
    Json dataId;
    dataId.set("instrument", line.instrument).set("exposure", line.exposure).set("detector", line.detector);
    line.record.set("data_id", dataId).set("day_obs", (*exposure)["day_obs"]);
    line.records = std::make_shared<Json const>(Json().set("exposure", std::move(*exposure)));
}

void Registered::Known::note(butler::DimensionRecord const &detector) {
    auto const id = detector["id"].integer();
    detectors[id] = detector["full_name"].isString() ? detector["full_name"].string() : "";
    if (detector["purpose"] == Json(guiderPurpose)) guiders.insert(id);
}

/// All detectors of an instrument, which on a server takes as long as one.
void Registered::learnDetectors(std::string const &instrument, Known &known) {
    _records.forEach("detector", "instrument = " + butler::quotedText(instrument),
                     [&](butler::DimensionRecord const &detector) { known.note(detector); });
}

void Registered::require(DatasetLine const &line) {
    auto at = _known.find(line.instrument);
    if (at == _known.end()) {
        if (!_records.find("instrument", {line.instrument}))
            throw instrumentNotRegistered("\"" + line.path + "\"", line.instrument, _repo.config().root);
        at = _known.emplace(line.instrument, Known{}).first;
        if (_repo.db().dialect() == sql::Dialect::Postgres) learnDetectors(line.instrument, at->second);
    }
    auto &known = at->second;
    if (!known.filters.contains(line.physical_filter)) {
        required(line, "physical_filter", line.physical_filter, "FILTER_NOT_REGISTERED",
                 "physical filter \"" + line.physical_filter + "\" of " + line.instrument);
        known.filters.insert(line.physical_filter);
    }
    if (!known.detectors.contains(line.detector)) {
        known.note(required(line, "detector", line.detector, "DETECTOR_NOT_REGISTERED",
                            "detector " + std::to_string(line.detector) + " of " + line.instrument));
    }
    if (line.isGuider() && !known.guiders.contains(line.detector)) {
        throw Error("NOT_A_GUIDER", "\"" + line.path + "\": detector " + known.detectors[line.detector]
                                        + " of " + line.instrument + " is registered as no guider")
            .cause({.column = "detector", .value = std::to_string(line.detector), .expected = "a guider"});
    }
}

/// A record of the line's instrument that must be there. \param key  value beside the instrument
butler::DimensionRecord Registered::required(DatasetLine const &line, std::string const &element,
                                             Json const &key, char const *code, std::string const &what) {
    if (auto record = _records.find(element, {line.instrument, key})) return *record;
    throw Error(code,
                "\"" + line.path + "\": " + what + " is not registered in \"" + _repo.config().root + "\"")
        .cause({.column = element, .value = key.text(), .expected = "a registered " + element});
}

std::string const &Registered::detectorName(DatasetLine const &line) const {
    return _known.at(line.instrument).detectors.at(line.detector);
}

} // namespace dbb::intake
