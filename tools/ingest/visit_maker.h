/// \file
/// Making visits of exposures that are registered.
#pragma once

#include "butler/dimension_records.h"
#include "common/error.h"
#include "ingest/camera_geometry.h"
#include "ingest/visit_groups.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dbb::ingest {

struct VisitMakerOptions {
    Grouping grouping = Grouping::OneToOne;
    std::optional<CameraGeometry> geometry;
    bool update = false;      ///< change visits that differ instead of failing
    bool incremental = false; ///< the same, and take exposures in that came later
    bool dry_run = false;
    std::vector<std::string> instruments; ///< only exposures of these, empty: all
    std::string where;                    ///< only exposures that meet this condition (butler/where.h)
};

/// What became of a visit.
struct VisitResult {
    VisitDefinition visit;
    std::string outcome;                ///< done, existing, updated, planned
    common::Json record;                ///< of the visit
    common::Json old_values;            ///< of an update: column to what it was
    std::optional<common::Error> error; ///< why there is no outcome
};

class VisitMaker {
public:
    /// \param done  gets each visit when what was done is durable
    using Done = std::function<void(VisitResult const &)>;
    /// \throws Error USAGE when the repository's universe has no columns for the grouping, or the repository
    /// no instrument or detector that is named; for a condition that can't be used
    VisitMaker(butler::Repository const &repo, VisitMakerOptions options, Done done);

    /// An exposure of a repository.
    struct Exposure {
        std::string instrument;
        std::int64_t id = 0;
        auto operator<=>(Exposure const &) const = default;
    };
    /// Make the visits that these exposures belong to. Exposures that are not tracked on the sky, or that
    /// can't see it, are passed over, as those that are not there.
    void make(std::vector<Exposure> const &exposures);

    /// The same of all exposures. \return how many there are, tracked or not
    std::int64_t makeAll();

private:
    void findMembers();
    std::vector<std::vector<common::Json>> nextGroups();
    void makeGroups();
    void makeAndCommit(std::vector<VisitDefinition> const &visits);
    VisitResult makeOne(VisitDefinition const &visit);
    void requireGeometryFits();
    void requireInstrument(std::string const &name, std::string const &option);
    void requireOwnExposures(VisitDefinition const &visit);
    std::string selection(std::vector<sql::Value> &values) const;
    std::vector<std::int64_t> systemsInRegistry(VisitDefinition const &visit);
    bool writeParts(VisitDefinition const &visit);
    bool writeRegions(VisitDefinition const &visit);
    common::Json regionOf(VisitDefinition const &visit);
    bool isPostgres() const;
    std::string conditionOnSky(std::string const &table) const;
    std::vector<std::string> keyColumns() const;

    butler::Repository const &_repo;
    VisitMakerOptions _options;
    Done _done;
    butler::DimensionRecords _records;
    bool _canSeeSky;  ///< whether exposures have that column
    bool _membership; ///< whether visits are members of systems, not of one system each
    std::int64_t _page = 0;
    std::map<int, std::vector<butler::UnitVector>> _corners; ///< of the visit under way
};

} // namespace dbb::ingest
