#include "ingest/visit_maker.h"

#include "butler/dialect.h"
#include "butler/record_values.h"
#include "butler/where.h"
#include "common/signals.h"
#include "common/text.h"
#include "ingest/universe_records.h"

#include <algorithm>
#include <set>

namespace dbb::ingest {

using common::Error;
using common::Json;
using sql::quoteIdentifier;
using sql::Statement;

namespace {

/// Exposures that are read, and visits that share a commit, at a time: few enough not to lock others out.
constexpr std::int64_t pageRows = 500;

} // namespace

VisitMaker::VisitMaker(butler::Repository const &repo, VisitMakerOptions options, Done done)
    : _repo(repo), _options(std::move(options)), _done(std::move(done)), _records(repo),
      _canSeeSky(hasColumn(repo.universe(), "exposure", "can_see_sky")),
      _membership(repo.universe().find("visit_system_membership") != nullptr) {
    if (_options.grouping == Grouping::OneToOneAndByCounter
        && !hasColumn(repo.universe(), "exposure", "seq_start")) {
        throw common::usageError("exposures of universe " + std::to_string(repo.universe().version())
                                     + " have no seq_start and seq_end to be grouped by",
                                 "use the grouping one-to-one or by-group-metadata");
    }
    // What is wanted, and what belongs together with it, in the order of groups. Temporary tables lie in
    // files of the database's own, so that memory stays bounded.
    repo.db().execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS dbb_wanted (instrument TEXT NOT NULL, id BIGINT NOT NULL, "
        "PRIMARY KEY (instrument, id))");
    repo.db().execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS dbb_members (n "
        + std::string(isPostgres() ? "BIGSERIAL" : "INTEGER")
        + " PRIMARY KEY, instrument TEXT NOT NULL, id BIGINT NOT NULL, a TEXT, b TEXT, c TEXT)");
    requireGeometryFits();
    for (auto const &name : _options.instruments) requireInstrument(name, "--instrument");
}

/// The geometry must be one of a camera of this repository, with its detectors. \throws Error USAGE
void VisitMaker::requireGeometryFits() {
    if (!_options.geometry) return;
    auto const &camera = _options.geometry->instrument();
    requireInstrument(camera, "--geometry");
    for (auto const detector : _options.geometry->detectors()) {
        if (_records.find("detector", {camera, std::int64_t{detector}})) continue;
        throw common::usageError("--geometry: " + camera + " has no detector " + std::to_string(detector)
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

bool VisitMaker::isPostgres() const {
    return _repo.db().dialect() == sql::Dialect::Postgres;
}

/// Tracked on the sky, with a position angle, and not known to be blind.
std::string VisitMaker::conditionOnSky(std::string const &table) const {
    auto out = table + ".tracking_ra IS NOT NULL AND " + table + ".tracking_dec IS NOT NULL AND " + table
               + ".sky_angle IS NOT NULL";
    // A boolean is 0 or 1 here; NULL is not known.
    if (_canSeeSky) out += " AND coalesce(" + table + ".can_see_sky, TRUE)";
    return out;
}

void VisitMaker::make(std::vector<Exposure> const &exposures) {
    _repo.db().execute("DELETE FROM dbb_wanted");
    auto &insert =
        _repo.db().cached("INSERT INTO dbb_wanted (instrument, id) VALUES (?, ?) ON CONFLICT DO NOTHING");
    for (auto const &exposure : exposures) insert.run({exposure.instrument, exposure.id});
    if (!_options.instruments.empty() || !_options.where.empty()) {
        auto values = std::vector<sql::Value>();
        auto const selected = selection(values);
        _repo.db()
            .prepare("DELETE FROM dbb_wanted WHERE (instrument, id) NOT IN (" + selected + ")")
            ->run(values);
    }
    makeGroups();
}

std::string VisitMaker::selection(std::vector<sql::Value> &values) const {
    std::vector<std::string> names;
    for (auto const &column : butler::recordColumns(_repo.universe(), _repo.universe().at("exposure")))
        for (auto &name : butler::columnNames(column)) names.push_back(std::move(name));
    auto const condition = butler::parseWhere(_options.where, names);
    values = condition.values;
    auto const exposures = butler::readable(_repo.universe().at("exposure"), _repo.db().dialect());
    std::string out = "SELECT instrument, id FROM " + exposures + " AS e WHERE TRUE";
    if (!condition.sql.empty()) out += " AND (" + condition.sql + ")";
    if (_options.instruments.empty()) return out;
    std::vector<std::string> marks;
    for (auto const &name : _options.instruments) {
        marks.emplace_back("?");
        values.emplace_back(name);
    }
    return out + " AND instrument IN (" + common::join(marks, ", ") + ")";
}

std::int64_t VisitMaker::makeAll() {
    auto &db = _repo.db();
    db.execute("DELETE FROM dbb_wanted");
    std::vector<sql::Value> values;
    auto const selected = selection(values);
    auto const count = db.prepare("INSERT INTO dbb_wanted (instrument, id) " + selected)->run(values);
    makeGroups();
    return count;
}

/// Columns that exposures of one group have in common.
std::vector<std::string> VisitMaker::keyColumns() const {
    if (_options.grouping == Grouping::OneToOneAndByCounter) return {"day_obs", "seq_start", "seq_end"};
    if (_options.grouping == Grouping::ByGroup)
        return {hasColumn(_repo.universe(), "exposure", "group") ? "group" : "group_name"};
    return {"id"};
}

void VisitMaker::findMembers() {
    std::vector<std::string> keys;
    for (auto const &column : keyColumns()) {
        // No value is a value like others: such exposures belong together.
        auto const name = "e." + quoteIdentifier(column);
        // As text, numbers have the order of numbers when they have equal lengths.
        keys.push_back(isPostgres() ? "lpad(coalesce(" + name + "::text, ''), 20, '0')"
                                    : "coalesce(" + name + ", '')");
    }
    auto const list = common::join(keys, ", ");
    keys.resize(3, "''");
    auto &db = _repo.db();
    db.execute("DELETE FROM dbb_members");
    // A group is complete also when only one of its exposures is wanted.
    db.prepare(
          "INSERT INTO dbb_members (instrument, id, a, b, c) SELECT e.instrument, e.id, "
          + common::join(keys, ", ") + " FROM exposure AS e WHERE " + conditionOnSky("e")
          + " AND (e.instrument, " + list + ") IN (SELECT e.instrument, " + list
          + " FROM dbb_wanted AS w JOIN exposure AS e ON e.instrument = w.instrument AND e.id = w.id WHERE "
          + conditionOnSky("e") + ") ORDER BY e.instrument, 3, 4, 5, e.seq_num, e.id")
        ->run({});
    _page = 0;
}

/// The next groups that fit into a page, at least one; none at the end.
std::vector<std::vector<Json>> VisitMaker::nextGroups() {
    struct Member {
        std::int64_t n;
        Exposure exposure;
        std::vector<std::string> key;
    };
    std::vector<Member> members;
    auto limit = pageRows;
    do { // a group that is larger than a page needs a larger one
        members.clear();
        _repo.db()
            .cached("SELECT n, instrument, id, a, b, c FROM dbb_members WHERE n > ? ORDER BY n LIMIT ?")
            .query({_page, limit}, [&](Statement const &row) {
                members.push_back({row.integer(0),
                                   {row.text(1), row.integer(2)},
                                   {row.text(1), row.text(3), row.text(4), row.text(5)}});
            });
        limit *= 2;
    } while (!members.empty() && static_cast<std::int64_t>(members.size()) == limit / 2
             && members.front().key == members.back().key);
    bool const last = static_cast<std::int64_t>(members.size()) < limit / 2;
    // The group at the end of a page may go on behind it.
    while (!last && members.size() > 1 && members[members.size() - 2].key == members.back().key)
        members.pop_back();
    if (!last && members.size() > 1) members.pop_back();
    std::vector<std::vector<Json>> out;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (i == 0 || members[i].key != members[i - 1].key) out.emplace_back();
        auto record = _records.find("exposure", {members[i].exposure.instrument, members[i].exposure.id});
        if (record) out.back().push_back(std::move(*record));
    }
    if (!members.empty()) _page = members.back().n;
    return out;
}

void VisitMaker::makeGroups() {
    findMembers();
    while (common::stopSignal() == 0) {
        auto const groups = nextGroups();
        if (groups.empty()) return;
        std::vector<VisitDefinition> visits;
        for (auto const &group : groups) {
            if (group.empty()) continue; // removed meanwhile
            auto made = visitsOf(_options.grouping, group);
            visits.insert(visits.end(), std::make_move_iterator(made.begin()),
                          std::make_move_iterator(made.end()));
        }
        makeAndCommit(visits);
    }
}

void VisitMaker::makeAndCommit(std::vector<VisitDefinition> const &visits) {
    std::vector<VisitResult> results;
    if (_options.dry_run) {
        for (auto const &visit : visits) results.push_back(makeOne(visit));
    } else {
        sql::Transaction transaction(_repo.db());
        for (auto const &visit : visits) {
            sql::Savepoint savepoint(_repo.db());
            results.push_back(makeOne(visit));
            if (!results.back().error) savepoint.release();
        }
        transaction.commit();
    }
    for (auto const &result : results) _done(result);
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
        auto const &instrument = visit.exposures.front()["instrument"];
        for (auto const &system : systemsOf(_options.grouping)) {
            _records.sync("visit_system",
                          Json().set("instrument", instrument).set("id", system.id).set("name", system.name),
                          false);
        }
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
    _repo.db()
        .cached("SELECT exposure FROM visit_definition WHERE instrument = ? AND visit = ?")
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
    _repo.db()
        .cached(
            "SELECT visit_system FROM visit_system_membership WHERE instrument = ? AND visit = ? ORDER BY 1")
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
