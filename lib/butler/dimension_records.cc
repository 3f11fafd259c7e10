#include "butler/dimension_records.h"

#include "butler/dialect.h"
#include "butler/overlaps.h"
#include "butler/planned_records.h"
#include "butler/record_plan.h"
#include "butler/record_values.h"
#include "butler/references.h"
#include "butler/table_spec.h"
#include "butler/where.h"
#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <utility>

namespace dbb::butler {

using common::Error;
using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

/// A record that was found as it should be is not compared again for so long.
constexpr std::chrono::seconds rememberTime(60);

/// Records that are fetched before they are handed on: a query that is left open would keep writers from
/// committing for as long as the reader of our output takes.
constexpr std::size_t recordRows = 2000;

/// Text of the record's region; empty when it has none.
std::string regionOf(RecordPlan const &plan, std::vector<Value> const &values) {
    for (std::size_t i = 0; i < plan.columns.size(); ++i) {
        if (plan.columns[i].type.type != ColumnType::Region) continue;
        auto const *text = std::get_if<std::string>(&values[plan.first_value[i]]);
        return text ? *text : std::string();
    }
    return {};
}

/// What the record's region touches; errors say whose it is.
std::vector<std::int64_t> touchedTrixels(Repository const &repo, RecordPlan const &plan,
                                         std::vector<Value> const &values) try {
    return plan.element->spatial ? trixelsOf(repo.universe(), regionOf(plan, values))
                                 : std::vector<std::int64_t>();
} catch (Error const &e) {
    throw Error(e.code(), described(plan, values) + ": " + e.message()).cause(e.cause());
}

/// The record that `values` refers to and that is not there, as an error; the original error when all are.
Error missingReference(Repository const &repo, RecordPlan const &plan, std::vector<Value> const &values,
                       Error const &original) {
    DimensionValues references;
    for (std::size_t i = 0; i < plan.columns.size(); ++i) {
        auto const &column = plan.columns[i];
        bool const own = i + 1 == plan.key_size && plan.element->isDimension();
        if ((column.key || column.implied) && !own) references[column.name] = values[plan.first_value[i]];
    }
    auto const missing = missingRecord(repo, references);
    if (!missing) return original;
    return Error("MISSING_RECORD", described(plan, values) + " refers to " + missing->dimension + " "
                                       + missing->value + ", which is not registered in this repository")
        .cause({.column = missing->dimension, .value = missing->value});
}

/// What an error of a statement that writes a record means.
Error explained(Repository const &repo, RecordPlan const &plan, std::vector<Value> const &record,
                Error const &e) {
    if (e.code() != "CONSTRAINT") return e;
    if (e.message().starts_with("FOREIGN KEY")) return missingReference(repo, plan, record, e);
    return Error(e.code(), described(plan, record) + ": " + e.message()).cause(e.cause());
}

/// Run a statement that writes a record and explain the constraints that it can violate.
std::int64_t write(Repository const &repo, RecordPlan const &plan, Statement &statement,
                   std::vector<Value> const &parameters, std::vector<Value> const &record) try {
    return statement.run(parameters);
} catch (Error const &e) {
    throw explained(repo, plan, record, e);
}

void writeSummaries(Repository const &repo, RecordPlan const &plan, std::vector<Value> const &values) {
    auto const &universe = repo.universe();
    for (auto const &statement : plan.summaries) {
        repo.db().cached(statement).run(
            {universe.commonSkypixSystem(), std::int64_t{universe.commonSkypixLevel()}, values[0]});
    }
}

/// The stored database values of the record with the key of `values`; empty when there is none.
std::vector<Value> stored(RecordPlan const &plan, std::vector<Value> const &values) {
    std::vector<Value> out;
    plan.select->query(keyOf(plan, values), [&](Statement const &row) {
        for (int i = 0; i < row.columnCount(); ++i) out.push_back(row.column(i));
    });
    return out;
}

/// A key of which all but the last value are those of the primary key.
std::vector<Json> keyWith(RecordPlan const &plan, std::vector<Value> const &values, Json last) {
    std::vector<Json> out;
    for (std::size_t i = 0; i + 1 < plan.key_size; ++i) out.push_back(valueOf(plan.columns[i], values, i));
    out.push_back(std::move(last));
    return out;
}

RecordColumn alternateColumn(RecordPlan const &plan, std::string const &name) {
    auto const &keys = plan.element->keys;
    return {.name = name, .type = *std::ranges::find(keys, name, &Column::name)};
}

/// Which record of an element has the values of an alternate key: the last value of its primary key, null
/// when none has.
Json ownerOf(Repository const &repo, RecordPlan const &plan, std::string const &alternate,
             std::vector<Value> const &key, PlannedRecords const *planned) {
    auto const &own = plan.columns[plan.key_size - 1];
    Names columns(plan.key_columns.begin(), plan.key_columns.end() - 1);
    if (planned) {
        auto const value = valueOf(alternateColumn(plan, alternate), key, key.size() - 1);
        if (auto const found = planned->findBy(plan.element->name, alternate, keyWith(plan, key, value)))
            return (*found)[own.name];
    }
    columns.push_back(alternate);
    Json out;
    repo.db()
        .cached("SELECT " + quoteIdentifier(own.name) + " FROM " + quoteIdentifier(plan.element->name)
                + " WHERE " + equalities(columns))
        .query(key, [&](Statement const &row) { out = valueOf(own, row, 0); });
    if (!planned || out.isNull()) return out;
    // One that would have other values by then has been looked for under those.
    return planned->find(plan.element->name, keyWith(plan, key, out)) ? Json() : out;
}

/// The alternate key whose values belong to another record; nullopt when all are free.
std::optional<Error> takenKey(Repository const &repo, RecordPlan const &plan,
                              std::vector<Value> const &values, PlannedRecords const *planned = nullptr) {
    auto const &element = *plan.element;
    auto const code = element.name == "exposure" ? "OBS_ID_TAKEN" : "KEY_TAKEN";
    auto const own = valueOf(plan.columns[plan.key_size - 1], values, plan.first_value[plan.key_size - 1]);
    for (std::size_t k = 1; k < element.keys.size(); ++k) {
        auto const &name = element.keys[k].name;
        std::vector<Value> key(values.begin(),
                               values.begin() + static_cast<std::ptrdiff_t>(plan.key_size - 1));
        auto const &all = plan.database_columns;
        key.push_back(
            values[static_cast<std::size_t>(std::find(all.begin(), all.end(), name) - all.begin())]);
        auto const other = ownerOf(repo, plan, name, key, planned);
        if (other.isNull() || other == own) continue;
        auto const value = valueOf(alternateColumn(plan, name), key, key.size() - 1);
        return Error(code, described(plan, values) + " has " + name + " " + shown(value) + ", which "
                               + element.name + " " + shown(other) + " has already")
            .cause({.column = name, .value = value.text(), .expected = "a value of its own"});
    }
    return std::nullopt;
}

/// \param key  the required values, in universe order
std::vector<Value> keyValues(RecordPlan const &plan, std::vector<Json> const &key) {
    if (key.size() != plan.key_size) {
        throw Error("BAD_VALUE",
                    plan.element->name + " has a key of " + std::to_string(plan.key_size) + " columns");
    }
    std::vector<Value> out;
    for (std::size_t i = 0; i < key.size(); ++i)
        appendValues(plan.element->name, plan.columns[i], key[i], out);
    return out;
}

/// Why nothing was inserted although no record has the primary key.
Error keyTaken(Repository const &repo, RecordPlan const &plan, std::vector<Value> const &values) {
    if (auto taken = takenKey(repo, plan, values)) return *taken;
    return Error("KEY_TAKEN", described(plan, values) + " can't be stored beside another record");
}

/// Indexes of the columns that differ.
std::vector<std::size_t> differences(RecordPlan const &plan, std::vector<Value> const &written,
                                     std::vector<Value> const &read) {
    std::vector<std::size_t> out;
    for (std::size_t i = plan.key_size; i < plan.columns.size(); ++i) {
        auto const at = plan.first_value[i];
        bool const same = sameValue(written[at], read[at])
                          && (!plan.columns[i].timespan || sameValue(written[at + 1], read[at + 1]));
        if (!same) out.push_back(i);
    }
    return out;
}

Error conflict(RecordPlan const &plan, std::vector<std::size_t> const &columns,
               std::vector<Value> const &written, std::vector<Value> const &read) {
    Names parts;
    common::Cause cause;
    for (auto const i : columns) {
        auto const &column = plan.columns[i];
        auto const ours = valueOf(column, written, plan.first_value[i]);
        auto const theirs = valueOf(column, read, plan.first_value[i]);
        // Nobody reads a region.
        bool const isRegion = column.type.type == ColumnType::Region && !ours.isNull() && !theirs.isNull();
        parts.push_back(isRegion
                            ? column.name + " is another one there"
                            : column.name + " is " + shown(theirs) + " there and " + shown(ours) + " here");
        if (cause.empty()) cause = {.column = column.name, .value = ours.text(), .expected = theirs.text()};
    }
    return Error(common::toUpper(plan.element->name) + "_CONFLICT",
                 described(plan, written) + " is registered with other values: " + common::join(parts, ", "))
        .cause(cause);
}

/// Set the columns that differ. \return what they were
Json update(Repository const &repo, RecordPlan const &plan, std::vector<std::size_t> const &columns,
            std::vector<Value> const &values, std::vector<Value> const &read) {
    Json old{Json::Object{}};
    Names assignments;
    std::vector<Value> parameters;
    for (auto const i : columns) {
        auto const &column = plan.columns[i];
        old.set(column.name, valueOf(column, read, plan.first_value[i]));
        for (auto const &one : butler::written(column, parameters.size() + 1, repo.db().dialect()))
            assignments.push_back(one.name + " = " + one.expression);
        auto const first = values.begin() + static_cast<std::ptrdiff_t>(plan.first_value[i]);
        parameters.insert(parameters.end(), first, first + (column.timespan ? 2 : 1));
    }
    auto const key = keyOf(plan, values);
    parameters.insert(parameters.end(), key.begin(), key.end());
    auto &statement =
        repo.db().cached("UPDATE " + quoteIdentifier(plan.element->name) + " SET "
                         + common::join(assignments, ", ") + " WHERE " + equalities(plan.key_columns));
    try {
        write(repo, plan, statement, parameters, values);
    } catch (Error const &e) {
        if (e.code() == "CONSTRAINT" && e.message().find("UNIQUE") != std::string::npos) {
            throw keyTaken(repo, plan, values);
        }
        throw;
    }
    return old;
}

} // namespace

