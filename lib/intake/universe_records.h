/// \file
/// Records of a described line as the universe of a repository has them: lines are written for the newest
/// one, repositories of old releases have other columns.
#pragma once

#include "butler/universe.h"
#include "common/json.h"

#include <functional>
#include <string_view>

namespace dbb::intake {

/// Hand the records that an exposure needs to `record`, in the order in which they must be written: group and
/// day_obs where they are dimensions (universe 6 and later), then the exposure. Before that the exposure
/// itself has them, as group_name, group_id and day_obs; columns that came later (can_see_sky with 7;
/// seq_start, seq_end, azimuth and has_simulated with 2) are left out where the repository does not have
/// them. \param records  group, day_obs and exposure of a line
void forEachRecord(butler::Universe const &universe, common::Json const &records,
                   std::function<void(char const *element, common::Json const &record)> const &record);

/// Whether records of an element have a column in this universe.
bool hasColumn(butler::Universe const &universe, std::string_view element, std::string_view column);

/// A record without what its element has no column for.
common::Json withKnownColumns(butler::Universe const &universe, std::string_view element,
                              common::Json record);

} // namespace dbb::intake
