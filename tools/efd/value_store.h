/// \file
/// Values on their way into the tables: which of them replace what is there, and what was done.
#pragma once

#include "efd/efd_database.h"
#include "efd/value_lines.h"
#include "telemetry/column.h"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace dbb::efd {

/// What became of a value. The last two: it was not as good as what is stored, which is kept.
enum class Outcome { Done, Updated, Existing, Regression, SourceError };

/// The rule that never replaces better by worse. \param stored  nullptr: nothing is
Outcome outcomeOf(Cells const *stored, Cells const &given, bool force);

/// What a run did, for efd_run.
struct RunCounts {
    std::int64_t read = 0;
    std::map<Outcome, std::int64_t> outcomes{};
    std::int64_t rejected = 0;
};

class ValueStore {
public:
    /// \param columns  what is known of columns beyond their names; may be empty
    /// \param source   where the values come from, for efd_run; without secrets
    ValueStore(EfdDatabase &db, std::vector<telemetry::Column> const &columns, std::string source,
               bool force);

    /// Store values in one transaction. \return what became of each \throws Error as Database::execute
    std::vector<Outcome> store(std::span<ValueLine const> lines);

    /// Note that the run is over. \param exit  its status
    void finish(RunCounts const &counts, int exit);

    /// Names of columns of which `columns` has another definition than the values.
    std::set<std::string> const &strangers() const { return _strangers; }

private:
    using ColumnRow = std::vector<sql::Value>;
    using CellKey = std::tuple<WindowId, std::int64_t, std::int64_t>; ///< column_id and element

    void noteRun();
    void readColumns();
    /// \return column_id of each line's column
    std::vector<std::int64_t> takeColumns(std::span<ValueLine const> lines);
    ColumnRow &columnRow(std::string const &name, sql::Value const &config);
    void define(ColumnRow &row, std::string const &name, sql::Value const &config);
    std::map<CellKey, Cells> stored(std::vector<CellKey> const &keys);
    void askServer(std::vector<CellKey> const &keys, std::map<CellKey, Cells> &out);
    void write(std::span<ValueLine const> lines, std::map<CellKey, Cells const *> const &changed);

    EfdDatabase &_db;
    std::map<std::string, telemetry::Column const *> _known;
    std::string _source;
    bool _force;
    std::string _started;
    std::int64_t _run = 0; ///< 0: it has no row yet
    std::map<std::string, ColumnRow> _columns;
    std::set<std::string> _changedColumns;
    std::set<std::string> _strangers;
};

} // namespace dbb::efd