DimensionRecords::DimensionRecords(Repository const &repo) : _repo(repo) {}
DimensionRecords::~DimensionRecords() = default;

RecordPlan &DimensionRecords::planOf(std::string_view element) {
    auto at = _plans.find(element);
    if (at == _plans.end()) {
        at = _plans.emplace(element, std::make_unique<RecordPlan>(makePlan(_repo, element))).first;
    }
    return *at->second;
}

SyncResult DimensionRecords::sync(std::string_view element, DimensionRecord const &record, bool allowUpdate) {
    auto const &plan = planOf(element);
    auto const values = valuesOf(plan, record);
    if (!allowUpdate && isRemembered(plan, values)) return {SyncResult::Kind::Same, {}};
    auto const trixels = touchedTrixels(_repo, plan, values);
    if (inserted(plan, values)) {
        writeSummaries(_repo, plan, values);
        if (!trixels.empty()) writeOverlaps(_repo, *plan.element, keyOf(plan, values), trixels);
        return {SyncResult::Kind::Inserted, {}};
    }
    auto const found = stored(plan, values);
    if (found.empty()) throw keyTaken(_repo, plan, values);
    auto const differing = differences(plan, values, found);
    if (differing.empty()) {
        remember(plan, values);
        return {SyncResult::Kind::Same, {}};
    }
    if (!allowUpdate) throw conflict(plan, differing, values, found);
    auto old = update(_repo, plan, differing, values, found);
    writeSummaries(_repo, plan, values);
    if (old.find("region")) writeOverlaps(_repo, *plan.element, keyOf(plan, values), trixels);
    return {SyncResult::Kind::Updated, std::move(old)};
}

