/// \file
/// registry.sqlite3 and calibRegistry.sqlite3 of a Gen2 repository, read only. Tables and columns are
/// whatever the file has: they came from configurations.
#pragma once

#include "common/json.h"
#include "gen2/values.h"
#include "sql/database.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::gen2 {

/// A row as its columns that are neither null nor endless texts, without `id`.
struct Row {
    std::int64_t id = 0;
    common::Json columns{common::Json::Object{}};

    /// Integers and texts of these columns.
    Values values() const;
    /// A column as text, empty when it is null.
    std::string text(std::string_view column) const;
};

class Registry {
public:
    /// \throws Error NOT_FOUND, PERMISSION … (exit 4); REPO_DAMAGED (exit 5)
    explicit Registry(std::string path);

    std::string const &path() const { return _path; }
    bool empty() const { return _columns.empty(); } ///< there is no table
    bool hasTable(std::string const &table) const { return _columns.contains(table); }
    /// Empty when there is no such table.
    std::vector<std::string> const &columns(std::string const &table) const;
    bool hasColumn(std::string const &table, std::string_view column) const;

    /// All rows, in the order of their ids, without holding them. \throws Error REPO_DAMAGED
    void each(std::string const &table, std::function<void(Row const &)> const &take);
    /// Rows that have these values; what is no column is no condition. None when nothing is one.
    std::vector<Row> find(std::string const &table, Values const &keys);
    /// The columns, but for `id`, in which all rows with a value in one column are the same. An empty object
    /// when there is no such row or column.
    common::Json shared(std::string const &table, std::string const &column, Value const &value);

private:
    void query(std::string const &text, std::vector<sql::Value> const &parameters,
               std::function<void(Row)> const &take);
    std::string const &conditionOn(std::string const &table, std::string const &column);
    Row rowFrom(sql::Statement const &row) const;

    std::string _path;
    std::unique_ptr<sql::Database> _db;
    std::map<std::string, std::vector<std::string>> _columns; ///< by table
    std::map<std::string, std::string> _conditions;           ///< of rows with a value, by table and column
};

} // namespace dbb::gen2
