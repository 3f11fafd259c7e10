#include "butler/certification.h"

#include "butler/collection_summaries.h"
#include "butler/dialect.h"
#include "butler/record_plan.h"
#include "butler/record_values.h"
#include "common/calendar.h"
#include "common/text.h"

#include <algorithm>
#include <map>

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

/// What is certified of a data ID.
struct Certifications::Stored {
    std::string id; ///< 32 digits
    Span span;
};

namespace {

/// `[2018-09-21T00:00:00.000000000, unbounded)`
std::string shownSpan(std::int64_t begin, std::int64_t end) {
    return "[" + (begin <= unboundedBegin ? "unbounded" : common::isoFromNs(begin)) + ", "
           + (end >= unboundedEnd ? "unbounded" : common::isoFromNs(end)) + ")";
}

/// A UUID for people.
std::string withDashes(std::string const &hex) {
    auto const id = common::Uuid::fromText(hex);
    return id ? id->text() : hex;
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
                               std::int64_t collectionId)
    : _repo(repo), _type(std::move(type)), _collection(std::move(collection)), _collectionId(collectionId) {
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
    _insert = insertInto(calibsTableSpec(repo.universe(), _type.dimensions, _type.dimensions_key), dialect);
}

Certifications::Span Certifications::spanOf(Certified const &certified) {
    return {std::max(certified.begin_ns.value_or(unboundedBegin), unboundedBegin),
            std::min(certified.end_ns.value_or(unboundedEnd), unboundedEnd)};
}

/// \param others  what is certified of the data ID; gets what is new
Certifications::Outcome Certifications::judge(Certified const &certified, std::vector<Stored> &others) const
    try {
    auto const span = spanOf(certified);
    if (!span.lasts()) {
        throw Error("BAD_VALUE", described(_type, certified.data_id) + " can't be certified for "
                                     + shownSpan(span.begin, span.end) + ", which ends before it begins")
            .cause({.column = "timespan",
                    .value = shownSpan(span.begin, span.end),
                    .expected = "a time that lasts"});
    }
    auto const id = certified.id.hex();
    for (auto const &other : others) {
        bool const same = other.id == id;
        if (same && other.span == span) return {Found::Same, {}};
        bool const overlaps = span.begin < other.span.end && other.span.begin < span.end;
        bool const touches = span.begin == other.span.end || other.span.begin == span.end;
        if (!overlaps && !(same && touches)) continue;
        auto const theirs = shownSpan(other.span.begin, other.span.end);
        throw Error("CERTIFY_CONFLICT",
                    described(_type, certified.data_id) + ": dataset " + certified.id.text()
                        + " can't be certified for " + shownSpan(span.begin, span.end) + " in collection \""
                        + _collection + "\", since " + (same ? "it" : "dataset " + withDashes(other.id))
                        + " is certified for " + theirs + " already")
            .cause({.column = "timespan", .value = shownSpan(span.begin, span.end), .expected = theirs});
    }
    others.push_back({id, span});
    return {};
} catch (Error const &e) {
    return {Found::New, e};
}

Certifications::Found Certifications::look(Certified const &certified) {
    auto const outcome = lookEach({certified}).front();
    if (outcome.error) throw Error(*outcome.error);
    return outcome.found;
}

std::vector<Certifications::Outcome> Certifications::lookEach(std::vector<Certified> const &all) {
    return lookEach(all, {});
}

/// \param asked  what is asked before, in the same round trip
std::vector<Certifications::Outcome> Certifications::lookEach(std::vector<Certified> const &all,
                                                              std::vector<sql::Asked> asked) {
    std::map<DataId, std::vector<Stored>> stored;
    for (auto const &certified : all) {
        auto const [at, isNew] = stored.try_emplace(certified.data_id);
        if (!isNew) continue;
        std::vector<Value> key{_type.id, _collectionId};
        key.insert(key.end(), certified.data_id.begin(), certified.data_id.end());
        asked.push_back({_select, std::move(key), [&others = at->second](sql::Statement const &row) {
                             others.push_back({row.text(0), {row.integer(1), row.integer(2)}});
                         }});
    }
    std::size_t failed = 0;
    _repo.db().askTogether(asked, failed);
    std::vector<Outcome> out;
    for (auto const &certified : all) out.push_back(judge(certified, stored.at(certified.data_id)));
    return out;
}

std::vector<Certifications::Outcome> Certifications::insert(std::vector<Certified> const &all) {
    auto &db = _repo.db();
    // Summaries before the lock, and the look behind it, in the Butler's order: nobody waits in a circle, and
    // what is seen stays so.
    std::vector<DataId const *> dataIds;
    for (auto const &certified : all)
        if (spanOf(certified).lasts()) dataIds.push_back(&certified.data_id);
    GovernorValues governors;
    sql::FailedRow failed;
    if (!dataIds.empty())
        db.insertTogether(summaryRows(_repo, _type, _collectionId, dataIds, governors), failed);
    std::vector<sql::Asked> lock;
    if (db.dialect() == sql::Dialect::Postgres)
        lock.push_back({"LOCK TABLE " + quoteIdentifier(_type.calibs_table) + " IN EXCLUSIVE MODE", {}});
    auto out = lookEach(all, std::move(lock));
    auto insert = _insert;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (out[i].error || out[i].found == Found::Same) continue;
        auto const span = spanOf(all[i]);
        auto &row = insert.rows.emplace_back(std::vector<Value>{_type.id, all[i].id.hex(), _collectionId});
        row.insert(row.end(), all[i].data_id.begin(), all[i].data_id.end());
        row.insert(row.end(), {span.begin, span.end});
    }
    if (!insert.rows.empty()) db.insertTogether({insert}, failed);
    return out;
}

} // namespace dbb::butler
