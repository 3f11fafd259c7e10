#include "ingest/repo_register.h"

#include "butler/dimension_records.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "instrument/table.h"
#include "intake/repository_options.h"
#include "intake/universe_records.h"
#include "manifest/record.h"

#include <algorithm>

namespace dbb::ingest {

using butler::DimensionRecords;
using butler::SyncResult;
using common::Json;
using instrument::Table;

namespace {

Json textOrNull(std::string const &text) {
    return text.empty() ? Json() : Json(text);
}

/// The record of an instrument without the columns that the repository's universe does not have.
Json instrumentRecord(Table const &table, butler::Universe const &universe) {
    Json out;
    out.set("name", table.name);
    out.set("visit_max", table.visit_max);
    out.set("visit_system", table.visit_system);
    out.set("exposure_max", table.exposure_max);
    out.set("detector_max", table.detector_max);
    out.set("class_name", table.class_name);
    return intake::withKnownColumns(universe, "instrument", std::move(out));
}

Json detectorRecord(Table const &table, instrument::Detector const &detector) {
    Json out;
    out.set("instrument", table.name);
    out.set("id", detector.id);
    out.set("full_name", detector.full_name);
    out.set("name_in_raft", detector.name_in_raft);
    out.set("raft", textOrNull(detector.raft));
    out.set("purpose", detector.purpose);
    return out;
}

Json filterRecord(Table const &table, instrument::PhysicalFilter const &filter) {
    Json out;
    out.set("instrument", table.name);
    out.set("name", filter.name);
    out.set("band", filter.band);
    return out;
}

/// What happened to the records of an instrument, taken together.
class Outcome {
public:
    void add(SyncResult const &result) {
        _inserted = _inserted || result.kind == SyncResult::Kind::Inserted;
        _updated = _updated || result.kind == SyncResult::Kind::Updated;
    }
    std::string text() const { return _updated ? "updated" : _inserted ? "done" : "existing"; }

private:
    bool _inserted = false;
    bool _updated = false;
};

Outcome syncAll(butler::Repository const &repo, Table const &table, RegisterOptions const &options) {
    Outcome out;
    DimensionRecords records(repo);
    auto const sync = [&](char const *element, Json const &record) {
        out.add(options.dry_run ? records.check(element, record, options.update)
                                : records.sync(element, record, options.update));
    };
    sync("instrument", instrumentRecord(table, repo.universe()));
    for (auto const &detector : table.detectors()) sync("detector", detectorRecord(table, detector));
    for (auto const &filter : table.filters()) sync("physical_filter", filterRecord(table, filter));
    return out;
}

void checkNames(std::vector<std::string> const &names) {
    auto const known = instrument::tableNames();
    for (auto const &name : names) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        auto const near = common::nearest(name, known);
        throw common::usageError("unknown instrument \"" + name + "\"",
                                 near.empty() ? "known are: " + common::join(known, ", ")
                                              : "did you mean " + near + "?");
    }
}

/// Register one instrument. \return done, existing, updated or planned
std::string registerOne(butler::Repository const &repo, Table const &table, RegisterOptions const &options) {
    if (options.dry_run) {
        sql::ReadTransaction const view(repo.db());
        auto const outcome = syncAll(repo, table, options).text();
        return outcome == "existing" ? outcome : "planned";
    }
    std::string outcome;
    sql::repeating([&] {
        sql::Transaction transaction(repo.db());
        outcome = syncAll(repo, table, options).text();
        transaction.commit();
    });
    return outcome;
}

manifest::Record line(Table const &table, std::string const &outcome) {
    manifest::Record out("dimension");
    out.set("element", "instrument");
    out.set("name", table.name);
    out.set("detectors", static_cast<std::int64_t>(table.detectors().size()));
    out.set("physical_filters", static_cast<std::int64_t>(table.filters().size()));
    Json receipt;
    receipt.set("outcome", outcome);
    return out.set("register", receipt);
}

} // namespace

common::ExitCode registerInstruments(RegisterOptions const &options, common::Output &out) {
    checkNames(options.instruments);
    auto const access = options.dry_run ? butler::Access::ReadOnly : butler::Access::ReadWrite;
    auto const repo = butler::Repository::open(options.repo, access, options.ignore_obscore);
    intake::warnOfObscore(repo);
    auto status = common::ExitCode::Done;
    for (auto const &name : options.instruments) {
        if (common::stopSignal() != 0) break;
        try {
            auto const outcome = registerOne(repo, instrument::tableOf(name), options);
            out.write(line(instrument::tableOf(name), outcome).line());
            out.flush();
        } catch (common::Error const &e) {
            // Another instrument can still be registered, unless the repository itself can't be used.
            if (e.exitCode() != common::ExitCode::SomeFailed) throw;
            common::log::error(e);
            status = e.exitCode();
        }
    }
    return status;
}

} // namespace dbb::ingest
