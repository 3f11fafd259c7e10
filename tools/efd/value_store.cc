#include "efd/value_store.h"

#include "common/calendar.h"
#include "common/options.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

namespace dbb::efd {

using sql::Statement;
using sql::Value;

namespace {

/// UTC as both databases can compare and print it; they keep microseconds.
std::string now() {
    auto out = common::isoFromNs(common::nowUtcNs()).substr(0, 26);
    std::replace(out.begin(), out.end(), 'T', ' ');
    return out;
}

/// What was given, in the order of the lines: their numbers, and what efd_value takes of them.
constexpr char const *givenTable = "efd_given";

std::span<Table::Column const> givenColumns() {
    return std::span(valueTable.columns).first(valueTable.keys + CellCount);
}

std::span<Table::Column const> cellColumns() {
    return givenColumns().subspan(valueTable.keys);
}

/// `v.name = g.name AND …` for the first columns of efd_value's key.
std::string sameKey(std::size_t columns) {
    std::string out;
    for (auto const &column : std::span(valueTable.columns).first(columns))
        out += (out.empty() ? "v." : " AND v.") + std::string(column.name) + " = g." + column.name;
    return out;
}

/// Windows and columns are what stands before the element.
constexpr std::size_t elementPlace = 4;

/// A condition on the number of a line, and the parameter that it takes.
class Among {
public:
    explicit Among(bool server) : _server(server) {}