void DimensionRecords::insertAhead(std::vector<std::pair<std::string, DimensionRecord>> const &records) {
    _ahead.clear();
    if (_repo.db().dialect() != sql::Dialect::Postgres) return;
    // Elements in the order in which they come first, which is that of their references; and in each the rows
    // by their keys: who writes beside us has the same order, so that no two wait for each other.
    std::vector<RecordPlan const *> plans;
    std::vector<std::map<std::vector<Value>, std::vector<Value>>> rows;
    for (auto const &[element, record] : records) {
        auto const &plan = planOf(element);
        auto values = valuesOf(plan, record);
        if (isRemembered(plan, values)) continue;
        auto const at =
            static_cast<std::size_t>(std::find(plans.begin(), plans.end(), &plan) - plans.begin());
        if (at == plans.size()) {
            plans.push_back(&plan);
            rows.emplace_back();
        }
        auto key = keyOf(plan, values);
        // Of several with one key the first is inserted, and the others are compared with it.
        if (rows[at].emplace(key, std::move(values)).second)
            _ahead[{plan.element->name, std::move(key)}] = false;
    }
    std::vector<sql::Asked> asked;
    for (std::size_t i = 0; i < plans.size(); ++i) asked.push_back(insertOf(*plans[i], rows[i]));
    std::size_t failed = 0;
    try {
        _repo.db().askTogether(asked, failed);
    } catch (Error const &e) {
        if (failed >= plans.size()) throw;
        // Of several rows nobody knows which one it was.
        throw explained(_repo, *plans[failed], rows[failed].begin()->second, e);
    }
    for (std::size_t i = 0; i < plans.size(); ++i) {
        if (rows[i].size() == 1)
            _ahead[{plans[i]->element->name, rows[i].begin()->first}] = asked[i].changed > 0;
    }
}

