#include "telemetry/series.h"

#include <algorithm>
#include <numeric>

namespace dbb::telemetry {

void Batch::clear() {
    samples = {};
    for (auto *times : {&nan_times, &null_times, &dup_times, &clash_times}) times->clear();
}

void Spacing::addDistance(std::int64_t distance_ns) {
    if (distance_ns == 0) return;
    if (distance_ns <= shortest_ns) {
        ++_short;
        _longestShort = std::max(_longestShort, distance_ns);
    } else {
        _long.push_back(distance_ns);
    }
}

void Spacing::add(std::span<std::int64_t const> times,
                  std::pair<std::int64_t, std::int64_t> const &distances) {
    if (times.empty()) return;
    if (_last) addDistance(times.front() - *_last);
    _last = times.back();
    auto const [least, greatest] = distances;
    if (times.size() > 1 && least > 0 && greatest <= shortest_ns) {
        _short += times.size() - 1;
        _longestShort = std::max(_longestShort, greatest);
        return;
    }
    for (std::size_t i = 1; i < times.size(); ++i) addDistance(times[i] - times[i - 1]);
}

std::int64_t Spacing::gapMax2_ns() const {
    auto const n = _short + _long.size();
    if (n == 0) return 2 * leastGapNs;
    auto sorted = _long;
    // Of those that are only counted none but the longest can be of interest.
    auto const at = [&](std::uint64_t k) {
        if (k < _short) return _longestShort;
        auto const nth = sorted.begin() + static_cast<std::ptrdiff_t>(k - _short);
        std::nth_element(sorted.begin(), nth, sorted.end());
        return *nth;
    };
    return std::max(2 * leastGapNs, 5 * (at((n - 1) / 2) + at(n / 2)));
}

std::vector<std::uint32_t> const &WindowList::orderOf(At at) {
    auto &order = _orders[static_cast<std::size_t>(at)];
    if (order.size() == _windows.size()) return order;
    order.resize(_windows.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return _windows[a].instant(at) < _windows[b].instant(at); });
    return order;
}

/// The columns that look at the samples in windows with the same edges.
class Series::InWindows {
public:
    InWindows(Series &series, Column const &column)
        : _series(series), _like(column), _closed(column.closed), _order(series._windows.orderOf(At::Begin)) {
    }

    bool isFor(Column const &c) const {
        return c.pre_ns == _like.pre_ns && c.post_ns == _like.post_ns && c.closed == _closed
               && c.compat == _like.compat;
    }
    void ask(Asked const &asked) {
        _asked.push_back(asked);
        auto const &c = *asked.column;
        _needsNext = _needsNext || (c.func == Func::TimeWeightedMean && c.linear);
    }

    void feed(Batch const &batch) {
        open(batch);
        std::erase_if(_active, [&](Active &active) { return advance(active, batch); });
    }

    void finish() {
        for (auto &active : _active) close(active);
        _active.clear();
        for (; _next < _order.size(); ++_next) {
            Active active{_order[_next], edges(_order[_next]), {}};
            active.content.prior = _series._last;
            close(active);
        }
    }

private:
    struct Active {
        std::uint32_t number;
        Window edges;
        WindowSamples content;
    };

    Window edges(std::uint32_t number) const { return edgesOf(_like, _series._windows.all()[number]); }

    /// Windows that begin before the end of the batch.
    void open(Batch const &batch) {
        auto const &times = batch.samples.times;
        for (; _next < _order.size(); ++_next) {
            auto const w = edges(_order[_next]);
            if (w.begin_ns > batch.until_ns) break;
            Active active{_order[_next], w, {}};
            auto const first = std::lower_bound(times.begin(), times.end(), w.begin_ns) - times.begin();
            active.content.prior = first > 0
                                       ? std::pair(times[static_cast<std::size_t>(first - 1)],
                                                   batch.samples.at(static_cast<std::size_t>(first - 1)))
                                       : _series._last;
            _active.push_back(std::move(active));
        }
    }

    std::pair<std::size_t, std::size_t> part(std::span<std::int64_t const> times, Window const &w) const {
        auto const lo = std::lower_bound(times.begin(), times.end(), w.begin_ns);
        auto const hi = _closed ? std::upper_bound(lo, times.end(), w.end_ns)
                                : std::lower_bound(lo, times.end(), w.end_ns);
        return {static_cast<std::size_t>(lo - times.begin()), static_cast<std::size_t>(hi - times.begin())};
    }
    std::int64_t number(std::span<std::int64_t const> times, Window const &w) const {
        auto const [lo, hi] = part(times, w);
        return static_cast<std::int64_t>(hi - lo);
    }

