#include "telemetry/series.h"

#include "common/record_sort.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace dbb::telemetry {

namespace {

/// The one of positive numbers that is in place k when they are in order. They are looked at digit by digit,
/// so that they need not be in memory.
std::int64_t nthOf(common::ScratchList<std::int64_t> const &numbers, std::uint64_t k) {
    constexpr int digitBits = 8;
    std::uint64_t front = 0; // the digits that are known
    std::vector<std::int64_t> some;
    for (int shift = 64 - digitBits; shift >= 0; shift -= digitBits) {
        std::array<std::uint64_t, 1 << digitBits> counts{};
        for (std::size_t i = 0; i < numbers.size(); i += some.size()) {
            some.resize(std::min<std::size_t>(2048, numbers.size() - i));
            numbers.read(i, some);
            for (auto const number : some) {
                auto const digits = static_cast<std::uint64_t>(number) >> shift;
                if (digits >> digitBits == front) ++counts[digits % counts.size()];
            }
        }
        std::uint64_t digit = 0;
        for (; k >= counts[digit]; ++digit) k -= counts[digit];
        front = front << digitBits | digit;
    }
    return static_cast<std::int64_t>(front);
}

} // namespace

void Batch::clear() {
    samples = {};
    shared = false;
    for (auto *times : {&nan_times, &null_times, &dup_times, &clash_times}) times->clear();
}

void Spacing::addDistance(std::int64_t distance_ns) {
    if (distance_ns == 0) return;
    if (distance_ns <= shortest_ns) {
        ++_short;
        _longestShort = std::max(_longestShort, distance_ns);
    } else {
        _long.push(distance_ns);
    }
}

void Spacing::add(std::span<std::int64_t const> times,
                  std::pair<std::int64_t, std::int64_t> const &distances) {
    if (times.empty()) return;
    _gapMax2.reset();
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
    if (_gapMax2) return *_gapMax2;
    auto const n = _short + _long.size();
    // Of those that are only counted none but the longest can be of interest.
    auto const at = [&](std::uint64_t k) { return k < _short ? _longestShort : nthOf(_long, k - _short); };
    auto const lower = n > 0 ? at((n - 1) / 2) : 0, upper = n % 2 == 1 ? lower : n > 0 ? at(n / 2) : 0;
    // Ten times a distance of decades is more than int64 holds.
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    _gapMax2 = upper > most / 10 ? most : std::max(2 * leastGapNs, 5 * (lower + upper));
    return *_gapMax2;
}

WindowList::Order const &WindowList::orderOf(At at) const {
    auto &order = _orders[static_cast<std::size_t>(at)];
    if (order) return *order;
    constexpr std::size_t sortMemory = std::size_t{4} << 20;
    common::RecordSort sort(sizeof(Ranked), sortMemory);
    for (std::uint32_t number = 0; number < size(); ++number) {
        Ranked const ranked{(*this)[number], number};
        sort.add(ranked.window.instant(at), &ranked);
    }
    order.emplace();
    sort.drain([&](std::int64_t, void const *record) {
        Ranked ranked;
        std::memcpy(static_cast<void *>(&ranked), record, sizeof ranked);
        order->push(ranked);
    });
    return *order;
}

/// Windows with the same edges that have begun and are not over, in the order in which they begin.
template<typename Content>
class OpenWindows {
public:
    struct Item {
        std::size_t rank; ///< in the order of begins
        std::uint32_t number;
        Window edges;
        Content content{};
    };

    /// \param like  what the edges are made from
    OpenWindows(WindowList const &windows, Column const &like)
        : _like(like), _order(windows.orderOf(At::Begin)) {}

    bool isFor(Column const &c) const {
        return c.pre_ns == _like.pre_ns && c.post_ns == _like.post_ns && c.closed == _like.closed
               && c.compat == _like.compat;
    }
    /// Each that begins until then and did not before. \param isOpen  says whether it stays so
    template<typename IsOpen>
    void open(std::int64_t until_ns, IsOpen const &isOpen) {
        for (; _next < _order.size(); ++_next) {
            auto const next = _order.at(_next);
            Item item{_next, next.number, edgesOf(_like, next.window)};
            if (item.edges.begin_ns > until_ns) return;
            if (isOpen(item)) _items.push_back(std::move(item));
        }
    }
    std::vector<Item> &items() { return _items; }