    void add(std::size_t place) { _list += (_list.empty() ? "" : ",") + std::to_string(place); }
    bool empty() const { return _list.empty(); }
    std::string condition() const {
        return _server ? "g.at = ANY (?::integer[])" : "g.at IN (SELECT value FROM json_each(?))";
    }
    Value parameter() const { return _server ? "{" + _list + "}" : "[" + _list + "]"; }

private:
    bool _server;
    std::string _list;
};

constexpr bool isWritten(Outcome outcome) {
    return outcome == Outcome::Done || outcome == Outcome::Updated;
}

/// Tells values of a batch that are there already, or clash with one: a whole column with its elements.
class SeenValues {
public:
    /// \return false when it clashes; then nothing is added
    bool add(std::int64_t window, std::int64_t column, std::int64_t element) {
        auto const [at, isNew] = _whole.try_emplace({window, column, -1}, element < 0);
        if (element < 0) return isNew;
        return !at->second && _elements.insert({window, column, element}).second;
    }

private:
    using Place = std::array<std::int64_t, 3>;
    struct Hash {
        std::size_t operator()(Place const &place) const {
            constexpr std::size_t mix = 0x9E3779B97F4A7C15; // 2^64 by the golden ratio
            std::size_t out = 0;
            for (auto const part : place) out = (out ^ static_cast<std::size_t>(part)) * mix;
            return out ^ (out >> 32);
        }
    };
    std::unordered_map<Place, bool, Hash> _whole; ///< by window and column: it is there as a whole
    std::unordered_set<Place, Hash> _elements;
};

/// Replace a window only where something is another, and keep what the line does not tell.
sql::RowsInsert windowUpsert() {
    auto out = windowTable.upsert();
    std::string const told = "coalesce(excluded.day_obs, efd_window.day_obs), "
                             "coalesce(excluded.seq_num, efd_window.seq_num), "
                             "excluded.begin_tai_ns, excluded.end_tai_ns, "
                             "coalesce(excluded.src, efd_window.src)";
    auto const names = namesOf(std::span(windowTable.columns).subspan(windowTable.keys));
    auto const present = namesOf(std::span(windowTable.columns).subspan(windowTable.keys), "efd_window.");
    out.conflict = "ON CONFLICT (" + windowTable.key() + ") DO UPDATE SET (" + names + ") = (" + told
                   + ") WHERE (" + present + ") IS DISTINCT FROM (" + told + ")";
    return out;
}

/// Whether a value is that of a sample farther from its instant. Functions at instants have one sample,
/// always.
bool isFarther(Cells const &given, Stored const &stored) {
    auto const *const age_ns = std::get_if<std::int64_t>(&given[Age]);
    return age_ns && stored.age_ns && std::abs(*age_ns) > std::abs(*stored.age_ns);
}

} // namespace

Outcome outcomeOf(Stored const *stored, Cells const &given, bool force) {
    if (!stored) return Outcome::Done;
    if (stored->same) return Outcome::Existing;
    if (force) return Outcome::Updated;
    bool const failedBefore = stored->status >= firstSourceError;
    if (integerOf(given, Status) >= firstSourceError)
        return failedBefore ? Outcome::Updated : Outcome::SourceError;
    if (failedBefore || !stored->same_config) return Outcome::Updated;
    auto const n = integerOf(given, Samples);
    bool const worse = n < stored->n || (n == stored->n && isFarther(given, *stored));
    return worse ? Outcome::Regression : Outcome::Updated;
}

ValueStore::ValueStore(EfdDatabase &db, std::vector<telemetry::Column> const &columns, std::string source,
                       bool force)
    : _db(db), _columns(columns), _source(std::move(source)), _force(force), _started(now()) {}

std::vector<Outcome> ValueStore::store(std::span<ValueLine const> lines, bool isWhole) {
    std::vector<Outcome> out;
    auto const run = _run;
    _db.write([&] {
        // All is found out anew when the transaction has to be repeated.
        out.clear();
        _run = run;
        noteRun();
        _columns.read(_db.sql());
        auto batches = batchesOf(lines, isWhole);
        writeColumnsAndWindows(lines);
        for (auto &batch : batches) {
            storeBatch(batch);
            out.insert(out.end(), batch.outcomes.begin(), batch.outcomes.end());
        }
        if (_also) _also(lines, out);
    });
    return out;
}

void ValueStore::noteRun() {
    if (_run > 0) return;
    _db.sql().cached("SELECT coalesce(max(run_id), 0) + 1 FROM efd_run").query({}, [&](Statement const &row) {
        _run = row.integer(0);
    });
    _db.sql()
        .cached("INSERT INTO efd_run (run_id, tool_version, source, started) VALUES (?, ?, ?, ?)")
        .run({_run, std::string(common::version), _source.empty() ? Value() : Value(_source), _started});
}

void ValueStore::finish(RunCounts const &counts, int exit) {
    auto const of = [&](Outcome outcome) {
        auto const at = counts.outcomes.find(outcome);
        return at == counts.outcomes.end() ? std::int64_t{0} : at->second;
    };
    auto const run = _run;
    _db.write([&] {
        _run = run;
        noteRun();
        _db.sql()
            .cached("UPDATE efd_run SET finished = ?, lines_read = ?, done = ?, updated = ?, existing = ?, "
                    "regressions = ?, source_errors = ?, rejected = ?, exit = ? WHERE run_id = ?")
            .run({now(), counts.read, of(Outcome::Done), of(Outcome::Updated), of(Outcome::Existing),
                  of(Outcome::Regression), of(Outcome::SourceError), counts.rejected, std::int64_t{exit},
                  _run});
    });
}

std::vector<ValueStore::Batch> ValueStore::batchesOf(std::span<ValueLine const> lines, bool isWhole) {
    std::vector<Batch> out;
    std::map<WindowId, std::int64_t> windows; // their numbers
    std::int64_t window = 0;
    SeenValues seen;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto const &line = lines[i];
        if (i == 0 || !isSameWindow(line, lines[i - 1]))
            window = windows.try_emplace(line.window->id, std::ssize(windows)).first->second;
        auto const column = _columns.take(line);
        bool const isNew = seen.add(window, column, line.element);
        if (i == 0 || !isNew) {
            if (i > 0) out.back().isWhole = !isSameColumn(lines[i - 1], line);
            out.emplace_back().lines = lines.subspan(i, 0);
            seen = {};
            seen.add(window, column, line.element);
        }
        auto &batch = out.back();
        batch.lines = {batch.lines.data(), batch.lines.size() + 1};
        batch.columns.push_back(column);
    }
    if (!out.empty()) out.back().isWhole = isWhole;
    return out;
}

void ValueStore::writeColumnsAndWindows(std::span<ValueLine const> lines) {
    auto columns = _columns.changes();
    auto windows = windowUpsert();
    LastWindows last;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i + 1 == lines.size() || !isSameWindow(lines[i], lines[i + 1]))
            last[lines[i].window->id] = lines[i].window.get();
    }
    findMoved(last);
    markMoved(last);
    for (auto const &[id, window] : last) {
        auto &row = windows.rows.emplace_back(window->key.begin(), window->key.end());
        row.insert(row.end(), window->span.begin(), window->span.end());
    }
    std::vector<sql::RowsInsert> inserts;
    for (auto *insert : {&columns, &windows}) {
        if (!insert->rows.empty()) inserts.push_back(std::move(*insert));
    }
    sql::FailedRow failed;
    _db.sql().insertTogether(inserts, failed);
}

