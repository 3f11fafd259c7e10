#include "ingest/why_exposure.h"

#include "butler/dimension_records.h"
#include "butler/where.h"
#include "common/error.h"
#include "common/text.h"
#include "instrument/table.h"

#include <algorithm>
#include <charconv>

namespace dbb::ingest {

using butler::DimensionRecord;
using butler::DimensionRecords;
using butler::Repository;
using common::Error;
using common::Json;
using common::textIn;

namespace {

std::vector<std::string> instrumentsOf(DimensionRecords &records) {
    std::vector<std::string> out;
    records.forEach("instrument", "", [&](DimensionRecord const &r) { out.push_back(textIn(r, "name")); });
    return out;
}

/// Records of exposures with that name.
std::vector<DimensionRecord> findExposures(DimensionRecords &records, ExposureName const &name,
                                           std::vector<std::string> const &instruments) {
    std::vector<DimensionRecord> out;
    if (name.id) {
        if (auto record = records.find("exposure", {name.instrument, *name.id})) out.push_back(*record);
        return out;
    }
    for (auto const &instrument : instruments) {
        auto const where = "instrument = " + butler::quotedText(instrument)
                           + " AND obs_id = " + butler::quotedText(name.obs_id);
        records.forEach("exposure", where, [&](DimensionRecord const &r) { out.push_back(r); });
    }
    return out;
}

/// The camera of an exposure that is not registered: the one its rejects name, the only one there is, or the
/// one whose other exposures begin alike ("MC_"). Empty when it can't be told.
std::string guessInstrument(Repository const &repo, std::string const &obsId,
                            std::vector<Failure> const &failures,
                            std::vector<std::string> const &instruments) {
    for (auto const &failure : failures) {
        if (!failure.instrument.empty()) return failure.instrument;
    }
    if (instruments.size() == 1) return instruments.front();
    auto const prefix = obsId.substr(0, obsId.find('_') + 1);
    if (prefix.empty()) return {};
    auto &query = repo.db().cached(
        "SELECT 1 FROM exposure WHERE instrument = ? AND obs_id >= ? AND obs_id < ? LIMIT 1");
    for (auto const &instrument : instruments) {
        bool found = false;
        query.query({instrument, prefix, prefix + "\x7f"}, [&](sql::Statement const &) { found = true; });
        if (found) return instrument;
    }
    return {};
}

std::string datasetTypeOf(std::string const &instrument) {
    auto const known = instrument::tableNames();
    if (std::find(known.begin(), known.end(), instrument) == known.end()) return "raw";
    return instrument::tableOf(instrument).dataset_type;
}

std::vector<DetectorState> detectorsOf(DimensionRecords &records, std::string const &instrument) {
    std::vector<DetectorState> out;
    records.forEach("detector", "instrument = " + butler::quotedText(instrument),
                    [&](DimensionRecord const &r) {
                        out.push_back({r["id"].integer(), textIn(r, "full_name"), textIn(r, "purpose")});
                    });
    return out;
}

/// The detector of a failed file: by its data ID, else by the name of the file.
DetectorState *detectorOf(Failure const &failure, std::vector<DetectorState> &detectors) {
    if (detectors.size() == 1) return &detectors.front();
    auto const at = std::find_if(detectors.begin(), detectors.end(), [&](DetectorState const &d) {
        if (failure.detector) return d.id == *failure.detector;
        auto number = std::to_string(d.id);
        if (number.size() < 3) number.insert(0, 3 - number.size(), '0');
        return holdsWord(failure.file, d.name) || holdsWord(failure.file, "det" + number);
    });
    return at == detectors.end() ? nullptr : &*at;
}

void noteStored(Repository const &repo, std::string const &run, ExposureReport &report) {
    auto const &exposure = report.exposure;
    if (!exposure.id) return;
    for (auto const &stored :
         storedFiles(repo, datasetTypeOf(exposure.instrument), exposure.instrument, *exposure.id, {})) {
        if (!run.empty() && stored.run != run) continue;
        if (std::find(report.runs.begin(), report.runs.end(), stored.run) == report.runs.end()) {
            report.runs.push_back(stored.run);
        }
        for (auto &detector : report.detectors) {
            if (detector.id != stored.detector || detector.state == DetectorState::State::There) continue;
            detector.state = stored.gone ? DetectorState::State::Gone : DetectorState::State::There;
        }
    }
}

/// Failures count as long as the detector has not come after all.
void noteFailures(std::vector<Failure> failures, ExposureReport &report) {
    for (auto &failure : failures) {
        auto *detector = detectorOf(failure, report.detectors);
        if (detector && detector->state == DetectorState::State::There) continue;
        if (detector) detector->state = DetectorState::State::Failed;
        report.failed_detectors.push_back(detector ? detector->name : "");
        report.failures.push_back(std::move(failure));
    }
}

std::string kindOf(DimensionRecord const &record) {
    return textIn(record, "observation_type") + ", filter " + textIn(record, "physical_filter");
}

} // namespace

std::optional<ExposureName> exposureByNumber(std::string const &subject) {
    auto const slash = subject.find('/');
    if (slash == std::string::npos || slash == 0 || subject[0] == '.') return std::nullopt;
    std::int64_t id = 0;
    auto const *end = subject.data() + subject.size();
    auto const [p, ec] = std::from_chars(subject.data() + slash + 1, end, id);
    if (ec != std::errc() || p != end || id < 0) return std::nullopt;
    return ExposureName{subject.substr(0, slash), id, ""};
}

std::vector<ExposureReport> reportExposure(Repository const &repo, std::string const &subject,
                                           WhyOptions const &options) {
    DimensionRecords records(repo);
    auto const instruments = instrumentsOf(records);
    auto const name = exposureByNumber(subject).value_or(ExposureName{"", std::nullopt, subject});
    if (!name.instrument.empty()
        && std::find(instruments.begin(), instruments.end(), name.instrument) == instruments.end()) {
        auto const near = common::nearest(name.instrument, instruments);
        throw Error("INSTRUMENT_NOT_REGISTERED", "instrument \"" + name.instrument
                                                     + "\" is not registered in \"" + repo.config().root
                                                     + "\"")
            .hint(near.empty() ? "" : "did you mean " + near + "?");
    }
    std::vector<ExposureReport> out;
    for (auto const &record : findExposures(records, name, instruments)) {
        ExposureReport report{.subject = subject, .registered = true, .kind = kindOf(record)};
        report.exposure = {textIn(record, "instrument"), record["id"].integer(), textIn(record, "obs_id")};
        out.push_back(std::move(report));
    }
    if (out.empty()) out.push_back({.subject = subject, .exposure = name});
    for (auto &report : out) {
        auto &exposure = report.exposure;
        auto others = instruments;
        std::erase(others, exposure.instrument);
        auto failures = failuresOf(exposure, options.rejects,
                                   exposure.instrument.empty() ? std::vector<std::string>{} : others);
        if (exposure.instrument.empty()) {
            exposure.instrument = guessInstrument(repo, exposure.obs_id, failures, instruments);
        }
        if (!exposure.instrument.empty()) report.detectors = detectorsOf(records, exposure.instrument);
        noteStored(repo, options.run, report);
        noteFailures(std::move(failures), report);
    }
    return out;
}

} // namespace dbb::ingest