    /// Which of some sorted times are in a window: from the first to before the second.
    std::pair<std::size_t, std::size_t> part(std::span<std::int64_t const> times, Window const &w) const {
        auto const lo = std::lower_bound(times.begin(), times.end(), w.begin_ns);
        auto const hi = _like.closed ? std::upper_bound(lo, times.end(), w.end_ns)
                                     : std::lower_bound(lo, times.end(), w.end_ns);
        return {static_cast<std::size_t>(lo - times.begin()), static_cast<std::size_t>(hi - times.begin())};
    }

private:
    Column const &_like;
    WindowList::Order const &_order; ///< also that of the shifted begins
    std::size_t _next = 0;
    std::vector<Item> _items;
};

class SharedTimes::Group {
public:
    Group(WindowList const &windows, Column const &like) : _open(windows, like) {}
    bool isFor(Column const &column) const { return _open.isFor(column); }

    void feed(std::span<std::int64_t const> times, std::int64_t until_ns) {
        // What was over at the end of the times before has been asked for until now.
        std::erase_if(_open.items(), [&](auto const &item) { return item.edges.end_ns < _until_ns; });
        _until_ns = until_ns;
        _open.open(until_ns, [&](auto &item) {
            if (_open.items().size() >= most) return false;
            item.content = std::make_shared<WindowTimes>();
            return true;
        });
        for (auto &item : _open.items()) {
            auto const [lo, hi] = _open.part(times, item.edges);
            auto &all = item.content->all;
            all.insert(all.end(), times.begin() + static_cast<std::ptrdiff_t>(lo),
                       times.begin() + static_cast<std::ptrdiff_t>(hi));
        }
    }

    /// Of a window that begins within the times that were given last; nullptr when too many do.
    std::shared_ptr<WindowTimes> find(std::size_t rank) {
        auto const &items = _open.items();
        auto const at = std::lower_bound(items.begin(), items.end(), rank,
                                         [](auto const &item, std::size_t r) { return item.rank < r; });
        return at == items.end() || at->rank != rank ? nullptr : at->content;
    }

private:
    static constexpr std::size_t most = 1024;

    OpenWindows<std::shared_ptr<WindowTimes>> _open;
    std::int64_t _until_ns = std::numeric_limits<std::int64_t>::min();
};

SharedTimes::SharedTimes(WindowList const &windows) : _windows(windows) {}

SharedTimes::~SharedTimes() = default;

SharedTimes::Group &SharedTimes::groupFor(Column const &column) {
    auto const at =
        std::find_if(_groups.begin(), _groups.end(), [&](auto const &g) { return g->isFor(column); });
    if (at != _groups.end()) return **at;
    return *_groups.emplace_back(std::make_unique<Group>(_windows, column));
}

void SharedTimes::feed(std::span<std::int64_t const> times, std::int64_t until_ns) {
    for (auto &group : _groups) group->feed(times, until_ns);
}

/// The columns that look at the samples in windows with the same edges.
class Series::InWindows {
public:
    InWindows(Series &series, Column const &column)
        : _series(series), _times(series._times.groupFor(column)), _open(series._windows, column) {}

    bool isFor(Column const &c) const { return _open.isFor(c); }
    void ask(Asked const &asked) {
        _asked.push_back(asked);
        auto const &c = *asked.column;
        _needsNext = _needsNext || (c.func == Func::TimeWeightedMean && c.linear);
        _extremes = _extremes || needsExtremes(c.func);
    }

    void feed(Batch const &batch) {
        std::erase_if(_open.items(), [&](Item &item) { return advance(item, batch); });
        _open.open(batch.until_ns, [&](Item &item) {
            begin(item, batch);
            return !advance(item, batch);
        });
    }

    void finish() {
        for (auto &item : _open.items()) closeKept(item);
        _open.items().clear();
        _open.open(std::numeric_limits<std::int64_t>::max(), [&](Item &item) {
            item.content.facts.prior = _series._last;
            close(item, {}, nullptr);
            return false;
        });
    }

private:
    struct Content {
        WindowSamples facts;
        ValueList values;
        std::shared_ptr<WindowTimes> times; ///< of the values; nullptr: of none yet
        bool own_times = false;
    };
    using Item = OpenWindows<Content>::Item;