/// Which of the windows are stored with other times than they are given with.
void ValueStore::findMoved(LastWindows const &windows) {
    _moved.clear();
    constexpr std::size_t begin = 2, end = 3; // in LineWindow::span
    if (!_db.isServer()) {
        for (auto const &[id, window] : windows) {
            auto const &[instrument, kind, number] = window->key;
            if (_db.sql()
                    .cached("SELECT 1 FROM efd_window WHERE instrument = ? AND kind = ? AND obs_id = ? AND "
                            "(begin_tai_ns <> ? OR end_tai_ns <> ?)")
                    .hasRow({instrument, kind, number, window->span[begin], window->span[end]}))
                _moved.insert(id);
        }
        return;
    }
    std::array<std::vector<Value>, 5> columns;
    std::vector<WindowId const *> ids;
    for (auto const &[id, window] : windows) {
        for (std::size_t i = 0; i < window->key.size(); ++i) columns[i].push_back(window->key[i]);
        columns[3].push_back(window->span[begin]);
        columns[4].push_back(window->span[end]);
        ids.push_back(&id);
    }
    _db.sql()
        .cached(
            "SELECT g.at FROM unnest(?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[]) WITH "
            "ORDINALITY AS g (instrument, kind, obs_id, b, e, at) JOIN efd_window w USING (instrument, kind, "
            "obs_id) WHERE w.begin_tai_ns <> g.b OR w.end_tai_ns <> g.e")
        .query(
            {sql::arrayOf(columns[0]), sql::arrayOf(columns[1]), sql::arrayOf(columns[2]),
             sql::arrayOf(columns[3]), sql::arrayOf(columns[4])},
            [&](Statement const &row) { _moved.insert(*ids[static_cast<std::size_t>(row.integer(0)) - 1]); });
}

/// What is stored of those is to be computed again, also what is not given now.
void ValueStore::markMoved(LastWindows const &windows) {
    for (auto const &id : _moved) {
        auto const &key = windows.at(id)->key;
        _db.sql()
            .cached("UPDATE efd_value SET settled = ? WHERE instrument = ? AND kind = ? AND obs_id = ?")
            .run({std::int64_t{0}, key[0], key[1], key[2]});
    }
}

void ValueStore::storeBatch(Batch &batch) {
    if (!anyStored(batch)) return insertAll(batch);
    give(batch);
    findStored(batch);
    findOthers(batch);
    for (std::size_t i = 0; i < batch.lines.size(); ++i) {
        auto &stored = batch.stored[i];
        // A value of other times is another one, however many samples it has.
        if (stored && _moved.contains(batch.lines[i].window->id)) stored->same_config = false;
        batch.outcomes.push_back(outcomeOf(stored ? &*stored : nullptr, batch.lines[i].cells, _force));
    }
    writeValues(batch);
    removeOthers(batch);
    noteFewer(batch);
}

/// Whether anything is stored of the windows. Mostly a night is loaded for the first time.
bool ValueStore::anyStored(Batch const &batch) {
    std::array<std::vector<Value>, 3> keys;
    LineWindow const *before = nullptr;
    for (auto const &line : batch.lines) {
        auto const *window = line.window.get();
        if (window == before) continue;
        before = window;
        for (std::size_t i = 0; i < keys.size(); ++i) keys[i].push_back(window->key[i]);
    }
    if (_db.isServer()) {
        // Not a join, for which the server would have to guess how much there is.
        return _db.sql()
            .cached(
                "SELECT 1 FROM unnest(?::text[], ?::text[], ?::bigint[]) AS w (instrument, kind, obs_id) "
                "WHERE (SELECT true FROM efd_value v WHERE v.instrument = w.instrument AND v.kind = w.kind "
                "AND v.obs_id = w.obs_id LIMIT 1) LIMIT 1")
            .hasRow({sql::arrayOf(keys[0]), sql::arrayOf(keys[1]), sql::arrayOf(keys[2])});
    }
    for (std::size_t i = 0; i < keys[0].size(); ++i) {
        if (_db.sql()
                .cached("SELECT 1 FROM efd_value WHERE instrument = ? AND kind = ? AND obs_id = ? LIMIT 1")
                .hasRow({keys[0][i], keys[1][i], keys[2][i]}))
            return true;
    }
    return false;
}

void ValueStore::addRow(Batch const &batch, std::size_t place, sql::RowSink &sink) {
    auto const &line = batch.lines[place];
    for (auto const &value : line.window->key) sink.add(value);
    sink.add(batch.columns[place]);
    sink.add(line.element);
    for (auto const &cell : line.cells) sink.add(cell);
}

