/// \file
/// Making visits of exposures that are registered.
#pragma once

#include "butler/dimension_records.h"
#include "common/error.h"
#include "ingest/camera_geometry.h"
#include "ingest/grouped_exposures.h"
#include "ingest/visit_groups.h"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dbb::ingest {

struct VisitMakerOptions {
    Grouping grouping = Grouping::OneToOne;
    std::optional<CameraGeometry> geometry;
    bool update = false;      ///< change visits that differ instead of failing
    bool incremental = false; ///< the same, and take exposures in that came later
    bool dry_run = false;
    ExposureSelection selection;
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

    /// Make the visits that these exposures belong to. Exposures that are not tracked on the sky, or that
    /// can't see it, are passed over, as those that are not there.
    void make(std::vector<ExposureKey> const &exposures);

    /// The same of all exposures. \return how many there are, tracked or not
    std::int64_t makeAll();

private:
    void makeGroups();
    std::vector<VisitDefinition> definitionsOf(std::vector<std::vector<ExposureKey>> const &groups);
    void makeAndCommit(std::vector<VisitDefinition> const &visits);
    std::vector<VisitResult> commit(std::vector<VisitDefinition> const &visits);
    void writeSystems(std::string const &instrument);
    VisitResult makeOne(VisitDefinition const &visit);
    void requireGeometryFits();
    void requireInstrument(std::string const &name, std::string const &option);
    void requireOwnExposures(VisitDefinition const &visit);
    std::vector<std::int64_t> systemsInRegistry(VisitDefinition const &visit);
    bool writeParts(VisitDefinition const &visit);
    bool writeRegions(VisitDefinition const &visit);
    common::Json regionOf(VisitDefinition const &visit);

    butler::Repository const &_repo;
    VisitMakerOptions _options;
    Done _done;
    butler::DimensionRecords _records;
    GroupedExposures _exposures;
    bool _membership;                   ///< whether visits are members of systems, not of one system each
    std::set<std::string> _withSystems; ///< instruments whose visit systems this transaction has written
    std::map<int, std::vector<butler::UnitVector>> _corners; ///< of the visit under way
};

} // namespace dbb::ingest