    void begin(Item &item, Batch const &batch) {
        auto const &times = batch.samples.times;
        auto const first = static_cast<std::size_t>(
            std::lower_bound(times.begin(), times.end(), item.edges.begin_ns) - times.begin());
        item.content.facts.prior =
            first > 0 ? std::pair(times[first - 1], batch.samples.at(first - 1)) : _series._last;
        item.content.times = _times.find(item.rank);
    }

    std::int64_t number(std::span<std::int64_t const> times, Window const &w) const {
        auto const [lo, hi] = _open.part(times, w);
        return static_cast<std::int64_t>(hi - lo);
    }

    /// \return whether the window is over
    bool advance(Item &item, Batch const &batch) {
        auto const &w = item.edges;
        auto &content = item.content;
        auto &facts = content.facts;
        auto const &samples = batch.samples;
        auto const [lo, hi] = _open.part(samples.times, w);
        facts.n_nan += number(batch.nan_times, w);
        facts.n_null += number(batch.null_times, w);
        facts.n_dup += number(batch.dup_times, w);
        facts.clash = facts.clash || number(batch.clash_times, w) > 0;
        bool const hasNext = hi < samples.size();
        if (hasNext) facts.next = {samples.times[hi], samples.at(hi)};
        bool const isOver = hasNext || (!_needsNext && batch.until_ns > w.end_ns);
        bool const own = content.own_times || !batch.shared || !content.times;
        if (isOver && content.values.empty()) {
            // What is here as a whole need not be kept.
            close(item, samples.part(lo, hi), own ? nullptr : content.times.get());
            return true;
        }
        if (own) separate(content);
        keep(content, samples.part(lo, hi));
        if (isOver) closeKept(item);
        return isOver;
    }

    /// From now on a window's samples are at other times than those of other series.
    static void separate(Content &content) {
        if (content.own_times) return;
        content.own_times = true;
        auto own = std::make_shared<WindowTimes>();
        auto const n = static_cast<std::ptrdiff_t>(content.values.size());
        if (n > 0) own->all.assign(content.times->all.begin(), content.times->all.begin() + n);
        content.times = std::move(own);
    }

    void keep(Content &content, SampleSpan const &samples) {
        if (content.values.empty() && !_spare.empty()) {
            content.values = std::move(_spare.back());
            _spare.pop_back();
        }
        if (samples.only_doubles) {
            content.values.append(samples.numbers);
        } else {
            content.values.append(samples.values);
        }
        auto &times = content.times->all;
        if (content.own_times) times.insert(times.end(), samples.times.begin(), samples.times.end());
    }

    void closeKept(Item &item) {
        auto &[facts, values, times, own] = item.content;
        SampleSpan samples;
        if (!values.empty()) samples = {times->all, values.numbers(), values.values(), values.onlyDoubles()};
        close(item, samples, times.get());
        values.clear();
        _spare.push_back(std::move(values));
    }

    /// \param times  of the samples; nullptr: nothing is known of them
    void close(Item &item, SampleSpan const &samples, WindowTimes *times) {
        auto const &w = item.edges;
        auto &facts = item.content.facts;
        WindowTimes own;
        facts.samples = samples;
        facts.times = times ? times : &own;
        WindowCells cells(w, facts, _extremes, _series._results);
        for (auto const &asked : _asked) {
            _series._results.put(item.number, asked.cell,
                                 w.end_ns - w.begin_ns <= 1 ? Cell::problem(Status::EmptyWindow)
                                                            : cells.cellOf(*asked.column));
        }
    }

    Series &_series;
    SharedTimes::Group &_times;
    OpenWindows<Content> _open;
    bool _needsNext = false, _extremes = false;
    std::vector<ValueList> _spare; ///< memory of windows that are over
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
        WindowList::Order const *order;
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
        return probe.order->at(probe.next).window.instant(probe.at);
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
        auto const number = probe.order->at(probe.next++).number;
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

Series::Series(WindowList const &windows, SharedTimes &times, Results &results)
    : _windows(windows), _times(times), _results(results) {}

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
    if (!batch.shared && !_spacing) _spacing = _times.spacing();
    if (_spacing) _spacing->add(samples.times, batch.distances);
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
