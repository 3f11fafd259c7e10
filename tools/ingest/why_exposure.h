/// \file
/// dbb-why of an exposure: which detectors of the camera are in the repository, missing, or failed.
#pragma once

#include "butler/repository.h"
#include "ingest/why.h"
#include "ingest/why_failures.h"
#include "ingest/why_page.h"
#include "ingest/why_stored.h"

#include <optional>
#include <string>
#include <vector>

namespace dbb::ingest {

/// `INSTRUMENT/NUMBER`; nullopt for anything else.
std::optional<ExposureName> exposureByNumber(std::string const &subject);

/// What became of one detector's file.
struct DetectorState {
    enum class State { There, Missing, Failed, Gone };

    std::int64_t id = 0;
    std::string name;    ///< full name
    std::string purpose; ///< SCIENCE, WAVEFRONT, GUIDER …
    State state = State::Missing;

    /// Guiders write files of another kind, which are no raws.
    bool counts() const { return purpose != "GUIDER"; }
};

/// Names of the detectors in a state, neighbours as `R01_S00..R01_S22`.
std::string compactNames(std::vector<DetectorState> const &detectors, DetectorState::State state);

/// What is known of an exposure.
struct ExposureReport {
    std::string subject{};
    ExposureName exposure{};
    bool registered = false; ///< there is an exposure record
    std::string kind{};      ///< observation type, filter, for people
    std::vector<std::string> runs{};
    std::vector<DetectorState> detectors{};      ///< by number; empty when the camera is not known
    std::vector<Failure> failures{};             ///< of detectors that are not there
    std::vector<std::string> failed_detectors{}; ///< their full names, in the order of `failures`; "" unknown

    common::ExitCode status() const;
    void print(Page &page) const;
};

/// One report for each camera that has an exposure of that name, or one of an exposure that is unknown.
/// \throws Error USAGE; INSTRUMENT_NOT_REGISTERED; errors of the database
std::vector<ExposureReport> reportExposure(butler::Repository const &repo, std::string const &subject,
                                           WhyOptions const &options);

} // namespace dbb::ingest
