/// \file
/// Described lines of raw files, checked.
#pragma once

#include "intake/dataset_line.h"

#include <memory>
#include <string>

namespace dbb::intake {

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
DatasetLine parseRawLine(manifest::Record const &record, std::string const &run, bool dry_run,
                         RecordsMemory &memory);

} // namespace dbb::intake
