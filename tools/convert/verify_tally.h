/// \file
/// What a verification counts and remembers of its lines: in a database of its own, so that memory does not
/// grow with them.
#pragma once

#include "common/json.h"
#include "sql/database.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace dbb::convert {

/// Datasets of one Gen2 type, filter and night.
struct NightCount {
    std::string dataset_type;
    std::string physical_filter;         ///< empty: none
    std::optional<std::int64_t> day_obs; ///< nullopt: nothing tells
    std::int64_t gen2 = 0;               ///< lines that are to be converted
    std::int64_t gen3 = 0;               ///< of these, what is stored
    std::int64_t left_out = 0;           ///< other lines
};

/// Where a calibration is certified.
struct CalibrationPlace {
    std::string instrument;
    std::string collection;
    std::string dataset_type;

    auto operator<=>(CalibrationPlace const &) const = default;
};

/// Nights with exposures, one after the other, for which a calibration is not good.
struct UncoveredNights {
    CalibrationPlace place;
    common::Json data_id;
    std::int64_t first_day_obs = 0;
    std::int64_t last_day_obs = 0;
    std::int64_t nights = 0;
};

class VerifyTally {
public:
    VerifyTally();

    /// Add the counts of one line.
    void count(NightCount const &line);
    void forEachCount(std::function<void(NightCount const &)> const &take);

    /// An exposure of a night. \param begin_tai_ns  of the exposure
    void addExposure(std::string const &instrument, std::string const &physicalFilter, std::int64_t day_obs,
                     std::int64_t begin_tai_ns);
    /// A time for which a dataset of a data ID is good; the end not included.
    void addValidity(CalibrationPlace const &place, common::Json const &dataId, std::int64_t begin_tai_ns,
                     std::int64_t end_tai_ns);
    /// Nights whose exposures have no calibration, of each data ID that has any: of its filter when it has
    /// one, else of all.
    void forEachUncovered(std::function<void(UncoveredNights const &)> const &take);

    /// Remember a dataset of the lines, by its UUID.
    void addNamed(std::string const &id);
    bool isNamed(std::string const &id);

private:
    std::unique_ptr<sql::Database> _db;
};

} // namespace dbb::convert
