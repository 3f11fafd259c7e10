/// \file
/// From a header to what a registry stores: data ID and dimension records.
#pragma once

#include "instrument/corrections.h"
#include "instrument/table.h"

#include <optional>
#include <string>
#include <vector>

namespace dbb::instrument {

/// A translated header.
struct Observation {
    Table const *table = nullptr;
    std::string instrument;
    std::int64_t exposure = 0;
    std::int64_t detector = 0;
    std::string physical_filter;
    common::Json group;   ///< record of the element group
    common::Json day_obs; ///< record of day_obs
    common::Json exposure_record;
    std::vector<std::string> warnings;
    std::optional<PropertyValues> properties; ///< all of them, when asked for
};

/// What observe() shall give beyond what a registry stores.
struct Wanted {
    common::Json *explain = nullptr; ///< gets how each property came about, also when the header is refused
    bool properties = false;         ///< those of sidecars too; one that fails is null and a warning
};

/// Translate a header that `table` recognises; the header is corrected in place.
/// Record keys are the columns of universe 8, in their order; a timespan is {"begin_tai","end_tai"}.
/// \throws Error of the first required property that can't be worked out, with the property's name in front:
///         MISSING_CARD, BAD_CARD_VALUE, BAD_DATE, BAD_DAY_OBS, BAD_SEQNUM, UNKNOWN_CONTROLLER,
///         UNKNOWN_DETECTOR, CALIBRATION_FILE, NO_DATE, NULL_VALUE; NO_ROTATION for a tracking exposure on
///         sky coordinates without an angle; DATE_OUT_OF_RANGE
Observation observe(Table const &table, fits::Header &header, CorrectionSources const &sources,
                    Wanted const &wanted = {});

/// The same of properties that were translated before, as sidecars and indexes hold them. Nothing is
/// corrected. \throws Error MISSING_PROPERTY for the first required one that is null; NO_ROTATION,
/// DATE_OUT_OF_RANGE,
///         BAD_DAY_OBS as observe()
Observation observeTranslated(Table const &table, PropertyValues const &values);

/// What names a file that has no records of its own, such as a guider's.
struct Identity {
    Table const *table = nullptr;
    std::string observation_id;
    std::int64_t detector = 0;
    std::vector<std::string> warnings;
};

/// Only the detector and the exposure's observation ID. \throws Error as observe(), of these two
Identity identify(Table const &table, fits::Header &header, CorrectionSources const &sources);
/// \throws Error MISSING_PROPERTY
Identity identifyTranslated(Table const &table, PropertyValues const &values);

} // namespace dbb::instrument
