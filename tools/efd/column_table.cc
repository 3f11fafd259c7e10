#include "efd/column_table.h"

#include "common/text.h"
#include "telemetry/definition.h"

#include <algorithm>

namespace dbb::efd {

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
    Active,
    Elements
};

constexpr char const *oneValue = "one", *manyElements = "many", *bothShapes = "both";

std::string_view shapeOf(ValueLine const &line) {
    return line.element < 0 ? oneValue : manyElements;
}

bool isText(Value const &value, std::string_view text) {
    auto const *s = std::get_if<std::string>(&value);
    return s && *s == text;
}

Value textOrNull(std::string const &text) {
    return text.empty() ? Value() : Value(text);
}

Value dumpOrNull(common::Json const &value) {
    return value.isNull() ? Value() : Value(value.text());
}

} // namespace

ColumnTable::ColumnTable(std::vector<telemetry::Column> const &columns) {
    for (auto const &column : columns) _known[column.name] = &column;
}

void ColumnTable::read(sql::Database &db) {
    _rows.clear();
    _last = 0;
    auto const names = namesOf(columnTable.columns);
    db.cached("SELECT " + names + " FROM efd_column").query({}, [&](sql::Statement const &found) {
        Row row;
        for (int i = 0; i < found.columnCount(); ++i) row.values.push_back(found.column(i));
        _last = std::max(_last, found.integer(ColumnId));
        // Tables of before do not tell.
        if (row.values[Elements] == Value()) row.values[Elements] = bothShapes;
        _rows[found.text(Name)] = std::move(row);
    });
}

ColumnTable::Row &ColumnTable::rowOf(std::string const &name) {
    auto const [at, isNew] = _rows.try_emplace(name);
    auto &row = at->second;
    if (!isNew) return row;
    row.values.resize(columnTable.columns.size());
    row.values[ColumnId] = ++_last;
    row.values[Name] = name;
    row.values[Active] = std::int64_t{1};
    row.changed = true;
    return row;
}

std::int64_t ColumnTable::take(ValueLine const &line) {
    auto &row = rowOf(line.column);
    auto const &config = line.cells[Config];
    if (!row.defined || row.values[ConfigHash] != config) {
        auto const before = row.values;
        define(row, line.column, config);
        row.defined = true;
        row.changed = row.changed || row.values != before;
    }
    auto const note = [&](ColumnPlace place, std::string_view given, char const *several) {
        auto &value = row.values[place];
        if (given.empty() || isText(value, given) || isText(value, several)) return;
        value = std::string(value == Value() ? given : several);
        row.changed = true;
    };
    note(Dtype, line.dtype, "mixed");
    note(Elements, shapeOf(line), bothShapes);
    return std::get<std::int64_t>(row.values[ColumnId]);
}

bool ColumnTable::mayHaveOthers(ValueLine const &line) const {
    return !isText(_rows.at(line.column).values[Elements], shapeOf(line));
}

std::optional<std::int64_t> ColumnTable::elementsOf(ValueLine const &line) const {
    auto const &row = _rows.at(line.column);
    return row.values[ConfigHash] == line.cells[Config] ? row.elements : std::nullopt;
}

sql::RowsInsert ColumnTable::changes() const {
    auto out = columnTable.upsert();
    for (auto const &[name, row] : _rows) {
        if (row.changed) out.rows.push_back(row.values);
    }
    return out;
}

void ColumnTable::define(Row &row, std::string const &name, Value const &config) {
    auto &values = row.values;
    if (values[ConfigHash] != config) {
        // What was said of the old definition does not hold for the new one.
        std::fill(values.begin() + Topic, values.begin() + Active, Value());
        values[ConfigHash] = config;
    }
    row.elements.reset();
    auto const known = _known.find(name);
    if (known == _known.end()) return;
    auto const &column = *known->second;
    if (config != Value() && config != Value(telemetry::configHash(column))) {
        _strangers.insert(name);
        return;
    }
    if (config != Value()) row.elements = static_cast<std::int64_t>(column.elements());
    values[Topic] = column.topic;
    values[Field] = common::join(column.fields, ",");
    values[IndexValue] = dumpOrNull(telemetry::indexOf(column));
    values[Func] = telemetry::nameOf(column);
    values[ArgsJson] = telemetry::argumentsOf(column).dump();
    values[Unit] = textOrNull(column.unit);
    values[Ucd] = textOrNull(column.ucd);
    values[Description] = textOrNull(column.description);
}

} // namespace dbb::efd