void ValueStore::insertAll(Batch &batch) {
    std::vector<std::string> columns;
    for (auto const &column : givenColumns()) columns.emplace_back(column.name);
    columns.insert(columns.end(), {"run_id", "updated_at"});
    Value const run(_run), time(now());
    _db.sql().insertRows(valueTable.name, columns, [&](sql::RowSink &sink) {
        for (std::size_t i = 0; i < batch.lines.size(); ++i) {
            addRow(batch, i, sink);
            sink.add(run);
            sink.add(time);
        }
    });
    batch.outcomes.assign(batch.lines.size(), Outcome::Done);
}

void ValueStore::give(Batch const &batch) {
    sql::TemporaryTable table{.name = givenTable, .columns = {{"at", "integer"}}};
    for (auto const &column : givenColumns()) {
        std::string const type = column.type;
        table.columns.push_back({column.name, type.substr(0, type.find(" DEFAULT"))});
    }
    _db.sql().fill(table, [&](sql::RowSink &sink) {
        for (std::size_t i = 0; i < batch.lines.size(); ++i) {
            sink.add(static_cast<std::int64_t>(i));
            addRow(batch, i, sink);
        }
    });
    // It has not been counted, and the plan for few rows of both would read all of efd_value.
    if (_db.isServer())
        _db.sql().execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off");
}

/// What is stored of the same values.
void ValueStore::findStored(Batch &batch) {
    batch.stored.resize(batch.lines.size());
    // One by one, since most values that differ do so in the first, and rows would have to be made to be
    // compared.
    std::string same;
    for (auto const &column : cellColumns())
        same += (same.empty() ? "v." : " AND v.") + std::string(column.name) + " IS NOT DISTINCT FROM g."
                + column.name;
    auto const text = "SELECT g.at, v.status, v.n, v.config_hash IS NOT DISTINCT FROM g.config_hash, " + same
                      + ", v.fewer_n IS NOT NULL, v.age_ns FROM " + givenTable + " g JOIN efd_value v ON "
                      + sameKey(valueTable.keys);
    _db.sql().cached(text).query({}, [&](Statement const &row) {
        batch.stored[static_cast<std::size_t>(row.integer(0))] = {
            .status = row.integer(1),
            .n = row.integer(2),
            .same_config = row.integer(3) != 0,
            .same = row.integer(4) != 0,
            .fewer = row.integer(5) != 0,
            .age_ns = row.isNull(6) ? std::nullopt : std::optional(row.integer(6))};
    });
}

/// Where a whole column is given its elements may be stored, or the other way round: such values are
/// replaced by the same rule, and do not stay beside the new ones.
void ValueStore::findOthers(Batch &batch) {
    Among asked(_db.isServer());
    for (std::size_t i = 0; i < batch.lines.size(); ++i) {
        auto const &stored = batch.stored[i];
        if (stored && !stored->same_config) batch.others.push_back(i);
        if (!stored && _columns.mayHaveOthers(batch.lines[i])) asked.add(i);
    }
    if (asked.empty()) return;
    auto const text = std::string("SELECT g.at, v.status, v.n, v.config_hash IS NOT DISTINCT FROM ")
                      + "g.config_hash FROM " + givenTable + " g JOIN efd_value v ON " + sameKey(elementPlace)
                      + " AND (v.element < 0) <> (g.element < 0) WHERE " + asked.condition()
                      + " ORDER BY g.at";
    _db.sql().cached(text).query({asked.parameter()}, [&](Statement const &row) {
        auto const at = static_cast<std::size_t>(row.integer(0));
        Stored const other{.status = row.integer(1), .n = row.integer(2), .same_config = row.integer(3) != 0};
        auto &best = batch.stored[at];
        if (!best) batch.others.push_back(at);
        bool const failed = best && best->status >= firstSourceError;
        if (!best || (failed && other.status < firstSourceError) || (best->n < other.n && !failed))
            best = other;
    });
}

void ValueStore::writeValues(Batch const &batch) {
    Among written(_db.isServer());
    bool all = true;
    for (std::size_t i = 0; i < batch.lines.size(); ++i) {
        if (isWritten(batch.outcomes[i])) {
            written.add(i);
        } else {
            all = false;
        }
    }
    if (written.empty()) return;
    auto const insert = valueTable.upsert();
    std::vector<Value> parameters{_run, now()};
    if (!all) parameters.push_back(written.parameter());
    _db.sql()
        .cached(insert.into + " SELECT " + namesOf(givenColumns(), "g.") + ", NULL, ?, ? FROM " + givenTable
                + " g WHERE " + (all ? "TRUE" : written.condition()) + " " + insert.conflict)
        .run(parameters);
}