    /// \return whether the window is over
    bool advance(Active &active, Batch const &batch) {
        auto const &w = active.edges;
        auto &content = active.content;
        auto const &samples = batch.samples;
        auto const [lo, hi] = part(samples.times, w);
        content.samples.append(samples.part(lo, hi));
        content.n_nan += number(batch.nan_times, w);
        content.n_null += number(batch.null_times, w);
        content.n_dup += number(batch.dup_times, w);
        content.clash = content.clash || number(batch.clash_times, w) > 0;
        bool const hasNext = hi < samples.size();
        if (!hasNext && (_needsNext || batch.until_ns <= w.end_ns)) return false;
        if (hasNext) content.next = {samples.times[hi], samples.at(hi)};
        close(active);
        return true;
    }

    void close(Active &active) {
        auto const &w = active.edges;
        WindowCells cells(w, active.content, _series._results);
        for (auto const &asked : _asked) {
            _series._results.put(active.number, asked.cell,
                                 w.end_ns - w.begin_ns <= 1 ? Cell::problem(Status::EmptyWindow)
                                                            : cells.cellOf(*asked.column));
        }
    }

    Series &_series;
    Column const &_like; ///< what its edges are made from
    bool _closed;
    bool _needsNext = false;
    std::vector<std::uint32_t> const &_order; ///< also that of the shifted begins
    std::size_t _next = 0;
    std::vector<Active> _active;
    std::vector<Asked> _asked;
};

/// One column that looks at one or two instants of each window.
class Series::AtInstants {
public:
    AtInstants(Series &series, Asked const &asked) : _series(series), _asked(asked) {
        if (asked.column->func == Func::Delta) {
            _probes.push_back({At::Begin, &series._windows.orderOf(At::Begin), 0});
            _probes.push_back({At::End, &series._windows.orderOf(At::End), 0});
        } else {
            _probes.push_back({asked.column->at, &series._windows.orderOf(asked.column->at), 0});
        }
    }

    void feed(Batch const &batch) {
        _clashes.insert(_clashes.end(), batch.clash_times.begin(), batch.clash_times.end());
        auto const &samples = batch.samples;
        if (samples.empty()) return;
        for (auto &probe : _probes) {
            while (auto const at = pending(probe)) {
                if (*at >= samples.times.back()) break;
                // The first sample behind the instant; of equal times the latest.
                auto const &times = samples.times;
                auto const behind = std::upper_bound(times.begin(), times.end(), *at);
                auto const group = std::upper_bound(behind, times.end(), *behind);
                answer(probe, *at, lookBefore(samples, static_cast<std::size_t>(behind - times.begin())),
                       point(samples, static_cast<std::size_t>(group - times.begin()) - 1));
            }
        }
    }

    void finish() {
        for (auto &probe : _probes) {
            while (auto const at = pending(probe)) answer(probe, *at, {_series._last, _series._before}, {});
        }
    }

private:
    struct Probe {
        At at;
        std::vector<std::uint32_t> const *order;
        std::size_t next;
    };
    /// The latest sample up to an instant, and the latest one of an earlier time than that one.
    struct Before {
        std::optional<Point> last, before;
    };
    struct Found {
        std::optional<Point> used;
        std::optional<Point> second; ///< of interp
    };

    std::optional<std::int64_t> pending(Probe const &probe) const {
        if (probe.next >= probe.order->size()) return std::nullopt;
        return _series._windows.all()[(*probe.order)[probe.next]].instant(probe.at);
    }

    static Point point(SampleSpan const &samples, std::size_t i) { return {samples.times[i], samples.at(i)}; }

    Before lookBefore(SampleSpan const &samples, std::size_t behind) const {
        if (behind == 0) return {_series._last, _series._before};
        Before out;
        out.last = point(samples, behind - 1);
        auto const &times = samples.times;
        auto const group = std::lower_bound(times.begin(), times.end(), out.last->first) - times.begin();
        if (group > 0) {
            out.before = point(samples, static_cast<std::size_t>(group) - 1);
        } else {
            out.before = _series._last;
        }
        return out;
    }

    bool clashes(std::optional<Point> const &p) const {
        return p && std::binary_search(_clashes.begin(), _clashes.end(), p->first);
    }

    void answer(Probe &probe, std::int64_t at, Before const &before, std::optional<Point> const &after) {
        auto const number = (*probe.order)[probe.next++];
        auto const found =
            _asked.column->func == Func::Interp ? bracket(at, before, after) : nearestOf(at, before, after);
        if (_asked.column->func != Func::Delta) {
            _series._results.put(number, _asked.cell, cell(at, found));
            return;
        }
        auto const [other, isFirst] = _halves.try_emplace(number, found.used);
        if (isFirst) return;
        bool const isBegin = probe.at == At::Begin;
        _series._results.put(
            number, _asked.cell,
            difference(isBegin ? found.used : other->second, isBegin ? other->second : found.used));
        _halves.erase(other);
    }

