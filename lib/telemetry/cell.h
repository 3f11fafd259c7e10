/// \file
/// Results: what a column says of a window, and where results wait until all of the input was seen.
#pragma once

#include "common/file.h"
#include "common/scratch_list.h"
#include "telemetry/column.h"
#include "telemetry/functions.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace dbb::telemetry {

/// Why a value is there, or is not. The numbers are those of efd_value.status.
enum class Status : std::uint8_t {
    Ok = 0,
    NoSamples = 1,
    Stale = 2, ///< nothing at the instant, or too far from it
    LowCoverage = 3,
    AllNan = 4,
    MixedIndex = 5,
    TypeError = 6,
    NoSuchField = 7,
    NoSuchTopic = 8,
    EmptyWindow = 9,
    LeapAmbiguous = 10,
    SourceError = 20,
    Timeout = 21,
};

/// Name of a status as messages and reports have it: no_samples …
std::string_view nameOf(Status status);

/// A window, TAI nanoseconds; the end does not belong to it.
struct Window {
    std::int64_t begin_ns = 0;
    std::int64_t end_ns = 0;

    std::int64_t instant(At at) const {
        return at == At::Begin ? begin_ns : at == At::End ? end_ns : begin_ns + (end_ns - begin_ns) / 2;
    }
};

/// The edges of a column's window: shifted; those of Compat::Consdb are whole microseconds.
Window edgesOf(Column const &column, Window const &window);

/// One result. Times are TAI nanoseconds.
struct Cell {
    static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();

    Value value{}; ///< not valid: there is none
    Status status = Status::Ok;
    bool has_gaps = false; ///< whether max_gap_ns, n_gaps and coverage say anything
    std::int64_t n = 0;
    std::int64_t first_ns = none, last_ns = none;
    std::int64_t max_gap_ns = none;
    std::int64_t n_gaps = 0;
    double coverage = 0;
    std::int64_t n_nan = 0, n_null = 0, n_dup = 0;
    std::int64_t age_ns = none;
    /// Intervals that count when the distance of samples is known, in Results::intervals: n_gaps is without
    /// them, and `covered_ns` stands for the coverage.
    std::uint64_t waiting_at = 0;
    std::uint32_t waiting = 0;
    bool gaps_wait = false;
    bool coverage_waits = false;
    std::int64_t covered_ns = 0;

    /// The cell of a column that can't say anything.
    static Cell problem(Status status) {
        Cell out;
        out.status = status;
        return out;
    }
};

/// Whether two cells say the same but for the value.
bool isEquallyGood(Cell const &a, Cell const &b);

/// From one sample, or edge of the window, to the next.
struct Interval {
    std::int64_t from_ns = 0, to_ns = 0;
    bool covers = false;  ///< begins with a sample
    bool to_edge = false; ///< ends with the window
};

/// An interval without samples that is longer than those of the column may be.
struct Gap {
    std::int64_t from_ns = 0, to_ns = 0;
    bool from_edge = false, to_edge = false; ///< the window's, not a sample
};

/// The gaps among intervals of a window. \param gapMax2_ns  as of settle()
std::vector<Gap> gapsOf(Column const &column, Window const &window, std::span<Interval const> intervals,
                        std::int64_t gapMax2_ns);

/// The least and the greatest distance between neighbours of sorted times; 0 when there are none.
std::pair<std::int64_t, std::int64_t> distancesOf(std::span<std::int64_t const> times);

/// The times of the samples that a window has, and what was found out of them.
struct WindowTimes {
    std::vector<std::int64_t> all;
    /// Gaps and coverage of a column, which those with the same limits have, too.
    Column const *measured = nullptr;
    Cell gaps{};
};

/// What a window has of a series when it is over.
struct WindowSamples {
    SampleSpan samples;
    WindowTimes *times = nullptr;                        ///< of the samples
    std::optional<std::pair<std::int64_t, Value>> prior; ///< the last one before it
    std::optional<std::pair<std::int64_t, Value>> next;  ///< the first one at its end or later
    std::int64_t n_nan = 0, n_null = 0, n_dup = 0;
    bool clash = false; ///< has duplicates where there must be none
};

/// Intervals up to this length are no gaps and wholly covered, however far apart samples usually are.
inline constexpr std::int64_t leastGapNs = 2'000'000'000;

/// Complete a cell. \param gapMax2_ns  twice the longest interval that is no gap
void settle(Cell &cell, Column const &column, Window const &window, std::span<Interval const> waiting,
            std::int64_t gapMax2_ns);

/// Cells by window and column, and their intervals; on disk when they are many.
class Results {
public:
    /// \param keepGaps  intervals are kept of gaps that can be told at once, too \throws Error DISK_FULL …
    Results(std::size_t windows, std::size_t columns, bool keepGaps = false);

    void put(std::size_t window, std::size_t column, Cell const &cell);
    /// All cells of a window. \throws Error IO_ERROR
    std::span<Cell const> row(std::size_t window);
    bool keepsGaps() const { return _keepGaps; }
    std::uint64_t addIntervals(std::span<Interval const> intervals);
    /// Those of a cell, until the next call. \throws Error IO_ERROR
    std::span<Interval const> intervals(Cell const &cell);

private:
    struct Placed {
        std::size_t at;
        Cell cell;
    };
    void writeWaiting();
    void writeAt(std::size_t at, std::span<Cell const> cells);

    std::size_t _columns;
    bool _keepGaps;
    std::size_t _end;         ///< number of all cells
    std::vector<Cell> _cells; ///< all, or some rows that were read
    common::UniqueFd _fd;
    std::size_t _firstCell = 0;   ///< of those that were read
    std::vector<Placed> _waiting; ///< to be written
    common::ScratchList<Interval> _intervals;
    std::vector<Interval> _read;
};

/// The columns of what is in a window.
class WindowCells {
public:
    /// \param window  with pre and post \param extremes  whether any column asks for them
    WindowCells(Window const &window, WindowSamples const &content, bool extremes, Results &results)
        : _window(window), _content(content), _results(results), _moments(content.samples, extremes) {}

    Cell cellOf(Column const &column);

private:
    void measure(Cell &cell, Column const &column, std::span<std::int64_t const> used);

    Window const &_window;
    WindowSamples const &_content;
    Results &_results;
    Moments _moments;
};

} // namespace dbb::telemetry
