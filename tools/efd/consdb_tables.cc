#include "efd/consdb_tables.h"

#include "common/error.h"
#include "common/log.h"
#include "common/text.h"

#include <algorithm>

namespace dbb::efd {

using common::Error;
using sql::quoteIdentifier;
using sql::Value;

namespace {

/// Widths of ConsDB's varchar columns, in characters; names are ASCII.
constexpr std::size_t longestProperty = 64, longestField = 32;

std::string columnList(std::vector<std::string> const &names) {
    std::vector<std::string> quoted;
    for (auto const &name : names) quoted.push_back(quoteIdentifier(name));
    return common::join(quoted, ", ");
}

} // namespace

ConsdbTables::ConsdbTables(EfdDatabase &db, std::string const &schema, std::string instrument,
                           std::vector<telemetry::Column> const &columns)
    : _db(db), _instrument(std::move(instrument)) {
    for (auto const &column : columns) _columns[column.name] = &column;
    for (auto const *kind : {"exposure", "visit"}) {
        for (bool const unpivoted : {false, true}) {
            auto const name =
                std::string(kind) + (kind[0] == 'v' ? "1_efd" : "_efd") + (unpivoted ? "_unpivoted" : "");
            ConsdbTable table{.kind = kind,
                              .unpivoted = unpivoted,
                              .name = quoteIdentifier(schema) + "." + quoteIdentifier(name),
                              .columns = columnsOf(schema, name)};
            auto const asks = [&](telemetry::Column const &column) { return wants(column, name); };
            if (std::none_of(columns.begin(), columns.end(), asks)) continue;
            if (table.columns.empty())
                throw common::usageError("--consdb: the schema \"" + schema + "\" has no table " + name,
                                         "make it as ConsDB does, or name the schema that has it");
            _tables[name] = std::move(table);
        }
    }
}

std::set<std::string> ConsdbTables::columnsOf(std::string const &schema, std::string const &table) {
    std::set<std::string> out;
    auto const take = [&](sql::Statement const &row) { out.insert(row.text(0)); };
    if (_db.isServer()) {
        _db.sql()
            .cached("SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 "
                    "AND NOT attisdropped")
            .query({quoteIdentifier(schema) + "." + quoteIdentifier(table)}, take);
    } else {
        _db.sql().cached("SELECT name FROM pragma_table_info(?, ?)").query({table, schema}, take);
    }
    return out;
}

/// A column that names no tables goes into the wide ones, as that of ConsDB does.
bool ConsdbTables::wants(telemetry::Column const &column, std::string const &table) const {
    auto const names = [&](std::string const &name) {
        return std::find(column.tables.begin(), column.tables.end(), name) != column.tables.end();
    };
    bool const wide = column.tables.empty() || names("exposure_efd") || names("visit1_efd");
    bool const isUnpivoted = table.ends_with("_unpivoted");
    return wide ? !isUnpivoted && (column.tables.empty() || names(table)) : names(table);
}

void ConsdbTables::write(std::span<ValueLine const> lines, std::span<Outcome const> outcomes) {
    std::map<std::string, WideRows> wide;
    std::map<std::string, FieldRows> fields;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto const &line = lines[i];
        bool const good = outcomes[i] != Outcome::Regression && outcomes[i] != Outcome::SourceError
                          && integerOf(line.cells, Status) < firstSourceError;
        if (!good || line.window->id.instrument != _instrument || line.window->id.kind == "window") continue;
        auto const column = _columns.find(line.column);
        if (column == _columns.end()) {
            leaveOut("the file of columns has not", line.column);
            continue;
        }
        if (std::string_view(line.dtype) == "text")
            leaveOut("are texts, and the tables have numbers:", line.column);
        auto const *day = std::get_if<std::int64_t>(&line.window->span[0]);
        auto const *number = std::get_if<std::int64_t>(&line.window->span[1]);
        if (!day || !number) leaveOut("have windows without day_obs and seq_num:", line.column);
        if (!day || !number || !std::holds_alternative<double>(line.cells[Number])) continue;
        Key const key{*day, *number, line.window->id.obs_id};
        for (auto const &[name, table] : _tables) {
            if (table.kind == line.window->id.kind && wants(*column->second, name))
                take(table, *column->second, line, key, wide[name], fields[name]);
        }
    }
    for (auto const &[name, rows] : wide) writeWide(_tables.at(name), rows);
    for (auto const &[name, rows] : fields) writeFields(_tables.at(name), rows);
}

