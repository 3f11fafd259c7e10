#include "butler/certification.h"

#include "butler/collection_summaries.h"
#include "butler/dialect.h"
#include "butler/record_plan.h"
#include "butler/record_values.h"
#include "common/calendar.h"
#include "common/text.h"

#include <algorithm>
#include <set>

namespace dbb::butler {

using common::Error;
using sql::quoteIdentifier;
using sql::Value;

/// A time without open sides, as SQLite stores it.
struct Certifications::Span {
    std::int64_t begin = unboundedBegin;
    std::int64_t end = unboundedEnd;

    bool lasts() const { return begin < end; }
    bool operator==(Span const &) const = default;
};

namespace {

/// `[2018-09-21T00:00:00.000000000, unbounded)`
std::string shownSpan(std::int64_t begin, std::int64_t end) {
    return "[" + (begin <= unboundedBegin ? "unbounded" : common::isoFromNs(begin)) + ", "
           + (end >= unboundedEnd ? "unbounded" : common::isoFromNs(end)) + ")";
}

/// The rows of one table of calibrations, all but the rows; parameters are type, dataset, collection, data ID
/// and the two ends of the time.
sql::RowsInsert insertInto(TableSpec table, sql::Dialect dialect) {
    std::vector<std::string> names;
    std::vector<std::string> expressions;
    bool const onServer = dialect == sql::Dialect::Postgres;
    for (auto const &sequence : sequencesOf(table, dialect)) {
        names.push_back(quoteIdentifier(sequence.column));
        expressions.push_back("nextval('" + quoteIdentifier(sequence.name) + "')");
    }
    std::erase_if(table.columns, [](ColumnSpec const &column) { return column.type == SqlType::AutoKey; });
    std::size_t parameter = 0;
    for (auto const &column : table.columns) {
        RecordColumn const one{.name = column.name, .type = {}, .timespan = column.type == SqlType::Timespan};
        for (auto &part : written(one, parameter + 1, dialect, onServer ? "r.c" : "?")) {
            names.push_back(std::move(part.name));
            expressions.push_back(std::move(part.expression));
        }
        parameter += one.timespan ? 2 : 1;
    }
    return {"INSERT INTO " + quoteIdentifier(table.name) + " (" + common::join(names, ", ") + ")",
            "",
            {},
            valueTypes(table),
            onServer ? common::join(expressions, ", ") : ""};
}

} // namespace

Certifications::Certifications(Repository const &repo, DatasetType type, std::string collection,
                               std::optional<std::int64_t> collectionId)
    : _repo(repo), _type(std::move(type)), _collection(std::move(collection)), _collectionId(collectionId) {
    if (!_collectionId) return;
    if (!_type.isCalibration()) {
        throw Error("DATASET_TYPE_CONFLICT",
                    "dataset type \"" + _type.name
                        + "\" is registered as none of calibrations, so that none of it can be certified")
            .cause({.column = "dataset_type", .value = _type.name, .expected = "a calibration type"});
    }
    auto const dialect = repo.db().dialect();
    std::vector<std::string> columns{"dataset_type_id", "collection_id"};
    auto const &dimensions = _type.dimensions.required;
    columns.insert(columns.end(), dimensions.begin(), dimensions.end());
    _select = std::string("SELECT dataset_id, ") + timespanBegin + ", " + timespanEnd + " FROM "
              + withTimespan(_type.calibs_table, dialect) + " AS t WHERE " + equalities(columns);
    _delete = "DELETE FROM " + quoteIdentifier(_type.calibs_table) + " WHERE "
              + equalities({"dataset_type_id", "collection_id", "dataset_id"});
    _insert = insertInto(calibsTableSpec(repo.universe(), _type.dimensions, _type.dimensions_key), dialect);
}

Certifications::Span Certifications::spanOf(Certified const &certified) {
    return {std::max(certified.begin_ns.value_or(unboundedBegin), unboundedBegin),
            std::min(certified.end_ns.value_or(unboundedEnd), unboundedEnd)};
}

/// \param others  what is certified of the data ID; gets what is new
Certifications::Outcome Certifications::judge(Certified const &certified,
                                              std::vector<CertifiedRow> &others) const {
    auto const span = spanOf(certified);
    auto const shown = shownSpan(span.begin, span.end);
    auto const what = described(_type, certified.data_id);
    if (!span.lasts()) {
        return {.error = Error("BAD_VALUE",
                               what + " can't be certified for " + shown + ", which ends before it begins")
                             .cause({.column = "timespan", .value = shown, .expected = "a time that lasts"})};
    }
    auto const id = certified.id.hex();
    // Of several that are in the way the earliest, in whatever order they come.
    CertifiedRow const *rival = nullptr;
    for (auto const &other : others) {
        bool const same = other.id == id;
        if (same && Span{other.begin_ns, other.end_ns} == span) return {.found = Found::Same};
        bool const overlaps = span.begin < other.end_ns && other.begin_ns < span.end;
        bool const touches = span.begin == other.end_ns || other.begin_ns == span.end;
        if (!overlaps && !(same && touches)) continue;
        if (!rival || other.begin_ns < rival->begin_ns) rival = &other;
    }
    if (!rival) {
        others.push_back({id, span.begin, span.end});
        return {};
    }
    auto const theirs = shownSpan(rival->begin_ns, rival->end_ns);
    return {.error = Error("CERTIFY_CONFLICT",
                           what + ": dataset " + certified.id.text() + " can't be certified for " + shown
                               + " in collection \"" + _collection + "\", since "
                               + (rival->id == id ? "it" : "dataset " + common::withHyphens(rival->id))
                               + " is certified for " + theirs + " already")
                         .cause({.column = "timespan", .value = shown, .expected = theirs}),
            .rival = rival->id};
}

/// Other times of the dataset itself; none when it is certified for its time as well.
std::vector<CertifiedRow> Certifications::givingWay(Certified const &certified,
                                                    std::vector<CertifiedRow> const &rows) {
    auto const span = spanOf(certified);
    std::vector<CertifiedRow> out;
    for (auto const &row : rows) {
        if (row.id != certified.id.hex()) continue;
        if (Span{row.begin_ns, row.end_ns} == span) return {};
        out.push_back(row);
    }
    return out;
}

/// Datasets of one data ID. What is refused keeps the times that it has, which may be in the way of others.
/// \param rows  what is certified of it, and afterwards would be
void Certifications::judgeTogether(std::vector<Certified const *> const &all,
                                   std::vector<Outcome *> const &out, std::vector<CertifiedRow> &rows,
                                   OwnTimes ownTimes) const {
    bool const replace = ownTimes == OwnTimes::Replace;
    auto const before = rows;
    for (bool again = true; again;) {
        again = false;
        rows = before;
        for (std::size_t i = 0; replace && i < all.size(); ++i) {
            if (out[i]->error) continue;
            out[i]->replaced = givingWay(*all[i], before);
            if (!out[i]->replaced.empty())
                std::erase_if(rows, [&](CertifiedRow const &row) { return row.id == all[i]->id.hex(); });
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (out[i]->error) continue;
            auto replaced = std::move(out[i]->replaced);
            *out[i] = judge(*all[i], rows);
            again = again || (replace && out[i]->error);
            if (out[i]->error || replaced.empty()) continue;
            out[i]->found = Found::Replaced;
            out[i]->replaced = std::move(replaced);
        }
    }
}

std::vector<Certifications::Outcome> Certifications::judgeEach(std::vector<Certified> const &all,
                                                               Stored &stored, OwnTimes ownTimes) const {
    struct Together {
        std::vector<Certified const *> wanted;
        std::vector<Outcome *> outcomes;
    };
    std::vector<Outcome> out(all.size());
    std::map<DataId, Together> byDataId;
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto &together = byDataId[all[i].data_id];
        together.wanted.push_back(&all[i]);
        together.outcomes.push_back(&out[i]);
    }
    for (auto const &[dataId, together] : byDataId)
        judgeTogether(together.wanted, together.outcomes, stored[dataId], ownTimes);
    return out;
}

