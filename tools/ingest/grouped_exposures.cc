#include "ingest/grouped_exposures.h"

#include "butler/dialect.h"
#include "butler/record_values.h"
#include "common/text.h"
#include "intake/universe_records.h"

#include <algorithm>
#include <limits>

namespace dbb::ingest {

using common::Error;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

/// Exposures that are handed on together, and that share a commit: few enough not to lock others out.
constexpr std::size_t pageRows = 500;
/// Exposures that a question without an end brings at a time.
constexpr std::int64_t rowsAtOnce = 5000;
/// Groups that a question is about. Of those with a counter it brings whole nights.
constexpr std::int64_t groupsAtOnce = 200;
/// Columns of a group's key in the lists; a shorter one is filled up.
constexpr std::size_t keySize = 3;

/// No value is a value like others, and keeps exposures together: an empty text, which no column has.
Value const none = std::string();

std::vector<std::string> keyColumns(butler::Universe const &universe, Grouping grouping) {
    if (grouping == Grouping::OneToOne) return {"id"};
    if (grouping == Grouping::ByGroup)
        return {intake::hasColumn(universe, "exposure", "group") ? "group" : "group_name"};
    if (!intake::hasColumn(universe, "exposure", "seq_start")) {
        throw common::usageError("exposures of universe " + std::to_string(universe.version())
                                     + " have no seq_start and seq_end to be grouped by",
                                 "use the grouping one-to-one or by-group-metadata");
    }
    return {"day_obs", "seq_start", "seq_end"};
}

butler::Condition conditionOf(butler::Universe const &universe, std::string const &where) {
    std::vector<std::string> names;
    for (auto const &column : butler::recordColumns(universe, universe.at("exposure")))
        for (auto &name : butler::columnNames(column)) names.push_back(std::move(name));
    return butler::parseWhere(where, names);
}

/// Tracked on the sky, with a position angle, and not known to be blind.
std::string conditionOnSky(butler::Universe const &universe) {
    std::string out = "e.tracking_ra IS NOT NULL AND e.tracking_dec IS NOT NULL AND e.sky_angle IS NOT NULL";
    if (intake::hasColumn(universe, "exposure", "can_see_sky")) out += " AND coalesce(e.can_see_sky, TRUE)";
    return out;
}

/// That a column has one of these values.
std::string isOneOf(std::string const &column, std::set<Value> const &values,
                    std::vector<Value> &parameters) {
    std::vector<std::string> marks;
    for (auto const &value : values) {
        if (value == none) continue;
        marks.emplace_back("?");
        parameters.push_back(value);
    }
    std::vector<std::string> out;
    if (!marks.empty()) out.push_back(column + " IN (" + common::join(marks, ", ") + ")");
    if (values.contains(none)) out.push_back(column + " IS NULL");
    return "(" + common::join(out, " OR ") + ")";
}

} // namespace

GroupedExposures::GroupedExposures(butler::Repository const &repo, Grouping grouping,
                                   ExposureSelection selection)
    : _repo(repo), _selection(std::move(selection)), _where(conditionOf(repo.universe(), _selection.where)),
      _key(keyColumns(repo.universe(), grouping)), _lists(sql::openSqlite("", sql::OpenMode::Create)) {
    auto const &universe = repo.universe();
    _from =
        "SELECT e.instrument, e.id, e.seq_num, CASE WHEN " + conditionOnSky(universe) + " THEN 1 ELSE 0 END";
    for (auto const &column : _key) _from += ", e." + quoteIdentifier(column);
    _from += " FROM " + butler::readable(universe.at("exposure"), repo.db().dialect()) + " AS e WHERE ";
    // Columns without a type keep numbers and texts as they are, and in their order.
    _lists->execute("CREATE TABLE wanted (instrument, a, b, c, PRIMARY KEY (instrument, a, b, c)) "
                    "WITHOUT ROWID; "
                    "CREATE TABLE member (instrument, a, b, c, seq_num, id)");
}

void GroupedExposures::find(std::vector<ExposureKey> const &exposures) {
    start();
    sql::Transaction transaction(*_lists);
    std::set<Group> keys;
    for (std::size_t i = 0; i < exposures.size(); ++i) {
        keys.insert({exposures[i].instrument, exposures[i].id});
        if (i + 1 < exposures.size() && keys.size() < groupsAtOnce) continue;
        askFor("id", keys, true, [&](Found const &found) {
            if (keys.contains({found.exposure.instrument, found.exposure.id})) want(found);
        });
        keys.clear();
    }
    findMembers();
    transaction.commit();
    startReading();
}

std::int64_t GroupedExposures::findAll() {
    start();
    sql::Transaction transaction(*_lists);
    std::int64_t count = 0;
    bool const all = _selection.isAll();
    askAll([&](Found const &found) {
        ++count;
        // Of all exposures none is missing that belongs together with another one.
        if (all)
            add(found);
        else
            want(found);
    });
    findMembers();
    transaction.commit();
    startReading();
    return count;
}

void GroupedExposures::start() {
    _members.reset();
    _ahead.reset();
    _lists->execute("DELETE FROM wanted; DELETE FROM member");
}

