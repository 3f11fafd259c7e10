/// \file
/// Values on their way into the tables: which of them replace what is there, and what was done.
#pragma once

#include "efd/column_table.h"
#include "efd/efd_database.h"
#include "efd/value_lines.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace dbb::efd {

/// What became of a value. The last two: it was not as good as what is stored, which is kept.
enum class Outcome { Done, Updated, Existing, Regression, SourceError };

/// What is stored of a value, as far as it matters to what may replace it.
struct Stored {
    std::int64_t status = 0;
    std::int64_t n = 0;
    bool same_config = false;
    bool same = false;                    ///< nothing differs
    bool fewer = false;                   ///< later values were kept out for being of fewer samples
    std::optional<std::int64_t> age_ns{}; ///< from its sample to its instant
};

/// The rule that never replaces better by worse. \param stored  nullptr: nothing is
Outcome outcomeOf(Stored const *stored, Cells const &given, bool force);

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

    /// Do this with the values of a transaction before it is committed.
    void alsoDo(std::function<void(std::span<ValueLine const>, std::span<Outcome const>)> action) {
        _also = std::move(action);
    }

    /// Store values in one transaction. \param isWhole  no more lines come of the last one's column in its
    /// window \return what became of each \throws Error as Database::execute
    std::vector<Outcome> store(std::span<ValueLine const> lines, bool isWhole);

    /// Note that the run is over. \param exit  its status
    void finish(RunCounts const &counts, int exit);

    /// Names of columns of which `columns` has another definition than the values.
    std::set<std::string> const &strangers() const { return _columns.strangers(); }

private:
    /// Lines of which no two are of one value, nor one of a whole column and one of its elements.
    struct Batch {
        std::span<ValueLine const> lines{};
        std::vector<std::int64_t> columns{};         ///< column_id of each
        std::vector<std::optional<Stored>> stored{}; ///< what each is compared with
        std::vector<std::size_t> others{}; ///< those beside which values of another shape are stored
        std::vector<Outcome> outcomes{};
        bool isWhole = true; ///< no more lines come of the last one's column in its window
    };

    void noteRun();
    std::vector<Batch> batchesOf(std::span<ValueLine const> lines, bool isWhole);
    using LastWindows = std::map<WindowId, LineWindow const *>;
    void writeColumnsAndWindows(std::span<ValueLine const> lines);
    void findMoved(LastWindows const &windows);
    void markMoved(LastWindows const &windows);
    void storeBatch(Batch &batch);
    bool anyStored(Batch const &batch);
    /// What the columns of a value's row before fewer_n hold.
    static void addRow(Batch const &batch, std::size_t place, sql::RowSink &sink);
    void insertAll(Batch &batch);
    void give(Batch const &batch);
    void findStored(Batch &batch);
    void findOthers(Batch &batch);
    void writeValues(Batch const &batch);
    using WindowColumn = std::pair<WindowId, std::int64_t>;
    static WindowColumn keyOf(Batch const &batch, std::size_t place);
    std::set<WindowColumn> wholeColumns(Batch const &batch) const;
    void removeOthers(Batch const &batch);
    void noteFewer(Batch const &batch);

    EfdDatabase &_db;
    ColumnTable _columns;
    std::string _source;
    bool _force;
    std::string _started;
    std::int64_t _run = 0;     ///< 0: it has no row yet
    std::set<WindowId> _moved; ///< windows whose values were computed for other times
    std::function<void(std::span<ValueLine const>, std::span<Outcome const>)> _also;
};

} // namespace dbb::efd