Certifications::Found Certifications::look(Certified const &certified) {
    auto const outcome = lookEach({certified}).front();
    if (outcome.error) throw Error(*outcome.error);
    return outcome.found;
}

std::vector<Certifications::Outcome> Certifications::lookEach(std::vector<Certified> const &all,
                                                              OwnTimes ownTimes) {
    auto rows = stored(all, {});
    return judgeEach(all, rows, ownTimes);
}

std::vector<Certifications::Outcome> Certifications::plan(std::vector<Certified> const &all,
                                                          OwnTimes ownTimes, PlannedCertifications &planned) {
    auto rows = stored(all, {});
    for (auto &[dataId, certified] : rows) {
        auto ahead = planned.find(_collection, described(_type, dataId));
        if (!ahead.empty()) certified = std::move(ahead);
    }
    auto out = judgeEach(all, rows, ownTimes);
    for (auto const &[dataId, certified] : rows)
        planned.set(_collection, described(_type, dataId), certified);
    return out;
}

/// What is certified of each data ID. \param asked  what is asked before, in the same round trip
Certifications::Stored Certifications::stored(std::vector<Certified> const &all,
                                              std::vector<sql::Asked> asked) const {
    Stored out;
    for (auto const &certified : all) {
        auto const [at, isNew] = out.try_emplace(certified.data_id);
        if (!isNew || !_collectionId) continue;
        std::vector<Value> key{_type.id, *_collectionId};
        key.insert(key.end(), certified.data_id.begin(), certified.data_id.end());
        asked.push_back({_select, std::move(key), [&rows = at->second](sql::Statement const &row) {
                             rows.push_back({row.text(0), row.integer(1), row.integer(2)});
                         }});
    }
    std::size_t failed = 0;
    _repo.db().askTogether(asked, failed);
    return out;
}

