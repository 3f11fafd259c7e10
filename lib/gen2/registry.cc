#include "gen2/registry.h"

#include "common/error.h"
#include "common/text.h"
#include "gen2/repository.h"

#include <algorithm>

namespace dbb::gen2 {

using common::Error;
using common::Json;
using sql::quoteIdentifier;
using sql::Statement;

namespace {

/// Bytes of a text that still counts: no part of a path is longer, and all columns of a row have to go into a
/// manifest line.
constexpr std::size_t longestText = 4096;

Json jsonFrom(sql::Value const &value) {
    if (auto const *text = std::get_if<std::string>(&value))
        return text->size() <= longestText ? Json(common::wellFormed(*text)) : Json();
    if (auto const *number = std::get_if<std::int64_t>(&value)) return *number;
    if (auto const *real = std::get_if<double>(&value)) return *real;
    return {};
}

sql::Value parameterOf(Value const &value) {
    if (auto const *number = std::get_if<std::int64_t>(&value)) return *number;
    return std::get<std::string>(value);
}

/// What to do about a registry of Gen2, which programs for Gen3 can't look at. A writer that died has left a
/// journal, which only one that may write could take back.
Error explained(Error const &e, std::string const &path) {
    if (!e.hint().empty()) return unusable(e);
    if (e.code() == "REPO_DAMAGED")
        return Error(e).hint("restore the file or mend it; sqlite3 \"" + path
                             + "\" \"PRAGMA integrity_check\" says what is wrong");
    if (e.code() != "REPO_READ_ONLY") return unusable(e);
    return Error(e).hint(
        "a writer died and left \"" + path
        + "-journal\"; copy both files elsewhere, open the copy once with sqlite3, and scan that");
}

} // namespace

Values Row::values() const {
    Values out;
    for (auto const &[name, value] : columns.object()) {
        if (value.isInt()) out.set(name, value.integer());
        if (value.isString()) out.set(name, value.string());
    }
    return out;
}

std::string Row::text(std::string_view column) const {
    auto const &value = columns[column];
    return value.isNull() ? std::string() : value.text();
}

Registry::Registry(std::string path) : _path(std::move(path)) {
    try {
        _db = sql::openSqlite(_path, sql::OpenMode::Untouched);
        std::vector<std::string> tables;
        _db->prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
            ->query({}, [&](Statement const &row) { tables.push_back(row.text(0)); });
        for (auto const &table : tables) {
            auto &names = _columns[table];
            _db->prepare("SELECT name FROM pragma_table_info(?)")->query({table}, [&](Statement const &row) {
                names.push_back(row.text(0));
            });
        }
    } catch (Error const &e) {
        throw explained(e, _path);
    }
}

std::vector<std::string> const &Registry::columns(std::string const &table) const {
    static std::vector<std::string> const none;
    auto const at = _columns.find(table);
    return at == _columns.end() ? none : at->second;
}

bool Registry::hasColumn(std::string const &table, std::string_view column) const {
    auto const &all = columns(table);
    return std::find(all.begin(), all.end(), column) != all.end();
}

void Registry::each(std::string const &table, std::function<void(Row const &)> const &take) {
    auto const statement = _db->prepare("SELECT rowid, * FROM " + quoteIdentifier(table) + " ORDER BY rowid");
    auto const step = [&] {
        try {
            return statement->step();
        } catch (Error const &e) {
            throw explained(e, _path);
        }
    };
    while (step()) take(rowFrom(*statement));
}

std::vector<Row> Registry::find(std::string const &table, Values const &keys) {
    std::string where;
    std::vector<sql::Value> parameters;
    for (auto const &[name, value] : keys) {
        if (!hasColumn(table, name)) continue;
        where += (where.empty() ? " WHERE " : " AND ") + quoteIdentifier(name) + " = ?";
        parameters.push_back(parameterOf(value));
    }
    std::vector<Row> out;
    if (where.empty()) return out;
    query("SELECT rowid, * FROM main." + quoteIdentifier(table) + where + " ORDER BY rowid", parameters,
          [&](Row row) { out.push_back(std::move(row)); });
    return out;
}

/// The condition that finds the rows with a value in a column quickly. The file is left alone: where it has
/// no index for that, rows are found through a temporary table.
std::string const &Registry::conditionOn(std::string const &table, std::string const &column) {
    auto &condition = _conditions[table + "." + column];
    if (!condition.empty()) return condition;
    auto const name = quoteIdentifier(column);
    bool const isIndexed =
        _db->prepare("SELECT 1 FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i "
                     "WHERE i.seqno = 0 AND i.name = ?")
            ->hasRow({table, column});
    if (isIndexed) return condition = name + " = ?";
    auto const rows = "temp." + quoteIdentifier(table + "." + column);
    _db->execute("CREATE TABLE " + rows + " AS SELECT " + name + " AS value, rowid AS row FROM main."
                 + quoteIdentifier(table) + "; CREATE INDEX temp."
                 + quoteIdentifier("of " + table + "." + column) + " ON "
                 + quoteIdentifier(table + "." + column) + " (value)");
    return condition = "rowid IN (SELECT row FROM " + rows + " WHERE value = ?)";
}

Json Registry::shared(std::string const &table, std::string const &column, Value const &value) {
    Json out{Json::Object{}};
    if (!hasColumn(table, column)) return out;
    bool isFirst = true;
    query("SELECT rowid, * FROM main." + quoteIdentifier(table) + " WHERE " + conditionOn(table, column),
          {parameterOf(value)}, [&](Row const &row) {
              if (isFirst)
                  out = row.columns;
              else
                  std::erase_if(out.object(),
                                [&](auto const &each) { return row.columns[each.first] != each.second; });
              isFirst = false;
          });
    return out;
}

void Registry::query(std::string const &text, std::vector<sql::Value> const &parameters,
                     std::function<void(Row)> const &take) {
    try {
        _db->cached(text).query(parameters, [&](Statement const &row) { take(rowFrom(row)); });
    } catch (Error const &e) {
        throw explained(e, _path);
    }
}

Row Registry::rowFrom(Statement const &row) const {
    Row out;
    out.id = row.integer(0);
    auto &columns = out.columns.object();
    columns.reserve(static_cast<std::size_t>(row.columnCount()));
    for (int i = 1; i < row.columnCount(); ++i) {
        auto value = jsonFrom(row.column(i));
        auto name = row.columnName(i);
        if (!value.isNull() && name != "id") columns.emplace_back(std::move(name), std::move(value));
    }
    return out;
}

} // namespace dbb::gen2