/// Insert rows of an element that are not there; of several those that are new are noted in _ahead.
sql::Asked DimensionRecords::insertOf(RecordPlan const &plan,
                                      std::map<std::vector<Value>, std::vector<Value>> const &rows) {
    if (rows.size() == 1) return {plan.insert_text, rows.begin()->second};
    auto insert = plan.rows_insert;
    for (auto const &[key, values] : rows) insert.rows.push_back(values);
    auto out = sql::asStatement(insert);
    out.row = [&](Statement const &row) {
        std::vector<Value> key;
        for (std::size_t i = 0; i < plan.key_size; ++i) key.push_back(row.column(static_cast<int>(i)));
        _ahead[{plan.element->name, std::move(key)}] = true;
    };
    return out;
}

/// Whether this very record was there not long ago. Foreign keys insist that it still is.
bool DimensionRecords::isRemembered(RecordPlan const &plan, std::vector<Value> const &values) {
    if (_same.empty()) return false;
    if (Clock::now() - _sameSince > rememberTime) {
        _same.clear();
        return false;
    }
    auto const at = _same.find({plan.element->name, keyOf(plan, values)});
    return at != _same.end() && at->second == values;
}

/// Of elements that many others share: a night is the same for all of its exposures.
void DimensionRecords::remember(RecordPlan const &plan, std::vector<Value> const &values) {
    if (plan.element->name != "day_obs") return;
    if (_same.empty()) _sameSince = Clock::now();
    _same[{plan.element->name, keyOf(plan, values)}] = values;
}

/// Whether a row is made for a record, now or ahead.
bool DimensionRecords::inserted(RecordPlan const &plan, std::vector<Value> const &values) {
    if (!_ahead.empty()) {
        auto const at = _ahead.find({plan.element->name, keyOf(plan, values)});
        if (at != _ahead.end()) {
            // Whoever comes next with this key finds the row.
            return std::exchange(at->second, false);
        }
    }
    return write(_repo, plan, *plan.insert, values, values) > 0;
}

SyncResult DimensionRecords::check(std::string_view element, DimensionRecord const &record, bool allowUpdate,
                                   PlannedRecords const *planned) {
    auto const &plan = planOf(element);
    auto const values = valuesOf(plan, record);
    touchedTrixels(_repo, plan, values);
    auto const ahead = planned ? planned->findLike(element, record) : std::nullopt;
    auto const found = ahead ? valuesOf(plan, *ahead) : stored(plan, values);
    auto const differing = found.empty() ? std::vector<std::size_t>() : differences(plan, values, found);
    if (!found.empty() && differing.empty()) return {SyncResult::Kind::Same, {}};
    if (!found.empty() && !allowUpdate) throw conflict(plan, differing, values, found);
    if (auto const taken = takenKey(_repo, plan, values, planned)) throw *taken;
    if (found.empty()) return {SyncResult::Kind::Inserted, {}};
    Json old{Json::Object{}};
    for (auto const i : differing)
        old.set(plan.columns[i].name, valueOf(plan.columns[i], found, plan.first_value[i]));
    return {SyncResult::Kind::Updated, std::move(old)};
}

