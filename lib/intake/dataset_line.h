/// \file
/// What the registry and the datastore need to know of one file: of a raw image, a guider's image, or any
/// other dataset.
#pragma once

#include "common/json.h"
#include "common/uuid.h"
#include "instrument/table.h"
#include "intake/scanned.h"
#include "manifest/record.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::intake {

/// What the line of a member of a zip file has in place of what raw files have in common.
struct ZippedFile {
    std::string stored_path;        ///< of the zip file below the datastore's root, when it is transferred
    std::string member;             ///< path in the zip file
    std::optional<common::Uuid> id; ///< nullopt: that of the data ID in the run
    std::string formatter;
    std::string checksum;        ///< of the member, empty: none
    std::int64_t size_bytes = 0; ///< of the member
    std::int64_t members = 0;    ///< how many datasets the zip file holds
};

/// What the line of a dataset that is no raw image has in place of a header.
struct OtherDataset {
    std::vector<std::string> dimensions; ///< of its dataset type
    common::Json data_id;                ///< values of the required ones, by name
    std::string storage_class;
    std::string formatter;
    bool is_calibration = false; ///< whether its type has validity ranges
    std::string calibration;     ///< CALIBRATION collection in which it is to be certified, empty: none
    std::optional<std::int64_t> begin_ns; ///< of its validity, TAI nanoseconds; nullopt: unbounded
    std::optional<std::int64_t> end_ns;   ///< exclusive
};

/// A line on its way into a repository.
struct DatasetLine {
    manifest::Record record; ///< the line as it came
    std::string path;        ///< absolute path of the file, for people: with the member of a zip file
    std::string file;        ///< absolute path of the file
    std::shared_ptr<ZippedFile const> zip; ///< null: the file is one by itself
    Scanned scanned;                       ///< the file as the line knows it
    std::string instrument;
    std::int64_t exposure = 0;
    std::int64_t detector = 0;
    std::string physical_filter;
    std::string run;
    std::shared_ptr<common::Json const>
        records; ///< dimension records by element: group, day_obs, exposure; of a
                 ///< guider's file null until a registry has told the last
    instrument::Table const *table = nullptr;
    std::string dataset_type;
    std::string_view storage_class; ///< of the table, of `other`, or a constant
    std::string_view formatter;     ///< of the table, of `zip`, of `other`, or a constant
    std::string
        obs_id; ///< of a guider's file: its exposure, whose id and filter a registry must tell; else empty

    std::chrono::steady_clock::time_point came = std::chrono::steady_clock::now();

    std::shared_ptr<OtherDataset const> other; ///< null: a raw image, or a guider's
    std::vector<std::string> warnings;         ///< for its receipt

    bool isGuider() const { return !obs_id.empty(); }
    /// Whether it brings the records of its exposure along.
    bool bringsRecords() const { return !isGuider() && !other; }
};

} // namespace dbb::intake
