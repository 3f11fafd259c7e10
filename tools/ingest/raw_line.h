/// \file
/// A described line, checked: what the registry and the datastore need to know of one raw file.
#pragma once

#include "common/json.h"
#include "common/uuid.h"
#include "ingest/scanned.h"
#include "instrument/table.h"
#include "manifest/record.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dbb::ingest {

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

struct RawLine {
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
    std::string_view storage_class; ///< of the table, or a constant
    std::string_view formatter;     ///< of the table, of `zip`, or a constant
    std::string
        obs_id; ///< of a guider's file: its exposure, whose id and filter a registry must tell; else empty

    std::chrono::steady_clock::time_point came = std::chrono::steady_clock::now();

    bool isGuider() const { return !obs_id.empty(); }
};

/// Remembers the records of the last line: the lines of an exposure have the same ones.
struct RecordsMemory {
    std::string text;
    std::shared_ptr<common::Json const> records;
};

/// \throws Error USAGE when what was given as --run can't be the name of a run; empty: it was not given
void requireRunOption(std::string const &run);

/// Check a line. The line itself is not put into the result.
/// \param run      run that replaces the line's own, empty: none
/// \param dry_run  whether lines of a dry run are accepted
/// \throws Error NOT_DESCRIBED, MISSING_KEY, BAD_VALUE, INCONSISTENT_LINE, DRY_RUN, UNKNOWN_INSTRUMENT,
/// BAD_URI
RawLine parseRawLine(manifest::Record const &record, std::string const &run, bool dry_run,
                     RecordsMemory &memory);

} // namespace dbb::ingest