std::optional<DimensionRecord> DimensionRecords::find(std::string_view element,
                                                      std::vector<Json> const &key) {
    auto const &plan = planOf(element);
    std::optional<DimensionRecord> out;
    plan.select->query(keyValues(plan, key),
                       [&](Statement const &row) { out = recordOf(plan.columns, row); });
    return out;
}

std::vector<std::optional<DimensionRecord>>
DimensionRecords::findEach(std::string_view element, std::vector<std::vector<Json>> const &keys) {
    auto const &plan = planOf(element);
    std::vector<std::optional<DimensionRecord>> out(keys.size());
    std::vector<sql::Asked> asked;
    for (auto const &key : keys) {
        auto &record = out[asked.size()];
        asked.push_back({plan.select_text, keyValues(plan, key),
                         [&](Statement const &row) { record = recordOf(plan.columns, row); }});
    }
    std::size_t failed = 0;
    _repo.db().askTogether(asked, failed);
    return out;
}

std::optional<DimensionRecord> DimensionRecords::findBy(std::string_view element,
                                                        std::string const &alternate,
                                                        std::vector<Json> const &key) {
    auto const &plan = planOf(element);
    Names columns(plan.key_columns.begin(), plan.key_columns.end() - 1);
    std::vector<Value> values;
    for (std::size_t i = 0; i < columns.size(); ++i)
        appendValues(plan.element->name, plan.columns.at(i), key.at(i), values);
    columns.push_back(alternate);
    values.emplace_back(key.at(columns.size() - 1).string());
    std::optional<DimensionRecord> out;
    _repo.db()
        .cached("SELECT " + quotedList(plan.database_columns) + " FROM " + plan.source + " WHERE "
                + equalities(columns))
        .query(values, [&](Statement const &row) { out = recordOf(plan.columns, row); });
    return out;
}

void DimensionRecords::forEach(std::string_view name, std::string const &where,
                               std::function<void(DimensionRecord const &)> const &row) {
    auto const &universe = _repo.universe();
    auto const &element = universe.at(name);
    std::vector<RecordColumn> columns;
    Names names;
    std::string from;
    std::size_t keys = 1;
    if (element.union_target.empty()) {
        auto const &plan = planOf(name);
        columns = plan.columns;
        names = plan.database_columns;
        keys = plan.key_size;
        from = plan.source;
    } else {
        // Such an element lives only in the rows that imply it.
        auto const &key = element.keys.front();
        columns = {{.name = key.name, .type = key, .key = true}};
        names = {key.name};
        from = "(SELECT DISTINCT " + quoteIdentifier(element.name) + " AS " + quoteIdentifier(key.name)
               + " FROM " + quoteIdentifier(element.union_target) + ") AS r";
    }
    auto const condition = parseWhere(where, names);
    Names const order(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(keys));
    auto const select = "SELECT " + quotedList(names) + " FROM " + from + " WHERE "
                        + (condition.sql.empty() ? "TRUE" : "(" + condition.sql + ")");
    auto const after = " AND (" + quotedList(order) + ") > (" + common::join(Names(keys, "?"), ", ") + ")";
    auto const tail = " ORDER BY " + quotedList(order) + " LIMIT " + std::to_string(recordRows);
    std::vector<Value> last;
    std::vector<DimensionRecord> page;
    do {
        page.clear();
        auto parameters = condition.values;
        parameters.insert(parameters.end(), last.begin(), last.end());
        _repo.db()
            .prepare(select + (last.empty() ? "" : after) + tail)
            ->query(parameters, [&](Statement const &r) {
                page.push_back(recordOf(columns, r));
                last.clear();
                for (std::size_t i = 0; i < keys; ++i) last.push_back(r.column(static_cast<int>(i)));
            });
        for (auto const &record : page) row(record);
    } while (page.size() == recordRows);
}

} // namespace dbb::butler
