/// \file
/// Which dimension record is missing when a foreign key refuses a row.
#pragma once

#include "butler/repository.h"

#include <map>
#include <optional>
#include <string>

namespace dbb::butler {

/// Values by the names of dimensions.
using DimensionValues = std::map<std::string, sql::Value>;

struct MissingRecord {
    std::string dimension;
    std::string value; ///< as text
};

/// The first dimension of `values`, in universe order, that has a table without the record; nullopt when all
/// are there. Dimensions whose own required ones are not among the values are not looked at.
std::optional<MissingRecord> missingRecord(Repository const &repo, DimensionValues const &values);

} // namespace dbb::butler
