/// \file
/// A `gen2` line (dbb-manifest(5)), checked: what is to become of one file of a Gen2 repository.
#pragma once

#include "intake/dataset_line.h"
#include "intake/placement.h"
#include "manifest/record.h"

#include <optional>
#include <string>
#include <string_view>

namespace dbb::convert {

/// What the scan, or a rule, says is to be done.
enum class Action {
    Convert,
    Skip,      ///< left out, by design or by a rule
    Review,    ///< somebody must look
    Undecided, ///< no rule speaks of it
    Error,     ///< can't be converted
};

/// \throws Error MISSING_KEY, BAD_VALUE
Action actionOf(manifest::Record const &line);

/// Why a line with one of the last three actions is refused: NEEDS_REVIEW, UNDECIDED or NOT_CONVERTIBLE, with
/// the scan's reason.
common::Error refusalOf(manifest::Record const &line, Action action);

/// Whether errors of this code mean that something is not yet possible or not yet decided.
bool isIncomplete(std::string_view code);

/// Whether the line is of a raw image.
bool isRaw(manifest::Record const &line);

/// The file line that dbb-describe would get of a raw image.
manifest::Record fileLineOf(manifest::Record const &line);

/// Whether the header of a raw image tells of another one than the scan, which knows its path and registry.
/// \param described  the line as dbb-describe has it
bool isOfAnother(manifest::Record const &line, manifest::Record const &described);

/// The way of transfer that the line itself asks for, nullopt when it leaves that to the options.
/// \throws Error BAD_VALUE
std::optional<intake::Transfer> transferOf(manifest::Record const &line);

/// Where the line's patch is in a skymap that must be known: the x and y of `patch_xy`, nullopt when it has
/// none. \throws Error BAD_VALUE
struct PatchCell {
    std::int64_t x = 0;
    std::int64_t y = 0;
};
std::optional<PatchCell> patchOf(manifest::Record const &line);

/// The time for which a calibration is good, TAI nanoseconds; nullopt: without begin, or end.
struct Validity {
    std::optional<std::int64_t> begin_ns;
    std::optional<std::int64_t> end_ns; ///< exclusive
};
/// The `validity` of a line with a `calibration`. \throws Error MISSING_KEY, BAD_VALUE
Validity validityOf(manifest::Record const &line);

/// A line of a dataset that is no raw image.
/// \param dataId  the line's own, with skymap and patch
/// \throws Error MISSING_KEY, BAD_VALUE, INCONSISTENT_LINE, BAD_URI
intake::DatasetLine parseOther(manifest::Record const &line, common::Json dataId);

} // namespace dbb::convert
