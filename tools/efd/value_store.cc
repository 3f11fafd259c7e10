#include "efd/value_store.h"

#include "common/calendar.h"
#include "common/options.h"
#include "common/text.h"
#include "telemetry/definition.h"

#include <algorithm>

namespace dbb::efd {

using sql::Statement;
using sql::Value;

namespace {

/// Places of columns in a row of efd_column.
enum ColumnPlace : std::size_t {
    ColumnId,
    Name,
    Topic,
    Field,
    IndexValue,
    Func,
    ArgsJson,
    Unit,
    Ucd,
    Description,
    Dtype,
    ConfigHash,
    Active
};

/// UTC as both databases can compare and print it; they keep microseconds.
std::string now() {
    auto out = common::isoFromNs(common::nowUtcNs()).substr(0, 26);
    std::replace(out.begin(), out.end(), 'T', ' ');
    return out;
}

Value textOrNull(std::string const &text) {
    return text.empty() ? Value() : Value(text);
}

Value dumpOrNull(common::Json const &value) {
    return value.isNull() ? Value() : Value(value.text());
}

std::span<Table::Column const> cellColumns() {
    return std::span(valueTable.columns).subspan(valueTable.keys, CellCount);
}

Cells cellsAt(Statement const &row, int first) {
    Cells out;
    for (std::size_t i = 0; i < CellCount; ++i) out[i] = row.column(first + static_cast<int>(i));
    return out;
}

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

} // namespace

Outcome outcomeOf(Cells const *stored, Cells const &given, bool force) {
    if (!stored) return Outcome::Done;
    if (*stored == given) return Outcome::Existing;
    if (force) return Outcome::Updated;
    bool const failedBefore = integerOf(*stored, Status) >= firstSourceError;
    if (integerOf(given, Status) >= firstSourceError)
        return failedBefore ? Outcome::Updated : Outcome::SourceError;
    bool const better = failedBefore || (*stored)[Config] != given[Config]
                        || integerOf(given, Samples) >= integerOf(*stored, Samples);
    return better ? Outcome::Updated : Outcome::Regression;
}

ValueStore::ValueStore(EfdDatabase &db, std::vector<telemetry::Column> const &columns, std::string source,
                       bool force)
    : _db(db), _source(std::move(source)), _force(force), _started(now()) {
    for (auto const &column : columns) _known[column.name] = &column;
}

std::vector<Outcome> ValueStore::store(std::span<ValueLine const> lines) {
    std::vector<Outcome> out;
    auto const run = _run;
    _db.write([&] {
        // All is found out anew when the transaction has to be repeated.
        out.clear();
        _run = run;
        noteRun();
        readColumns();
        auto const ids = takeColumns(lines);
        std::vector<CellKey> keys;
        for (std::size_t i = 0; i < lines.size(); ++i)
            keys.emplace_back(lines[i].window, ids[i], lines[i].element);
        auto present = stored(keys);
        std::map<CellKey, Cells const *> changed;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            auto const at = present.find(keys[i]);
            auto const outcome =
                outcomeOf(at == present.end() ? nullptr : &at->second, lines[i].cells, _force);
            out.push_back(outcome);
            if (outcome != Outcome::Done && outcome != Outcome::Updated) continue;
            present[keys[i]] = lines[i].cells;
            changed[keys[i]] = &lines[i].cells;
        }
        write(lines, changed);
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
        .run({_run, std::string(common::version), textOrNull(_source), _started});
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

void ValueStore::readColumns() {
    _columns.clear();
    _changedColumns.clear();
    auto const names = namesOf(columnTable.columns);
    _db.sql().cached("SELECT " + names + " FROM efd_column").query({}, [&](Statement const &row) {
        ColumnRow values;
        for (int i = 0; i < row.columnCount(); ++i) values.push_back(row.column(i));
        _columns[row.text(Name)] = std::move(values);
    });
}

std::vector<std::int64_t> ValueStore::takeColumns(std::span<ValueLine const> lines) {
    std::vector<std::int64_t> out;
    std::map<std::pair<std::string, Value>, ColumnRow *> seen;
    for (auto const &line : lines) {
        auto &row = seen[{line.column, line.cells[Config]}];
        if (!row) row = &columnRow(line.column, line.cells[Config]);
        out.push_back(std::get<std::int64_t>((*row)[ColumnId]));
        auto &dtype = (*row)[Dtype];
        if (line.dtype.empty() || dtype == Value(line.dtype) || dtype == Value("mixed")) continue;
        dtype = dtype == Value() ? line.dtype : "mixed";
        _changedColumns.insert(line.column);
    }
    return out;
}

/// The row of a column, a new one where it has none, with what is known of it.
ValueStore::ColumnRow &ValueStore::columnRow(std::string const &name, Value const &config) {
    auto const [at, isNew] = _columns.try_emplace(name);
    auto &row = at->second;
    if (isNew) {
        std::int64_t last = 0;
        for (auto const &[other, values] : _columns) {
            if (!values.empty()) last = std::max(last, std::get<std::int64_t>(values[ColumnId]));
        }
        row.resize(columnTable.columns.size());
        row[ColumnId] = last + 1;
        row[Name] = name;
        row[Active] = std::int64_t{1};
    }
    auto const before = row;
    define(row, name, config);
    if (isNew || row != before) _changedColumns.insert(name);
    return row;
}

void ValueStore::define(ColumnRow &row, std::string const &name, Value const &config) {
    if (row[ConfigHash] != config) {
        // What was said of the old definition does not hold for the new one.
        std::fill(row.begin() + Topic, row.begin() + Active, Value());
        row[ConfigHash] = config;
    }
    auto const known = _known.find(name);
    if (known == _known.end()) return;
    auto const &column = *known->second;
    if (config != Value() && config != Value(telemetry::configHash(column))) {
        _strangers.insert(name);
        return;
    }
    row[Topic] = column.topic;
    row[Field] = common::join(column.fields, ",");
    row[IndexValue] = dumpOrNull(telemetry::indexOf(column));
    row[Func] = telemetry::nameOf(column);
    row[ArgsJson] = telemetry::argumentsOf(column).dump();
    row[Unit] = textOrNull(column.unit);
    row[Ucd] = textOrNull(column.ucd);
    row[Description] = textOrNull(column.description);
}

std::map<ValueStore::CellKey, Cells> ValueStore::stored(std::vector<CellKey> const &keys) {
    std::map<CellKey, Cells> out;
    if (_db.isServer()) {
        askServer(keys, out);
        return out;
    }
    auto &statement = _db.sql().cached("SELECT " + namesOf(cellColumns())
                                       + " FROM efd_value WHERE instrument = ? AND kind = ? AND obs_id = ? "
                                         "AND column_id = ? AND element = ?");
    for (auto const &key : keys) {
        auto const &[window, column, element] = key;
        statement.query({window.instrument, window.kind, window.obs_id, column, element},
                        [&](Statement const &row) { out[key] = cellsAt(row, 0); });
    }
    return out;
}

/// All in one question.
void ValueStore::askServer(std::vector<CellKey> const &keys, std::map<CellKey, Cells> &out) {
    std::array<std::vector<Value>, 5> columns;
    for (auto const &[window, column, element] : keys) {
        std::array<Value, 5> const row{window.instrument, window.kind, window.obs_id, column, element};
        for (std::size_t i = 0; i < row.size(); ++i) columns[i].push_back(row[i]);
    }
    std::vector<Value> parameters;
    for (auto const &column : columns) parameters.emplace_back(sql::arrayOf(column));
    _db.sql()
        .cached(
            "SELECT k.at, " + namesOf(cellColumns(), "v.")
            + " FROM unnest(?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::integer[]) WITH ORDINALITY "
              "AS k (instrument, kind, obs_id, column_id, element, at) JOIN efd_value v USING ("
            + valueTable.key() + ")")
        .query(parameters, [&](Statement const &row) {
            out[keys[static_cast<std::size_t>(row.integer(0) - 1)]] = cellsAt(row, 1);
        });
}

void ValueStore::write(std::span<ValueLine const> lines, std::map<CellKey, Cells const *> const &changed) {
    auto columns = columnTable.upsert();
    for (auto const &name : _changedColumns) columns.rows.push_back(_columns[name]);
    auto windows = windowUpsert();
    std::map<WindowId, ValueLine const *> last;
    for (auto const &line : lines) last[line.window] = &line;
    for (auto const &[window, line] : last) {
        auto &row =
            windows.rows.emplace_back(std::vector<Value>{window.instrument, window.kind, window.obs_id});
        row.insert(row.end(), line->span.begin(), line->span.end());
    }
    auto values = valueTable.upsert();
    auto const time = now();
    for (auto const &[key, cells] : changed) {
        auto const &[window, column, element] = key;
        auto &row = values.rows.emplace_back(
            std::vector<Value>{window.instrument, window.kind, window.obs_id, column, element});
        row.insert(row.end(), cells->begin(), cells->end());
        row.emplace_back(_run);
        row.emplace_back(time);
    }
    std::vector<sql::RowsInsert> inserts;
    for (auto *insert : {&columns, &windows, &values}) {
        if (!insert->rows.empty()) inserts.push_back(std::move(*insert));
    }
    sql::FailedRow failed;
    _db.sql().insertTogether(inserts, failed);
}

} // namespace dbb::efd