ValueStore::WindowColumn ValueStore::keyOf(Batch const &batch, std::size_t place) {
    return {batch.lines[place].window->id, batch.columns[place]};
}

/// Columns of which all elements of one definition are given: as many as it has, or, where that is not known,
/// those from 0 on. One alone may be the first of many.
std::set<ValueStore::WindowColumn> ValueStore::wholeColumns(Batch const &batch) const {
    struct Elements {
        Value config{};
        std::optional<std::int64_t> expected{};
        std::int64_t count = 0, last = 0;
        bool alike = true; ///< of one definition
    };
    std::map<WindowColumn, Elements> given;
    for (std::size_t i = 0; i < batch.lines.size(); ++i) {
        auto const &line = batch.lines[i];
        if (line.element < 0) continue;
        auto const [at, isFirst] = given.try_emplace(keyOf(batch, i));
        auto &elements = at->second;
        if (isFirst) {
            elements.config = line.cells[Config];
            elements.expected = _columns.elementsOf(line);
        }
        elements.alike = elements.alike && elements.config == line.cells[Config];
        ++elements.count;
        elements.last = std::max(elements.last, line.element);
    }
    std::set<WindowColumn> out;
    for (auto const &[key, elements] : given) {
        bool const isOpen = !batch.isWhole && key == keyOf(batch, batch.lines.size() - 1);
        bool const fromFirst = elements.count > 1 && elements.count == elements.last + 1 && !isOpen;
        bool const isWhole = elements.expected ? elements.count == *elements.expected : fromFirst;
        if (elements.alike && isWhole) out.insert(key);
    }
    return out;
}

/// What is stored beside new values of columns of which nothing that was given was kept out: values of
/// another shape, and elements of a definition of before. Those stay as long as it is not certain that the
/// new definition has no such element: it may be given later, or may not be had.
void ValueStore::removeOthers(Batch const &batch) {
    if (batch.others.empty()) return;
    std::set<WindowColumn> kept, done;
    for (std::size_t i = 0; i < batch.lines.size(); ++i) {
        auto const outcome = batch.outcomes[i];
        if (outcome == Outcome::Regression || outcome == Outcome::SourceError) kept.insert(keyOf(batch, i));
    }
    auto const whole = wholeColumns(batch);
    Among all(_db.isServer()), ofOtherShape(_db.isServer());
    for (auto const i : batch.others) {
        auto const key = keyOf(batch, i);
        if (kept.contains(key) || !done.insert(key).second) continue;
        (whole.contains(key) ? all : ofOtherShape).add(i);
    }
    auto const remove = [&](Among const &places, std::string const &which) {
        if (places.empty()) return;
        _db.sql()
            .cached("DELETE FROM efd_value WHERE (" + valueTable.key() + ") IN (SELECT "
                    + namesOf(std::span(valueTable.columns).first(valueTable.keys), "v.") + " FROM "
                    + givenTable + " g JOIN efd_value v ON " + sameKey(elementPlace) + " WHERE "
                    + places.condition() + " AND (" + which + "))")
            .run({places.parameter()});
    };
    std::string const otherShape = "(v.element < 0) <> (g.element < 0)";
    remove(ofOtherShape, otherShape);
    remove(all, "v.config_hash IS DISTINCT FROM g.config_hash OR " + otherShape);
}

/// Of how many samples the values were that were kept out for being of fewer, and whether more may come; and
/// where all samples are there again.
void ValueStore::noteFewer(Batch const &batch) {
    Among fewer(_db.isServer()), again(_db.isServer());
    for (std::size_t i = 0; i < batch.lines.size(); ++i) {
        if (batch.outcomes[i] == Outcome::Regression) fewer.add(i);
        if (batch.outcomes[i] == Outcome::Existing && batch.stored[i]->fewer) again.add(i);
    }
    auto const update = [&](Among const &places, char const *what) {
        if (places.empty()) return;
        _db.sql()
            .cached(std::string("UPDATE efd_value AS v SET ") + what + " FROM " + givenTable + " g WHERE "
                    + sameKey(valueTable.keys) + " AND " + places.condition())
            .run({places.parameter()});
    };
    update(fewer, "fewer_n = g.n, settled = g.settled");
    update(again, "fewer_n = NULL");
}

} // namespace dbb::efd
