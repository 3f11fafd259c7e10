/// \file
/// Which exposures make a visit, and what a visit's record says of them (obs_base, defineVisits.py).
#pragma once

#include "butler/universe.h"
#include "common/json.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dbb::ingest {

/// How exposures become visits.
enum class Grouping {
    OneToOne,             ///< each by itself
    OneToOneAndByCounter, ///< each by itself, and those between one seq_start and seq_end together
    ByGroup,              ///< those of one group
};
std::vector<std::string> groupingNames();
/// \throws Error USAGE for an unknown name
Grouping groupingNamed(std::string const &name);

/// A way to make visits, as the registry keeps it.
struct VisitSystem {
    std::int64_t id;
    char const *name;
};
std::vector<VisitSystem> systemsOf(Grouping grouping);

struct VisitDefinition {
    std::int64_t id = 0;
    std::string name;
    std::vector<common::Json> exposures; ///< records of a registry, first one first
    std::vector<std::int64_t> systems;   ///< that the visit belongs to
};

/// The visits of exposures that belong together: of one day, seq_start and seq_end, or of one group, or one.
/// \param exposures  in the order of their seq_num
std::vector<VisitDefinition> visitsOf(Grouping grouping, std::vector<common::Json> const &exposures);

/// The visit's record with the columns that the universe has.
/// \param region  text of the registry, or null
/// \throws Error BAD_VALUE when the exposures have different filters
common::Json visitRecord(butler::Universe const &universe, VisitDefinition const &visit,
                         common::Json const &region);

} // namespace dbb::ingest
