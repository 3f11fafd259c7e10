/// \file
/// The table of columns: which number a column has, and what is known of it.
#pragma once

#include "efd/efd_database.h"
#include "efd/value_lines.h"
#include "telemetry/column.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace dbb::efd {

class ColumnTable {
public:
    /// \param columns  what is known of columns beyond their names; may be empty, and must outlive this
    explicit ColumnTable(std::vector<telemetry::Column> const &columns);

    /// Read it, in each transaction anew. \throws Error as Database::execute
    void read(sql::Database &db);
    /// The column_id of a value's column, which gets a row or changes its row where the value asks for it.
    std::int64_t take(ValueLine const &line);
    /// Whether values may be stored of a whole column where `line` is of an element, or the other way round.
    bool mayHaveOthers(ValueLine const &line) const;
    /// How many elements a value's column has in its window; nullopt when its definition is not known.
    std::optional<std::int64_t> elementsOf(ValueLine const &line) const;
    /// Rows that are new or changed since read().
    sql::RowsInsert changes() const;

    /// Names of columns of which `columns` has another definition than the values.
    std::set<std::string> const &strangers() const { return _strangers; }

private:
    struct Row {
        std::vector<sql::Value> values{};
        bool defined = false; ///< with what is known of it
        bool changed = false;
        std::optional<std::int64_t> elements{}; ///< of the definition, when that is known
    };

    Row &rowOf(std::string const &name);
    void define(Row &row, std::string const &name, sql::Value const &config);

    std::map<std::string, telemetry::Column const *> _known;
    std::unordered_map<std::string, Row> _rows;
    std::int64_t _last = 0; ///< highest column_id
    std::set<std::string> _strangers;
};

} // namespace dbb::efd