void ConsdbTables::take(ConsdbTable const &table, telemetry::Column const &column, ValueLine const &line,
                        Key const &key, WideRows &wide, FieldRows &fields) {
    auto const value = std::get<double>(line.cells[Number]);
    if (!table.unpivoted) {
        if (line.element >= 0)
            return leaveOut("have several elements, and " + table.name + " one value:", line.column);
        if (!table.columns.contains(line.column))
            return leaveOut(table.name + " has no columns for", line.column);
        wide[key][line.column] = value;
        return;
    }
    auto const place = static_cast<std::size_t>(std::max<std::int64_t>(line.element, 0));
    if (place >= column.fields.size())
        return leaveOut("have elements that are no fields of theirs:", line.column);
    auto const &field = column.fields[place];
    if (line.column.size() > longestProperty || field.size() > longestField)
        return leaveOut("have names that are too long for " + table.name + ":", line.column);
    fields[{key, line.column, field}] = value;
}

void ConsdbTables::writeWide(ConsdbTable const &table, WideRows const &rows) {
    if (rows.empty()) return;
    std::set<std::string> given;
    for (auto const &[key, values] : rows) {
        for (auto const &[name, value] : values) given.insert(name);
    }
    std::vector<std::string> names{"day_obs", "seq_num", table.kind + "_id"};
    sql::RowsInsert out;
    out.types = {"integer", "integer", "bigint"};
    std::string set, stored, told;
    for (auto const &name : given) {
        names.push_back(name);
        out.types.emplace_back("double precision");
        auto const quoted = quoteIdentifier(name);
        auto const separator = set.empty() ? "" : ", ";
        auto const better = "coalesce(excluded." + quoted + ", t." + quoted + ")";
        set += separator + quoted + " = " + better;
        stored += separator + ("t." + quoted);
        told += separator + better;
    }
    out.into = "INSERT INTO " + table.name + " AS t (" + columnList(names) + ")";
    out.conflict = "ON CONFLICT (day_obs, seq_num) DO UPDATE SET " + set + " WHERE (" + stored
                   + ") IS DISTINCT FROM (" + told + ")";
    for (auto const &[key, values] : rows) {
        auto &row = out.rows.emplace_back(key.begin(), key.end());
        for (auto const &name : given) {
            auto const at = values.find(name);
            if (at == values.end()) {
                row.emplace_back();
            } else {
                row.emplace_back(at->second);
            }
        }
    }
    insert(out, table);
}

void ConsdbTables::writeFields(ConsdbTable const &table, FieldRows const &rows) {
    if (rows.empty()) return;
    std::vector<std::string> const names{"day_obs", "seq_num", table.kind + "_id", "property", "field"};
    sql::RowsInsert out;
    out.types = {"integer", "integer", "bigint", "text", "text", "double precision"};
    out.into = "INSERT INTO " + table.name + " AS t (" + columnList(names) + ", value)";
    out.conflict = "ON CONFLICT (" + columnList(names)
                   + ") DO UPDATE SET value = excluded.value WHERE t.value IS DISTINCT FROM excluded.value";
    for (auto const &[place, value] : rows) {
        auto const &[key, property, field] = place;
        auto &row = out.rows.emplace_back(key.begin(), key.end());
        row.insert(row.end(), {property, field, value});
    }
    insert(out, table);
}

void ConsdbTables::insert(sql::RowsInsert const &rows, ConsdbTable const &table) {
    sql::FailedRow failed;
    try {
        _db.sql().insertTogether({rows}, failed);
    } catch (Error const &e) {
        if (e.code() != "CONSTRAINT") throw;
        throw Error(e.code(), "could not write to " + table.name + ": " + e.message(),
                    common::ExitCode::Backend)
            .hint("look for a row of another day_obs and seq_num with the same " + table.kind + "_id");
    }
}

void ConsdbTables::remark() const {
    for (auto const &[why, columns] : _leftOut)
        common::log::warning("not in ConsDB's tables: " + why + " "
                             + common::someOf({columns.begin(), columns.end()}));
}

} // namespace dbb::efd
