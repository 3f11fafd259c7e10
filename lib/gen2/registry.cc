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

Json jsonFrom(sql::Value const &value) {
    if (auto const *text = std::get_if<std::string>(&value)) return common::wellFormed(*text);
    if (auto const *number = std::get_if<std::int64_t>(&value)) return *number;
    if (auto const *real = std::get_if<double>(&value)) return *real;
    return {};
}

sql::Value parameterOf(Value const &value) {
    if (auto const *number = std::get_if<std::int64_t>(&value)) return *number;
    return std::get<std::string>(value);
}

/// A writer that died has left a journal, which only one that may write could take back.
Error explained(Error const &e, std::string const &path) {
    if (e.code() != "REPO_READ_ONLY" || !e.hint().empty()) return unusable(e);
    return Error(e.code(), e.message(), e.exitCode())
        .hint("a writer died and left \"" + path
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
    while (statement->step()) take(rowFrom(*statement));
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
    _db->cached("SELECT rowid, * FROM " + quoteIdentifier(table) + where + " ORDER BY rowid")
        .query(parameters, [&](Statement const &row) { out.push_back(rowFrom(row)); });
    return out;
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
