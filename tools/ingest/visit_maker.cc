#include "ingest/visit_maker.h"

#include "common/signals.h"
#include "common/text.h"
#include "intake/universe_records.h"

#include <algorithm>
#include <set>

namespace dbb::ingest {

using common::Error;
using common::Json;
using sql::Statement;

VisitMaker::VisitMaker(butler::Repository const &repo, VisitMakerOptions options, Done done)
    : _repo(repo), _options(std::move(options)), _done(std::move(done)), _records(repo),
      _exposures(repo, _options.grouping, _options.selection),
      _membership(repo.universe().find("visit_system_membership") != nullptr) {
    requireGeometryFits();
    for (auto const &name : _options.selection.instruments) requireInstrument(name, "--instrument");
}

/// The geometry must be one of a camera of this repository, with its detectors. \throws Error USAGE
void VisitMaker::requireGeometryFits() {
    if (!_options.geometry) return;
    auto const &camera = _options.geometry->instrument();
    requireInstrument(camera, "--geometry");
    std::vector<std::vector<Json>> keys;
    for (auto const detector : _options.geometry->detectors())
        keys.push_back({camera, std::int64_t{detector}});
    auto const records = _records.findEach("detector", keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (records[i]) continue;
        throw common::usageError("--geometry: " + camera + " has no detector " + keys[i][1].text()
                                 + " in this repository");
    }
}

void VisitMaker::requireInstrument(std::string const &name, std::string const &option) {
    if (_records.find("instrument", {name})) return;
    std::vector<std::string> known;
    _records.forEach("instrument", "", [&](Json const &record) { known.push_back(record["name"].text()); });
    auto const near = common::nearest(name, known);
    throw common::usageError(option + ": there is no instrument \"" + name + "\" in this repository",
                             near.empty() ? "registered are: " + common::join(known, ", ")
                                          : "did you mean " + near + "?");
}

void VisitMaker::make(std::vector<ExposureKey> const &exposures) {
    _exposures.find(exposures);
    makeGroups();
}

std::int64_t VisitMaker::makeAll() {
    auto const count = _exposures.findAll();
    makeGroups();
    return count;
}

void VisitMaker::makeGroups() {
    while (common::stopSignal() == 0) {
        auto const groups = _exposures.next();
        if (groups.empty()) return;
        makeAndCommit(definitionsOf(groups));
    }
}

/// The visits of these groups of exposures.
std::vector<VisitDefinition> VisitMaker::definitionsOf(std::vector<std::vector<ExposureKey>> const &groups) {
    std::vector<std::vector<Json>> keys;
    for (auto const &group : groups)
        for (auto const &exposure : group) keys.push_back({exposure.instrument, exposure.id});
    auto records = _records.findEach("exposure", keys);
    std::vector<VisitDefinition> out;
    auto record = records.begin();
    for (auto const &group : groups) {
        std::vector<Json> exposures;
        for (auto const end = record + static_cast<std::ptrdiff_t>(group.size()); record != end; ++record)
            if (*record) exposures.push_back(std::move(**record));
        if (exposures.empty()) continue; // removed meanwhile
        auto made = visitsOf(_options.grouping, exposures);
        out.insert(out.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
    }
    return out;
}

void VisitMaker::makeAndCommit(std::vector<VisitDefinition> const &visits) {
    std::vector<VisitResult> results;
    if (_options.dry_run) {
        for (auto const &visit : visits) results.push_back(makeOne(visit));
    } else {
        sql::repeating([&] { results = commit(visits); });
    }
    for (auto const &result : results) _done(result);
}

/// Make visits in one transaction. What one that fails has written is taken back.
std::vector<VisitResult> VisitMaker::commit(std::vector<VisitDefinition> const &visits) {
    std::vector<VisitResult> out;
    sql::Transaction transaction(_repo.db());
    _withSystems.clear();
    for (auto const &visit : visits) {
        sql::Savepoint savepoint(_repo.db());
        out.push_back(makeOne(visit));
        if (out.back().error) continue;
        savepoint.release();
        _withSystems.insert(visit.exposures.front()["instrument"].string());
    }
    transaction.commit();
    return out;
}

VisitResult VisitMaker::makeOne(VisitDefinition const &visit) {
    VisitResult out{visit, {}, {}, {}, {}};
    try {
        auto const stored = _records.find("visit", {visit.exposures.front()["instrument"], visit.id});
        // Without a geometry nothing is known of regions, and those that are there stay.
        auto region = regionOf(visit);
        if (region.isNull() && stored) region = (*stored)["region"];
        out.record = visitRecord(_repo.universe(), visit, region);
        bool const update = _options.update || _options.incremental;
        if (stored && update) requireOwnExposures(visit);
        if (_options.dry_run) {
            auto const found = _records.check("visit", out.record, update);
            out.old_values = found.old_values;
            out.outcome = found.kind == butler::SyncResult::Kind::Same ? "existing" : "planned";
            return out;
        }
        writeSystems(visit.exposures.front()["instrument"].string());
        auto const found = _records.sync("visit", out.record, update);
        bool const isNew = found.kind == butler::SyncResult::Kind::Inserted;
        bool const changed = found.kind == butler::SyncResult::Kind::Updated;
        bool const grown = (isNew || _options.incremental) && writeParts(visit) && !isNew;
        bool const moved = (isNew || update) && writeRegions(visit) && !isNew;
        out.old_values = found.old_values;
        out.outcome = isNew ? "done" : changed || moved || grown ? "updated" : "existing";
        // What was there before may belong to other systems than this grouping makes.
        if (!isNew) out.visit.systems = systemsInRegistry(visit);
    } catch (Error const &e) {
        if (e.exitCode() != common::ExitCode::SomeFailed) throw;
        out.error = e;
    }
    return out;
}

/// What the registry calls the systems that this grouping makes visits of.
void VisitMaker::writeSystems(std::string const &instrument) {
    if (_withSystems.contains(instrument)) return;
    for (auto const &system : systemsOf(_options.grouping)) {
        _records.sync("visit_system",
                      Json().set("instrument", instrument).set("id", system.id).set("name", system.name),
                      false);
    }
}

/// Which exposures it has, and to which of this grouping's systems it belongs. \return whether anything was
/// written
bool VisitMaker::writeParts(VisitDefinition const &visit) {
    using Kind = butler::SyncResult::Kind;
    auto const &instrument = visit.exposures.front()["instrument"];
    bool any = false;
    for (auto const &exposure : visit.exposures) {
        Json definition;
        definition.set("instrument", instrument).set("exposure", exposure["id"]).set("visit", visit.id);
        if (!_membership) definition.set("visit_system", visit.systems.front());
        any = _records.sync("visit_definition", definition, false).kind != Kind::Same || any;
    }
    if (!_membership) return any;
    for (auto const &system : systemsOf(_options.grouping)) {
        Json member;
        member.set("instrument", instrument).set("visit_system", system.id).set("visit", visit.id);
        if (std::find(visit.systems.begin(), visit.systems.end(), system.id) != visit.systems.end()) {
            any = _records.sync("visit_system_membership", member, false).kind != Kind::Same || any;
            continue;
        }
        // A visit of one exposure belongs to another system when a second one has come.
        any = _repo.db()
                      .cached("DELETE FROM visit_system_membership WHERE instrument = ? AND visit_system = ? "
                              "AND visit = ?")
                      .run({instrument.text(), system.id, visit.id})
                  > 0
              || any;
    }
    return any;
}

/// A visit that has an exposure which does not belong to it here was made by another grouping, and one that
/// lacks an exposure would get values of more than it has. \throws Error VISIT_CONFLICT
void VisitMaker::requireOwnExposures(VisitDefinition const &visit) {
    auto const &instrument = visit.exposures.front()["instrument"];
    std::set<std::int64_t> stored;
    std::set<std::int64_t> ours;
    for (auto const &exposure : visit.exposures) ours.insert(exposure["id"].integer());
    // Asked for one number, SQLite would read all visits of the instrument by the primary key instead of
    // using the index of visits.
    _repo.db()
        .cached("SELECT exposure FROM visit_definition WHERE instrument = ?1 AND visit BETWEEN ?2 AND ?2")
        .query({instrument.text(), visit.id}, [&](Statement const &row) { stored.insert(row.integer(0)); });
    auto const refuse = [&](std::int64_t exposure, std::string const &what, std::string const &hint) {
        throw Error("VISIT_CONFLICT", "visit " + std::to_string(visit.id) + " of " + instrument.text() + " "
                                          + what + " exposure " + std::to_string(exposure))
            .hint(hint)
            .cause({.column = "exposure", .value = std::to_string(exposure)});
    };
    for (auto const exposure : stored) {
        if (!ours.contains(exposure))
            refuse(exposure, "has, and this grouping does not give it,", "use the grouping that made it");
    }
    for (auto const exposure : ours) {
        if (!stored.contains(exposure) && !_options.incremental)
            refuse(exposure, "was made without", "take it in with --incremental");
    }
}

std::vector<std::int64_t> VisitMaker::systemsInRegistry(VisitDefinition const &visit) {
    std::vector<std::int64_t> out;
    if (!_membership) return visit.systems;
    // The primary key has the systems before the visit: without them all visits would be read.
    _repo.db()
        .cached("SELECT visit_system FROM visit_system_membership WHERE instrument = ?1 AND visit = ?2 AND "
                "visit_system IN (SELECT id FROM visit_system WHERE instrument = ?1) ORDER BY 1")
        .query({visit.exposures.front()["instrument"].text(), visit.id},
               [&](Statement const &row) { out.push_back(row.integer(0)); });
    return out;
}

/// \return whether anything was written
bool VisitMaker::writeRegions(VisitDefinition const &visit) {
    bool any = false;
    for (auto const &[detector, corners] : _corners) {
        Json record;
        record.set("instrument", visit.exposures.front()["instrument"])
            .set("detector", std::int64_t{detector});
        record.set("visit", visit.id);
        record.set("region", butler::SkyRegion::encodePolygon(butler::convexHull(corners)));
        any = _records.sync("visit_detector_region", record, true).kind != butler::SyncResult::Kind::Same
              || any;
    }
    return any;
}

/// The hull of all detectors, from the pointing of the first exposure; null without a geometry.
Json VisitMaker::regionOf(VisitDefinition const &visit) {
    _corners.clear();
    auto const &first = visit.exposures.front();
    if (!_options.geometry || first["instrument"] != Json(_options.geometry->instrument())) return {};
    _corners = _options.geometry->onSky(first["tracking_ra"].number(), first["tracking_dec"].number(),
                                        first["sky_angle"].number());
    std::vector<butler::UnitVector> all;
    for (auto const &[detector, corners] : _corners) all.insert(all.end(), corners.begin(), corners.end());
    return butler::SkyRegion::encodePolygon(butler::convexHull(std::move(all)));
}

} // namespace dbb::ingest
