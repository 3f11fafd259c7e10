/// \file
/// What a collection is known to hold: rows without which the Butler does not look for datasets of a type,
/// instrument or sky map in it.
#pragma once

#include "butler/collections.h"
#include "butler/datasets.h"
#include "butler/repository.h"

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace dbb::butler {

/// Values of governors, each with the index of its dimension among the required ones.
using GovernorValues = std::set<std::pair<std::size_t, sql::Value>>;

/// The rows that datasets need in a collection before their own, in the Butler's order.
/// \param known  what was written before; gets what the rows add to it. Empty: not even the dataset type
std::vector<sql::RowsInsert> summaryRows(Repository const &repo, DatasetType const &type,
                                         std::int64_t collection, std::vector<DataId const *> const &dataIds,
                                         GovernorValues &known);

} // namespace dbb::butler
