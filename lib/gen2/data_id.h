/// \file
/// What a dataset's Gen2 data ID is in Gen3.
#pragma once

#include "common/json.h"
#include "gen2/policy.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dbb::gen2 {

struct DataId {
    common::Json values{common::Json::Object{}}; ///< Gen3 dimension to value, as far as they are known
    std::string patch_xy{};                      ///< of a patch, whose number only the skymap knows
    bool needs_skymap = false;                   ///< it has a tract, and no skymap was named
    std::vector<std::string> lost{};             ///< Gen2 keys that tell datasets apart and have no dimension
};

/// Translates the data IDs of one mapper.
class DataIdTranslation {
public:
    /// \param skymap  name of the skymap of all tracts; empty: not known
    /// \param bands   band by filter, for cameras whose coadds are keyed by filter; others have bands there
    DataIdTranslation(Policy const &policy, std::string skymap, std::map<std::string, std::string> bands);

    /// Dimensions of a type in Gen3, in the order instrument, detector, exposure, visit, physical_filter,
    /// band, skymap, tract, patch.
    std::vector<std::string> dimensions(DatasetType const &type) const;

    /// \param values  of the path, completed by the registry
    DataId translate(DatasetType const &type, Values const &values) const;

private:
    std::string exposureDimension(DatasetType const &type) const;
    std::string filterDimension(DatasetType const &type) const;
    bool isOfInstrument(DatasetType const &type) const;

    Policy const &_policy;
    std::string _skymap;
    std::map<std::string, std::string> _bands;
};

} // namespace dbb::gen2