    Found nearestOf(std::int64_t at, Before const &before, std::optional<Point> const &after) const {
        auto const &column = *_asked.column;
        bool const exact = before.last && before.last->first == at;
        auto back = exact && column.strict ? before.before : before.last;
        auto fore = exact && !column.strict ? before.last : after;
        if (back && at - back->first > column.tolerance_ns) back.reset();
        if (fore && fore->first - at > column.tolerance_ns) fore.reset();
        switch (column.direction) {
        case Column::Direction::Backward: return {back, {}};
        case Column::Direction::Forward: return {fore, {}};
        default: return {!fore || (back && at - back->first <= fore->first - at) ? back : fore, {}};
        }
    }

    Found bracket(std::int64_t at, Before const &before, std::optional<Point> const &after) const {
        if (!before.last) return {};
        if (before.last->first == at) return {before.last, {}};
        if (!after || after->first - before.last->first > _asked.column->max_gap_ns) return {};
        return {before.last, after};
    }

    static void note(Cell &cell, std::optional<Point> const &p) {
        if (!p) return;
        ++cell.n;
        cell.first_ns = cell.first_ns == Cell::none ? p->first : std::min(cell.first_ns, p->first);
        cell.last_ns = std::max(cell.last_ns, p->first);
    }

    Cell cell(std::int64_t at, Found const &found) const {
        auto const func = _asked.column->func;
        auto const &column = *_asked.column;
        auto const fits = [&](std::optional<Point> const &p) { return !p || takes(column, p->second.kind); };
        if (func == Func::Interp && !(fits(found.used) && fits(found.second)))
            return Cell::problem(Status::TypeError);
        if (clashes(found.used) || clashes(found.second)) return Cell::problem(Status::SourceError);
        Cell out;
        note(out, found.used);
        note(out, found.second);
        if (func == Func::Asof && found.used) out.age_ns = at - found.used->first;
        if (!found.used) {
            out.status = Status::Stale;
            return out;
        }
        auto const &value = found.used->second;
        if (func == Func::Asof) {
            out.value = value;
            if (!value.isValid()) out.status = Status::AllNan;
            return out;
        }
        out.value = value;
        if (found.second) {
            auto const &[t1, v1] = *found.second;
            auto const a = value.asLongDouble(), b = v1.asLongDouble();
            out.value =
                Value::of(static_cast<double>(a
                                              + (b - a) * static_cast<long double>(at - found.used->first)
                                                    / static_cast<long double>(t1 - found.used->first)));
        }
        return out;
    }

    Cell difference(std::optional<Point> const &begin, std::optional<Point> const &end) const {
        Cell out;
        auto const valid = [](std::optional<Point> const &p) {
            return p && p->second.isValid() ? p : std::optional<Point>();
        };
        note(out, valid(begin));
        note(out, valid(end));
        bool const both = out.n == 2;
        if (both && !(takes(*_asked.column, begin->second.kind) && takes(*_asked.column, end->second.kind)))
            return Cell::problem(Status::TypeError);
        if (clashes(begin) || clashes(end)) return Cell::problem(Status::SourceError);
        if (!both) {
            out.status = Status::Stale;
            return out;
        }
        out.value = differenceOf(end->second, begin->second);
        return out;
    }

    Series &_series;
    Asked _asked;
    std::vector<Probe> _probes;
    std::unordered_map<std::uint32_t, std::optional<Point>> _halves; ///< of delta: what one instant has found
    std::vector<std::int64_t> _clashes; ///< times at which there must have been one sample only
};

Series::Series(WindowList &windows, Results &results) : _windows(windows), _results(results) {}

Series::~Series() = default;

void Series::ask(Asked const &asked) {
    if (asked.column->atInstants()) {
        _atInstants.push_back(std::make_unique<AtInstants>(*this, asked));
        return;
    }
    auto at = std::find_if(_inWindows.begin(), _inWindows.end(),
                           [&](auto const &w) { return w->isFor(*asked.column); });
    if (at == _inWindows.end()) {
        _inWindows.push_back(std::make_unique<InWindows>(*this, *asked.column));
        at = _inWindows.end() - 1;
    }
    (*at)->ask(asked);
}

void Series::feed(Batch const &batch) {
    auto const &samples = batch.samples;
    _spacing.add(samples.times, batch.distances);
    for (auto &windows : _inWindows) windows->feed(batch);
    for (auto &instants : _atInstants) instants->feed(batch);
    if (samples.empty()) return;
    auto const &times = samples.times;
    auto const group = std::lower_bound(times.begin(), times.end(), times.back()) - times.begin();
    _before = group > 0 ? std::optional<Point>({times[static_cast<std::size_t>(group) - 1],
                                                samples.at(static_cast<std::size_t>(group) - 1)})
                        : _last;
    _last = {times.back(), samples.at(samples.size() - 1)};
}

void Series::finish() {
    for (auto &windows : _inWindows) windows->finish();
    for (auto &instants : _atInstants) instants->finish();
}

} // namespace dbb::telemetry
