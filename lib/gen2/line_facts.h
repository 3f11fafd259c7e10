/// \file
/// What a `gen2` line (dbb-manifest(5)) says of its dataset, by the names that registries and templates use.
#pragma once

#include "common/json.h"
#include "manifest/record.h"

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace dbb::gen2 {

/// The values of one line, read once.
class LineFacts {
public:
    explicit LineFacts(manifest::Record const &line);
    /// The facts of a line that is being made, out of its `gen2` and its `data_id`.
    LineFacts(common::Json gen2, common::Json dataId) : _gen2(std::move(gen2)), _dataId(std::move(dataId)) {}

    /// A value of the Gen2 data ID, else of the registry's row, else of what the registry says of its
    /// exposure, else of the Gen3 data ID, else of the dimensions that follow from that: the first that is
    /// not null. A shared null when there is none.
    common::Json const &value(std::string_view name) const;
    /// Add the names for which value() has something.
    void addNames(std::set<std::string> &names) const;

    /// The Gen2 dataset type, empty when it was not recognised.
    std::string datasetType() const { return textOf("dataset_type"); }
    /// The Gen3 one, which differs for reference catalogues; empty when there is none.
    std::string const &gen3DatasetType() const { return _gen3DatasetType; }
    /// root, calib or rerun.
    std::string repo() const;
    /// Name of the rerun, empty in the other repositories.
    std::string rerun() const;
    /// Path as the line has it: relative to the root repository where it is below that.
    std::string path() const { return textOf("path"); }

    /// Observing day as YYYYMMDD: the registry's dayObs, else the day in an exposure ID of 13 digits, else
    /// the date of dateObs, taiObs or date, else that of a calibration. nullopt when nothing tells.
    std::optional<std::int64_t> dayObs() const;
    /// Whether the dataset is of one exposure or visit, also when nothing tells which.
    bool isOfExposure() const;
    /// The begin of the exposure as the registry has it: dateObs, taiObs or date with a time of day, in the
    /// time scale of the camera's registry (TAI or UTC). nullopt when nothing tells.
    std::optional<std::int64_t> begin_ns() const;
    /// The latest instant at which the exposure can have begun, UTC nanoseconds: begin_ns() as UTC, which is
    /// never earlier than TAI, else noon after dayObs(). nullopt when nothing tells.
    std::optional<std::int64_t> latestBegin_utc_ns() const;

private:
    std::string textOf(std::string_view key) const;

    std::array<common::Json const *, 5> places() const;

    common::Json _gen2;
    common::Json _dataId;
    common::Json _implied;
    common::Json _dimensions;
    std::string _gen3DatasetType;
};

} // namespace dbb::gen2