/// All that gives way, before anything is put in its place.
void Certifications::takeOut(std::vector<Certified> const &all, std::vector<Outcome> const &outcomes) const {
    std::vector<sql::Asked> deletions;
    std::set<common::Uuid> taken;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (outcomes[i].found != Found::Replaced || !taken.insert(all[i].id).second) continue;
        deletions.push_back({_delete, {_type.id, *_collectionId, all[i].id.hex()}});
    }
    std::size_t failed = 0;
    _repo.db().askTogether(deletions, failed);
}

std::vector<Certifications::Outcome> Certifications::insert(std::vector<Certified> const &all,
                                                            OwnTimes ownTimes) {
    auto &db = _repo.db();
    // Summaries before the lock, and the look behind it, in the Butler's order: nobody waits in a circle, and
    // what is seen stays so.
    std::vector<DataId const *> dataIds;
    for (auto const &certified : all)
        if (spanOf(certified).lasts()) dataIds.push_back(&certified.data_id);
    GovernorValues governors;
    sql::FailedRow failed;
    if (!dataIds.empty())
        db.insertTogether(summaryRows(_repo, _type, _collectionId.value(), dataIds, governors), failed);
    std::vector<sql::Asked> lock;
    if (db.dialect() == sql::Dialect::Postgres)
        lock.push_back({"LOCK TABLE " + quoteIdentifier(_type.calibs_table) + " IN EXCLUSIVE MODE", {}});
    auto rows = stored(all, std::move(lock));
    auto out = judgeEach(all, rows, ownTimes);
    takeOut(all, out);
    auto insert = _insert;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (out[i].error || out[i].found == Found::Same) continue;
        auto const span = spanOf(all[i]);
        auto &row = insert.rows.emplace_back(std::vector<Value>{_type.id, all[i].id.hex(), *_collectionId});
        row.insert(row.end(), all[i].data_id.begin(), all[i].data_id.end());
        row.insert(row.end(), {span.begin, span.end});
    }
    if (!insert.rows.empty()) db.insertTogether({insert}, failed);
    return out;
}

} // namespace dbb::butler
