/// \file
/// A condition of --where asked of rows that are in no database: lines, cells of a table.
#pragma once

#include "butler/where.h"
#include "sql/database.h"

#include <memory>
#include <string>
#include <vector>

namespace dbb::butler {

/// As in tables of a registry, what looks like a number is compared as one.
class RowCondition {
public:
    /// \param condition  not an empty one
    explicit RowCondition(Condition condition);

    /// Columns that it speaks of.
    std::vector<std::string> const &columns() const { return _condition.columns; }
    /// Values that it compares with.
    std::vector<sql::Value> const &values() const { return _condition.values; }
    /// Whether a row meets it. \param row  the values of columns(), in their order
    bool accepts(std::vector<sql::Value> const &row);

private:
    Condition _condition;
    std::unique_ptr<sql::Database> _db;
    std::unique_ptr<sql::Statement> _write;
    std::unique_ptr<sql::Statement> _ask;
};

} // namespace dbb::butler
