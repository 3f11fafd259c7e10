/// \file
/// Samples of one series in the order of time, given to the windows and instants of the columns that ask for
/// it.
#pragma once

#include "common/scratch_list.h"
#include "telemetry/cell.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dbb::telemetry {

/// Several samples in the order of time, and the times of what was left out of them. Samples of equal time
/// are in one batch.
struct Batch {
    SampleSpan samples;
    std::pair<std::int64_t, std::int64_t> distances; ///< the least and the greatest of neighbours
    std::vector<std::int64_t> nan_times, null_times, dup_times, clash_times; ///< each sorted
    bool shared = false;       ///< the samples are at all times that were given to SharedTimes
    std::int64_t until_ns = 0; ///< all with earlier times, and those of this time, are here or were before

    void clear();
};

/// The distance of samples that are next to each other: its median over all of the input. Distances up to 0.4
/// s are only counted, since what is called a gap is 2 s at least and 5 times the median.
class Spacing {
public:
    /// \param distances  the least and the greatest of neighbours
    void add(std::span<std::int64_t const> times, std::pair<std::int64_t, std::int64_t> const &distances);
    /// Twice the longest interval that is no gap, nanoseconds.
    std::int64_t gapMax2_ns() const;

private:
    static constexpr std::int64_t shortest_ns = 400'000'000;
    void addDistance(std::int64_t distance_ns);

    std::optional<std::int64_t> _last;
    std::uint64_t _short = 0;
    std::int64_t _longestShort = 0;
    common::ScratchList<std::int64_t> _long;
    mutable std::optional<std::int64_t> _gapMax2; ///< once it was asked for
};

/// The windows of a run, on disk when they are many.
class WindowList {
public:
    WindowList() = default;
    explicit WindowList(std::vector<Window> const &windows) { _windows.append(windows); }

    void add(Window const &window) { _windows.push(window); }
    std::size_t size() const { return _windows.size(); }
    bool empty() const { return size() == 0; }
    Window operator[](std::size_t number) const { return _windows.at(number); }

    struct Ranked {
        Window window;
        std::uint32_t number = 0;
    };
    using Order = common::ScratchList<Ranked>;
    /// All of them in the order of an instant; none is added any more.
    Order const &orderOf(At at) const;

private:
    common::ScratchList<Window> _windows;
    mutable std::optional<Order> _orders[3];
};

/// A column and where its results go.
struct Asked {
    Column const *column = nullptr;
    std::size_t cell = 0; ///< column of Results
};

/// The times of rows, for all series that have a sample in each of the rows.
class SharedTimes {
public:
    explicit SharedTimes(WindowList const &windows);
    SharedTimes(SharedTimes const &) = delete;
    SharedTimes &operator=(SharedTimes const &) = delete;
    ~SharedTimes();

    /// Windows with the same edges.
    class Group;
    Group &groupFor(Column const &column);
    /// Before the series get samples of these times.
    void feed(std::span<std::int64_t const> times, std::int64_t until_ns);
    /// After that.
    void pass(std::span<std::int64_t const> times, std::pair<std::int64_t, std::int64_t> const &distances) {
        _spacing.add(times, distances);
    }
    /// Of all times that have passed.
    Spacing const &spacing() const { return _spacing; }

private:
    WindowList const &_windows;
    Spacing _spacing;
    std::vector<std::unique_ptr<Group>> _groups;
};

/// One series: what its columns ask is answered while its samples pass.
class Series {
public:
    Series(WindowList const &windows, SharedTimes &times, Results &results);
    Series(Series const &) = delete;
    Series &operator=(Series const &) = delete;
    ~Series();

    void ask(Asked const &asked);
    void feed(Batch const &batch);
    /// The input is at its end.
    void finish();
    std::int64_t gapMax2_ns() const {
        return _spacing ? _spacing->gapMax2_ns() : _times.spacing().gapMax2_ns();
    }

private:
    class InWindows;
    class AtInstants;
    using Point = std::pair<std::int64_t, Value>;

    WindowList const &_windows;
    SharedTimes &_times;
    Results &_results;
    std::optional<Spacing> _spacing; ///< once its samples were at other times than those of others
    std::vector<std::unique_ptr<InWindows>> _inWindows;
    std::vector<std::unique_ptr<AtInstants>> _atInstants;
    std::optional<Point> _last;   ///< the latest sample
    std::optional<Point> _before; ///< the latest one of an earlier time than that
};

} // namespace dbb::telemetry
