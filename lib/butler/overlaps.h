/// \file
/// Rows of the trixels that the region of a record touches, which spatial queries join on.
#pragma once

#include "butler/repository.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dbb::butler {

/// The trixels of the common mesh that a region touches, none for an empty text.
/// \param region  base64 text of the registry
/// \throws Error BAD_VALUE when the text is no region; REGION_UNSUPPORTED for one that dbb can't index
std::vector<std::int64_t> trixelsOf(Universe const &universe, std::string const &region);

/// Write the rows of one record, in place of those that it has. Must run inside a transaction of the caller.
/// \param key  the record's primary key, in universe order
void writeOverlaps(Repository const &repo, Element const &element, std::vector<sql::Value> const &key,
                   std::vector<std::int64_t> const &trixels);

} // namespace dbb::butler