/// Take an exposure that was meant; alone where it makes a group by itself.
void GroupedExposures::want(Found const &found) {
    if (_key.front() == "id") return add(found);
    if (!found.on_sky) return;
    _lists->cached("INSERT INTO wanted VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING").run(found.group);
}

/// Look for all exposures of the groups that are wanted.
void GroupedExposures::findMembers() {
    Group last(keySize + 1, none);
    std::set<Group> groups;
    do {
        groups.clear();
        auto parameters = last;
        parameters.emplace_back(groupsAtOnce);
        _lists
            ->cached("SELECT instrument, a, b, c FROM wanted WHERE (instrument, a, b, c) > (?, ?, ?, ?) "
                     "ORDER BY instrument, a, b, c LIMIT ?")
            .query(parameters, [&](Statement const &row) {
                for (int i = 0; i < row.columnCount(); ++i) last[static_cast<std::size_t>(i)] = row.column(i);
                groups.insert(last);
            });
        if (groups.empty()) return;
        askFor(_key.front(), groups, false, [&](Found const &found) {
            if (groups.contains(found.group)) add(found);
        });
    } while (groups.size() == groupsAtOnce);
}

void GroupedExposures::add(Found const &found) {
    if (!found.on_sky) return;
    auto values = found.group;
    values.push_back(found.seq_num);
    values.emplace_back(found.exposure.id);
    _lists->cached("INSERT INTO member VALUES (?, ?, ?, ?, ?, ?)").run(values);
}

void GroupedExposures::startReading() {
    _members = _lists->prepare("SELECT instrument, id, seq_num, 1, a, b, c FROM member "
                               "ORDER BY instrument, a, b, c, seq_num, id");
    advance();
}

void GroupedExposures::advance() {
    _ahead = _members->step() ? std::optional(foundIn(*_members)) : std::nullopt;
}

std::vector<std::vector<ExposureKey>> GroupedExposures::next() {
    std::vector<std::vector<ExposureKey>> out;
    Group last;
    for (std::size_t count = 0; _ahead; ++count) {
        if (_ahead->group != last) {
            if (count >= pageRows) break;
            last = _ahead->group;
            out.emplace_back();
        }
        out.back().push_back(std::move(_ahead->exposure));
        advance();
    }
    return out;
}

/// Ask for all exposures that are selected, in pages by their numbers: an index of every registry begins with
/// the instrument and the number.
void GroupedExposures::askAll(Take const &take) {
    std::vector<Value> values;
    auto const text = select(true, values) + " AND e.instrument = ? AND e.id > ? ORDER BY e.id LIMIT ?";
    auto const statement = _repo.db().prepare(text);
    for (auto const &instrument : instruments()) {
        auto last = std::numeric_limits<std::int64_t>::min();
        std::int64_t count = 0;
        do {
            count = 0;
            auto parameters = values;
            parameters.insert(parameters.end(), {instrument, last, rowsAtOnce});
            statement->query(parameters, [&](Statement const &row) {
                ++count;
                auto const found = foundIn(row);
                last = found.exposure.id;
                take(found);
            });
        } while (count == rowsAtOnce);
    }
}

/// Ask for exposures of these instruments that have one of these values in a column, which are few where it
/// is the first one of an index. They may be more than those of the keys: each value goes with each
/// instrument, and a key may be longer.
/// \param keys  instrument, value and what follows
void GroupedExposures::askFor(std::string const &column, std::set<Group> const &keys, bool selected,
                              Take const &take) {
    std::set<Value> instruments;
    std::set<Value> values;
    for (auto const &key : keys) {
        instruments.insert(key[0]);
        values.insert(key[1]);
    }
    std::vector<Value> parameters;
    auto text = select(selected, parameters);
    text += " AND " + isOneOf("e.instrument", instruments, parameters);
    text += " AND " + isOneOf("e." + quoteIdentifier(column), values, parameters);
    _repo.db().prepare(text)->query(parameters, [&](Statement const &row) { take(foundIn(row)); });
}

GroupedExposures::Found GroupedExposures::foundIn(Statement const &row) const {
    Found out{{row.text(0), row.integer(1)}, {row.text(0)}, row.column(2), row.integer(3) != 0};
    for (int i = 4; i < row.columnCount(); ++i) out.group.push_back(row.isNull(i) ? none : row.column(i));
    out.group.resize(keySize + 1, none);
    return out;
}

/// The question for exposures, up to its condition.
std::string GroupedExposures::select(bool selected, std::vector<Value> &parameters) const {
    if (!selected) return _from + "TRUE";
    parameters = _where.values;
    auto out = _from + (_where.sql.empty() ? "TRUE" : "(" + _where.sql + ")");
    if (_selection.instruments.empty()) return out;
    std::set<Value> const names(_selection.instruments.begin(), _selection.instruments.end());
    return out + " AND " + isOneOf("e.instrument", names, parameters);
}

/// Those that are selected.
std::vector<std::string> GroupedExposures::instruments() const {
    std::set<std::string> out(_selection.instruments.begin(), _selection.instruments.end());
    if (!out.empty()) return {out.begin(), out.end()};
    _repo.db().cached("SELECT name FROM instrument").query({}, [&](Statement const &row) {
        out.insert(row.text(0));
    });
    return {out.begin(), out.end()};
}

} // namespace dbb::ingest
