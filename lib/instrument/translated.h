/// \file
/// The translated form of sidecars and indexes: properties as plain JSON, as ObservationInfo of
/// astro_metadata_translator writes itself. Times are [jd1, jd2] TAI, angles degrees, durations seconds,
/// places [x, y, z] metres, focus metres, temperatures kelvin, pressures hectopascal; null ones are left out.
#pragma once

#include "instrument/observation.h"

namespace dbb::instrument {

/// Properties in upstream's order, `_translator` in front. NaN stays (see common/json_style.h).
common::Json translatedForm(Table const &table, PropertyValues const &properties);

/// The other way round. Counters of a group that are missing are the observation's counter, and content that
/// is not said to be simulated is real. \throws Error BAD_SIDECAR for a property that does not exist or has a
/// value of another kind
/// \param start  properties that are known already
PropertyValues propertiesOf(common::Json const &form, PropertyValues start = {});

} // namespace dbb::instrument
