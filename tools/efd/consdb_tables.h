/// \file
/// Values into the tables that ConsDB's own programs keep: wide ones with a column for each column, and
/// unpivoted ones with a row for each field.
#pragma once

#include "efd/efd_database.h"
#include "efd/value_lines.h"
#include "efd/value_store.h"
#include "telemetry/column.h"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace dbb::efd {

class ConsdbTables {
public:
    /// \param schema      of the tables, in the same database; main for SQLite
    /// \param instrument  whose values they take \param columns  which tell the tables of each
    /// \throws Error USAGE (exit 2) when a table that a column names is not there
    ConsdbTables(EfdDatabase &db, std::string const &schema, std::string instrument,
                 std::vector<telemetry::Column> const &columns);

    /// Write what may be stored, in the transaction that is open. Never a null over a value, and no failure
    /// of the source. \throws Error CONSTRAINT (exit 4); as Database::execute
    void write(std::span<ValueLine const> lines, std::span<Outcome const> outcomes);

    /// What was left out, for people, each reason once.
    void remark() const;

private:
    struct ConsdbTable {
        std::string kind; ///< exposure or visit
        bool unpivoted = false;
        std::string name{}; ///< as statements have it
        std::set<std::string> columns{};
    };
    using Key = std::array<std::int64_t, 3>; ///< day_obs, seq_num, and the id of the exposure or visit
    using WideRows = std::map<Key, std::map<std::string, double>>;
    using FieldRows = std::map<std::tuple<Key, std::string, std::string>, double>;

    std::set<std::string> columnsOf(std::string const &schema, std::string const &table);
    bool wants(telemetry::Column const &column, std::string const &table) const;
    void take(ConsdbTable const &table, telemetry::Column const &column, ValueLine const &line,
              Key const &key, WideRows &wide, FieldRows &fields);
    void writeWide(ConsdbTable const &table, WideRows const &rows);
    void writeFields(ConsdbTable const &table, FieldRows const &rows);
    void insert(sql::RowsInsert const &rows, ConsdbTable const &table);
    void leaveOut(std::string const &why, std::string const &column) { _leftOut[why].insert(column); }

    EfdDatabase &_db;
    std::string _instrument;
    std::map<std::string, telemetry::Column const *> _columns;
    std::map<std::string, ConsdbTable> _tables;
    std::map<std::string, std::set<std::string>> _leftOut; ///< names of columns, by why
};

} // namespace dbb::efd
