#include "telemetry/cell.h"

#include "common/error.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <memory>
#include <sys/mman.h>
#include <tuple>
#include <unistd.h>

namespace dbb::telemetry {

namespace {

constexpr std::size_t maxInMemory = std::size_t{16} << 20; // bytes
constexpr std::size_t mostWaiting = 4096;                  // cells
constexpr char const *resultsName = "the results so far";

/// Time-weighted mean and how it came about.
struct Weighted {
    Value value = Value::null();
    std::int64_t covered_ns = 0;
    std::int64_t n = 0;
};

using Point = std::pair<std::int64_t, Value>;

/// Samples that count for a time-weighted mean: the prevailing one as well.
std::vector<Point> weightedPoints(Column const &column, Window const &w, WindowSamples const &content) {
    std::vector<Point> out;
    auto const &samples = content.samples;
    if (content.prior && w.begin_ns - content.prior->first <= column.tolerance_ns
        && (samples.empty() || samples.times.front() != w.begin_ns)) {
        out.push_back(*content.prior);
    }
    for (std::size_t i = 0; i < samples.size(); ++i) out.emplace_back(samples.times[i], samples.at(i));
    return out;
}

Weighted hold(Column const &column, Window const &w, std::vector<Point> const &points) {
    long double total = 0;
    Weighted out;
    for (std::size_t k = 0; k < points.size(); ++k) {
        auto stop = k + 1 < points.size() ? points[k + 1].first : w.end_ns;
        if (column.hold_max_ns) stop = std::min(stop, points[k].first + *column.hold_max_ns);
        auto const span = std::min(stop, w.end_ns) - std::max(points[k].first, w.begin_ns);
        if (span <= 0) continue;
        total += static_cast<long double>(points[k].second.asDouble()) * static_cast<long double>(span);
        out.covered_ns += span;
    }
    if (out.covered_ns > 0)
        out.value = Value::of(static_cast<double>(total / static_cast<long double>(out.covered_ns)));
    return out;
}

Weighted linear(Column const &column, Window const &w, std::vector<Point> points,
                std::optional<Point> const &next) {
    if (next && next->first - w.end_ns <= column.tolerance_ns) points.push_back(*next);
    long double total = 0;
    Weighted out;
    for (std::size_t k = 0; k + 1 < points.size(); ++k) {
        auto const t0 = points[k].first, t1 = points[k + 1].first;
        auto const left = std::max(t0, w.begin_ns), right = std::min(t1, w.end_ns);
        if (right <= left || (column.hold_max_ns && t1 - t0 > *column.hold_max_ns)) continue;
        long double const v0 = points[k].second.asDouble(), v1 = points[k + 1].second.asDouble();
        auto const at = [&](std::int64_t t) {
            return v0 + (v1 - v0) * static_cast<long double>(t - t0) / static_cast<long double>(t1 - t0);
        };
        total += (at(left) + at(right)) / 2 * static_cast<long double>(right - left);
        out.covered_ns += right - left;
    }
    if (out.covered_ns > 0)
        out.value = Value::of(static_cast<double>(total / static_cast<long double>(out.covered_ns)));
    return out;
}

/// The part of an interval that lies in the window and is held for, in half nanoseconds.
std::int64_t held2(Interval const &i, Window const &w, std::int64_t hold2_ns) {
    auto const length2 = 2 * (i.to_ns - i.from_ns);
    auto const stop2 = length2 <= hold2_ns ? 2 * i.to_ns : 2 * i.from_ns + hold2_ns;
    return std::max<std::int64_t>(0, std::min(stop2, 2 * w.end_ns) - 2 * std::max(i.from_ns, w.begin_ns));
}

/// The system may then make much memory usable at once, not a page at a time; or else as ever.
void preferLargePages(void *begin, std::size_t size) {
    constexpr std::size_t large = std::size_t{2} << 20;
    if (void *aligned = begin; std::align(large, large, aligned, size))
        ::madvise(aligned, size / large * large, MADV_HUGEPAGE);
}

constexpr std::int64_t withoutEnd = std::numeric_limits<std::int64_t>::max() / 4;

double share(std::int64_t covered2, Window const &w) {
    return static_cast<double>(static_cast<long double>(covered2)
                               / (2 * static_cast<long double>(w.end_ns - w.begin_ns)));
}

} // namespace

std::string_view nameOf(Status status) {
    switch (status) {
    case Status::Ok: return "ok";
    case Status::NoSamples: return "no_samples";
    case Status::Stale: return "stale";
    case Status::LowCoverage: return "low_coverage";
    case Status::AllNan: return "all_nan";
    case Status::MixedIndex: return "mixed_index";
    case Status::TypeError: return "type_error";
    case Status::NoSuchField: return "no_such_field";
    case Status::NoSuchTopic: return "no_such_topic";
    case Status::EmptyWindow: return "empty_window";
    case Status::LeapAmbiguous: return "leap_ambiguous";
    case Status::SourceError: return "source_error";
    case Status::Timeout: break;
    }
    return "timeout";
}

Window edgesOf(Column const &column, Window const &window) {
    Window out{window.begin_ns + column.pre_ns, window.end_ns + column.post_ns};
    if (column.compat == Compat::Consdb) {
        constexpr std::int64_t microsecond = 1000;
        for (auto *edge : {&out.begin_ns, &out.end_ns})
            *edge -= ((*edge % microsecond) + microsecond) % microsecond;
    }
    return out;
}

std::pair<std::int64_t, std::int64_t> distancesOf(std::span<std::int64_t const> times) {
    if (times.size() < 2) return {0, 0};
    // Two of each, so that none waits for the one before.
    auto least = times[1] - times[0], greatest = least, otherLeast = least, otherGreatest = least;
    std::size_t i = 2;
    for (; i + 1 < times.size(); i += 2) {
        auto const a = times[i] - times[i - 1], b = times[i + 1] - times[i];
        least = std::min(least, a);
        greatest = std::max(greatest, a);
        otherLeast = std::min(otherLeast, b);
        otherGreatest = std::max(otherGreatest, b);
    }
    if (i < times.size()) {
        least = std::min(least, times[i] - times[i - 1]);
        greatest = std::max(greatest, times[i] - times[i - 1]);
    }
    return {std::min(least, otherLeast), std::max(greatest, otherGreatest)};
}

bool isEquallyGood(Cell const &a, Cell const &b) {
    auto const facts = [](Cell const &c) {
        return std::tie(c.n, c.status, c.first_ns, c.last_ns, c.has_gaps, c.max_gap_ns, c.n_gaps, c.coverage,
                        c.n_nan, c.n_null, c.n_dup, c.age_ns);
    };
    return facts(a) == facts(b);
}

/// Gaps and coverage, as far as they can be told. \param used  times of the samples that count
void WindowCells::measure(Cell &cell, Column const &column, std::span<std::int64_t const> used) {
    auto const &w = _window;
    auto const inside = _moments.samples().times;
    cell.has_gaps = true;
    cell.gaps_wait = !column.gap_max_ns;
    auto const front = inside.empty() ? w.end_ns - w.begin_ns : inside.front() - w.begin_ns;
    auto const longest =
        inside.empty() ? front : std::max({front, distancesOf(inside).second, w.end_ns - inside.back()});
    cell.max_gap_ns = std::max(cell.max_gap_ns, longest);
    if (column.gap_max_ns && longest > *column.gap_max_ns) {
        auto from = w.begin_ns;
        auto const step = [&](std::int64_t to) {
            if (to - from > *column.gap_max_ns) ++cell.n_gaps;
            from = to;
        };
        for (auto const t : inside) step(t);
        step(w.end_ns);
    }

    auto const hold = column.hold_max_ns      ? column.hold_max_ns
                      : isEvent(column.topic) ? withoutEnd
                                              : column.gap_max_ns;
    bool const linearMean = column.func == Func::TimeWeightedMean && column.linear;
    cell.coverage_waits = !hold && !linearMean;
    auto const hold2 = hold ? 2 * *hold : withoutEnd;
    bool const waits = cell.gaps_wait || cell.coverage_waits;
    bool const keeps = _results.keepsGaps() && column.gap_max_ns;
    std::vector<Interval> waiting;
    std::int64_t covered2 = 0;
    auto const interval = [&](Interval const &i) {
        bool const isLong = waits && i.to_ns - i.from_ns > leastGapNs;
        if (isLong || (keeps && i.to_ns - i.from_ns > *column.gap_max_ns)) waiting.push_back(i);
        if (i.covers && (!isLong || hold)) covered2 += held2(i, w, hold2);
    };
    if (inside.empty() || inside.front() > w.begin_ns)
        interval({w.begin_ns, inside.empty() ? w.end_ns : inside.front(), false, inside.empty()});
    // Without a gap all is covered from the first sample on.
    bool const whole = used.data() == inside.data() && !used.empty() && longest <= leastGapNs
                       && 2 * longest <= hold2 && !(keeps && longest > *column.gap_max_ns);
    if (whole) covered2 = std::max<std::int64_t>(0, 2 * (w.end_ns - inside.front()));
    for (std::size_t k = 0; !whole && k < used.size(); ++k) {
        bool const isLast = k + 1 == used.size();
        interval({used[k], isLast ? w.end_ns : used[k + 1], true, isLast});
    }
    if (!linearMean) cell.covered_ns = covered2;
    cell.coverage = share(cell.covered_ns, w);
    cell.waiting = static_cast<std::uint32_t>(waiting.size());
    if (!waiting.empty()) cell.waiting_at = _results.addIntervals(waiting);
}

Cell WindowCells::cellOf(Column const &column) {
    if (_content.clash) return Cell::problem(Status::SourceError);
    auto const &samples = _moments.samples();
    auto const fits = [&](Value const &v) { return takes(column, v.kind); };
    Cell cell;
    if (column.func == Func::TimeWeightedMean) {
        auto const points = weightedPoints(column, _window, _content);
        bool const nextCounts = column.linear && !points.empty() && _content.next
                                && _content.next->first - _window.end_ns <= column.tolerance_ns;
        if (!std::all_of(points.begin(), points.end(), [&](Point const &p) { return fits(p.second); })
            || (nextCounts && !fits(_content.next->second)))
            return Cell::problem(Status::TypeError);
        std::vector<std::int64_t> used;
        for (auto const &[t, v] : points) used.push_back(t);
        if (!points.empty()) {
            auto const mean = column.linear ? linear(column, _window, points, _content.next)
                                            : hold(column, _window, points);
            cell.value = mean.value;
            cell.covered_ns = 2 * mean.covered_ns;
            // A sample that no time is left for.
            auto const inside = [&](std::int64_t t) { return _window.begin_ns <= t && t < _window.end_ns; };
            if (mean.covered_ns == 0 && std::count_if(used.begin(), used.end(), inside) == 1) {
                for (auto const &[t, v] : points)
                    if (inside(t)) cell.value = Value::of(v.asDouble());
            }
            cell.first_ns = used.front();
            cell.last_ns = used.back();
        }
        cell.n = static_cast<std::int64_t>(used.size());
        measure(cell, column, used);
    } else {
        auto &[all, measured, gaps] = *_content.times;
        if (!measured || measured->gap_max_ns != column.gap_max_ns
            || measured->hold_max_ns != column.hold_max_ns) {
            measured = &column;
            gaps = {};
            measure(gaps, column, samples.times);
        }
        cell = gaps;
        cell.n = static_cast<std::int64_t>(samples.size());
        if (!samples.empty()) {
            cell.first_ns = samples.times.front();
            cell.last_ns = samples.times.back();
        }
    }
    cell.n_nan = _content.n_nan;
    cell.n_null = _content.n_null;
    cell.n_dup = _content.n_dup;
    if (cell.n == 0) {
        cell.status = cell.n_nan > 0 ? Status::AllNan : Status::NoSamples;
        if (column.func == Func::Count) cell.value = Value::ofInteger(0);
        return cell;
    }
    if (column.func != Func::TimeWeightedMean) {
        bool const good = samples.only_doubles
                              ? takes(column, Kind::Double)
                              : std::all_of(samples.values.begin(), samples.values.end(), fits);
        if (!good) return Cell::problem(Status::TypeError);
        cell.value = evaluate(column, _moments);
    }
    return cell;
}

void settle(Cell &cell, Column const &column, Window const &w, std::span<Interval const> waiting,
            std::int64_t gapMax2_ns) {
    if (!cell.has_gaps) return;
    for (auto const &i : waiting) {
        // Edges of the window end gaps, too.
        auto const from = std::max(i.from_ns, w.begin_ns);
        bool const both = i.covers && i.from_ns < w.begin_ns;
        if (cell.gaps_wait && !both && 2 * (i.to_ns - from) > gapMax2_ns) ++cell.n_gaps;
        if (cell.coverage_waits && i.covers) cell.covered_ns += held2(i, w, gapMax2_ns);
    }
    cell.coverage = share(cell.covered_ns, w);
    if (cell.status == Status::Ok && cell.n > 0 && cell.coverage < column.min_coverage)
        cell.status = Status::LowCoverage;
}

std::vector<Gap> gapsOf(Column const &column, Window const &w, std::span<Interval const> intervals,
                        std::int64_t gapMax2_ns) {
    auto const most2 = column.gap_max_ns ? 2 * *column.gap_max_ns : gapMax2_ns;
    std::vector<Gap> out;
    for (auto const &i : intervals) {
        // What begins before the window is there from the window's begin on as well.
        if (i.from_ns < w.begin_ns || 2 * (i.to_ns - i.from_ns) <= most2) continue;
        out.push_back({i.from_ns, i.to_ns, !i.covers, i.to_edge});
    }
    return out;
}

Results::Results(std::size_t windows, std::size_t columns, bool keepGaps)
    : _columns(columns), _keepGaps(keepGaps), _end(windows * columns) {
    if (_end * sizeof(Cell) <= maxInMemory) {
        _cells.reserve(_end);
        preferLargePages(_cells.data(), _end * sizeof(Cell));
        return;
    }
    _fd = common::temporaryFile();
    if (::ftruncate(_fd.get(), static_cast<off_t>(_end * sizeof(Cell))) != 0)
        throw common::systemError("make room in", resultsName, errno);
}

void Results::put(std::size_t window, std::size_t column, Cell const &cell) {
    auto const at = window * _columns + column;
    if (!_fd) {
        // Memory that nobody has used yet takes its time, in which others can read on.
        if (at >= _cells.size()) _cells.resize((window + 1) * _columns);
        _cells[at] = cell;
        return;
    }
    _cells.clear();
    _waiting.push_back({at, cell});
    if (_waiting.size() == mostWaiting) writeWaiting();
}

/// Those that are neighbours at once.
void Results::writeWaiting() {
    std::sort(_waiting.begin(), _waiting.end(), [](Placed const &a, Placed const &b) { return a.at < b.at; });
    std::vector<Cell> some;
    for (std::size_t i = 0; i < _waiting.size(); ++i) {
        some.push_back(_waiting[i].cell);
        bool const goesOn = i + 1 < _waiting.size() && _waiting[i + 1].at == _waiting[i].at + 1;
        if (goesOn) continue;
        writeAt(_waiting[i].at + 1 - some.size(), some);
        some.clear();
    }
    _waiting.clear();
}

void Results::writeAt(std::size_t at, std::span<Cell const> cells) {
    auto const written =
        ::pwrite(_fd.get(), cells.data(), cells.size_bytes(), static_cast<off_t>(at * sizeof(Cell)));
    if (written != static_cast<ssize_t>(cells.size_bytes()))
        throw common::systemError("write", resultsName, written < 0 ? errno : ENOSPC);
}

std::span<Cell const> Results::row(std::size_t window) {
    auto const first = window * _columns;
    if (!_fd) _cells.resize(_end);
    if (_fd && (first < _firstCell || first + _columns > _firstCell + _cells.size())) {
        writeWaiting();
        // Whole rows, also of the windows behind it.
        auto const rows = std::max<std::size_t>(1, mostWaiting / std::max<std::size_t>(1, _columns));
        _firstCell = first;
        _cells.resize(std::min(rows * _columns, _end - first));
        common::readAt(_fd.get(), resultsName, _cells.data(), _cells.size() * sizeof(Cell),
                       static_cast<std::int64_t>(first * sizeof(Cell)));
    }
    return std::span(_cells).subspan(first - _firstCell, _columns);
}

std::uint64_t Results::addIntervals(std::span<Interval const> intervals) {
    auto const out = _intervals.size();
    _intervals.append(intervals);
    return out;
}

std::span<Interval const> Results::intervals(Cell const &cell) {
    _read.resize(cell.waiting);
    _intervals.read(cell.waiting_at, _read);
    return _read;
}

} // namespace dbb::telemetry
