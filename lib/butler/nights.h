/// \file
/// What an observing day brought: its exposures and their datasets, counted.
#pragma once

#include "butler/repository.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dbb::butler {

/// The exposures of an instrument on an observing day.
struct Night {
    std::string instrument;
    std::int64_t day_obs = 0;
    std::int64_t exposures = 0;
    std::optional<std::int64_t> first_seq_num; ///< nullopt: no exposure has one
    std::optional<std::int64_t> last_seq_num;
    std::map<std::string, std::int64_t> observation_types; ///< exposures by type; those without one by ""
    std::map<std::string, std::int64_t> datasets;          ///< by dataset type; of types with exposures only
};

/// All nights, by instrument and day. Everything is counted in the database at one moment, so memory does not
/// grow with the exposures.
/// \param where  condition on columns of the exposure records, see butler/where.h: only such exposures, and
/// their
///               datasets, are counted, and nights without any are left out
std::vector<Night> listNights(Repository const &repo, std::string const &where = "");

} // namespace dbb::butler
