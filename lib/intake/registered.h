/// \file
/// What the registry must have before a line can come in: instrument, filter, detector, a guider's exposure.
#pragma once

#include "butler/dimension_records.h"
#include "butler/planned_records.h"
#include "butler/repository.h"
#include "common/error.h"
#include "intake/dataset_line.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace dbb::intake {

/// INSTRUMENT_NOT_REGISTERED. \param what  for which it would have to be \param root  of the repository
common::Error instrumentNotRegistered(std::string const &what, std::string const &instrument,
                                      std::string const &root);

/// Looks for it, and remembers what was found.
class Registered {
public:
    /// \param records  like `repo`, must live as long
    /// \param planned  exposures that count as registered as well, null: none
    Registered(butler::Repository const &repo, butler::DimensionRecords &records,
               butler::PlannedRecords const *planned = nullptr)
        : _repo(repo), _records(records), _planned(planned) {}

    /// The exposure of a guider's file, which must be registered before; completes the line.
    /// \throws Error EXPOSURE_NOT_FOUND
    void findExposure(DatasetLine &line);

    /// \throws Error INSTRUMENT_NOT_REGISTERED, FILTER_NOT_REGISTERED, DETECTOR_NOT_REGISTERED, NOT_A_GUIDER
    void require(DatasetLine const &line);

    /// The full name of the detector of a line that require() let pass.
    std::string const &detectorName(DatasetLine const &line) const;

private:
    /// What is registered of an instrument, as far as it was asked for.
    struct Known {
        std::set<std::string> filters;
        std::map<std::int64_t, std::string> detectors; // full names
        std::set<std::int64_t> guiders;                // detectors that are some

        void note(butler::DimensionRecord const &detector);
    };
    void learnDetectors(std::string const &instrument, Known &known);
    butler::DimensionRecord required(DatasetLine const &line, std::string const &element,
                                     common::Json const &key, char const *code, std::string const &what);

    butler::Repository const &_repo;
    butler::DimensionRecords &_records;
    butler::PlannedRecords const *_planned;
    std::map<std::string, Known> _known; // by instrument
};

} // namespace dbb::intake
