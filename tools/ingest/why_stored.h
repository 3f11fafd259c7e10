/// \file
/// What a repository has of an exposure: its files, where they are and since when.
#pragma once

#include "butler/datasets.h"
#include "butler/repository.h"
#include "common/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dbb::ingest {

/// A dataset with its file.
struct StoredFile {
    std::int64_t detector = 0;
    std::string id; ///< with dashes
    std::string run;
    std::string path; ///< as the registry has it: relative to the datastore root, or a URI
    std::string file; ///< absolute local path; empty when it is elsewhere
    std::int64_t size_bytes = -1;
    std::string ingest_date_utc; ///< ISO, nine decimals
    bool gone = false;           ///< it should be a local file and is none
};

/// Files of an exposure in all runs, by run and detector; those that wait to be deleted are left out.
/// \param detector  only this one \throws Error of the database
std::vector<StoredFile> storedFiles(butler::Repository const &repo, std::string const &datasetType,
                                    std::string const &instrument, std::int64_t exposure,
                                    std::optional<std::int64_t> detector);

/// The dataset whose file in a datastore is this very one, by the name that the records have of it; nullopt
/// for none. \param file  absolute path \throws Error of the database
std::optional<butler::DatasetRow> datasetOfFile(butler::Repository const &repo, std::string const &file);

/// For the JSON form: path, file, run, id, size, ingest_date_utc.
common::Json toJson(StoredFile const &stored);

/// `2026-11-24 09:13:00 UTC` of an ISO instant.
std::string shownUtc(std::string const &iso);

/// ISO UTC of a date of ingest as the registry has it: TAI nanoseconds, or UTC text with datasets manager 1.
/// Empty when it is no date.
std::string utcOfIngestDate(sql::Value const &date);

} // namespace dbb::ingest
