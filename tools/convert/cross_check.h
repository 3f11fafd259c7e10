/// \file
/// What a Gen2 registry says of a raw image, beside what its header says.
#pragma once

#include "common/json.h"
#include "manifest/record.h"

#include <string>
#include <vector>

namespace dbb::convert {

/// Sentences about the columns of a row that contradict the header. Columns that the row lacks are not
/// compared, nor those that mean something else in Gen3 (dates, whose time scale depends on the camera;
/// imageType, testType). \param row        the line's `gen2.registry` \param described  the line as
/// dbb-describe has it
std::vector<std::string> mismatches(common::Json const &row, manifest::Record const &described);

} // namespace dbb::convert
