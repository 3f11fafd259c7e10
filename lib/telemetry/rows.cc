#include "telemetry/rows.h"

#include <algorithm>
#include <numeric>

namespace dbb::telemetry {

namespace {

template<typename Item>
auto at(std::vector<Item> const &items, std::size_t i) {
    return items.begin() + static_cast<std::ptrdiff_t>(i);
}

} // namespace

bool RowQueue::add(std::int64_t t_ns, RowKey key) {
    if (_started && t_ns <= _handedOn_ns) return false;
    auto const n = _times.size();
    if (n == _begin || t_ns >= _youngest_ns) {
        if (_sorted == n) ++_sorted;
        _youngest_ns = t_ns;
    }
    _times.push_back(t_ns);
    _keys.push_back(key);
    return true;
}

std::size_t RowQueue::fitting(std::span<std::int64_t const> times) const {
    auto const held = _times.size() - _begin;
    bool const inOrder = _sorted == _times.size() && (held == 0 || times.front() >= _youngest_ns)
                         && (!_started || times.front() > _handedOn_ns);
    if (!inOrder) return 0;
    auto const sorted = times.first(
        static_cast<std::size_t>(std::is_sorted_until(times.begin(), times.end()) - times.begin()));
    if (held + 1 < _lookAt) return std::min(sorted.size(), _lookAt - 1 - held);
    // As canRelease() will find.
    auto const old = _times[_begin + batchRows / 2];
    auto const full = std::find_if(sorted.begin(), sorted.end(),
                                   [&](std::int64_t t_ns) { return t_ns - _sortedBy_ns > old; });
    return full == sorted.end() ? sorted.size() : static_cast<std::size_t>(full - sorted.begin()) + 1;
}

void RowQueue::append(std::span<std::int64_t const> times, std::span<RowKey const> keys) {
    _times.insert(_times.end(), times.begin(), times.end());
    _keys.insert(_keys.end(), keys.begin(), keys.end());
    _sorted = _times.size();
    _youngest_ns = times.back();
}

void RowQueue::append(std::size_t field, RowBlock const &block, std::size_t place, std::size_t first) {
    auto &list = _fields[field];
    auto const n = _times.size() - list.size();
    switch (block.content(place)) {
    case RowBlock::Content::Nothing: return list.resize(_times.size());
    case RowBlock::Content::Doubles: return list.append(block.numbers(place).subspan(first, n));
    case RowBlock::Content::Several: break;
    }
    for (auto row = first; row < first + n; ++row) list.push(block.value(row, place));
}

bool RowQueue::canRelease() {
    if (_youngest_ns - _sortedBy_ns <= _times[_begin]) return false;
    if (_sorted < _times.size()) {
        sort();
        // Not for every row anew.
        _lookAt = _times.size() - _begin + batchRows;
    }
    return _youngest_ns - _sortedBy_ns > _times[_begin + batchRows / 2];
}

/// Rows that came out of order, and those that they belong between.
void RowQueue::sort() {
    if (_sorted == _times.size()) return;
    auto const oldest = *std::min_element(at(_times, _sorted), _times.cend());
    auto const first = static_cast<std::size_t>(
        std::upper_bound(at(_times, _begin), at(_times, _sorted), oldest) - _times.cbegin());
    std::vector<std::size_t> order(_times.size() - first);
    std::iota(order.begin(), order.end(), first);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return _times[a] < _times[b]; });
    reorderFrom(first, order);
    _sorted = _times.size();
}

void RowQueue::reorderFrom(std::size_t first, std::vector<std::size_t> const &order) {
    reorder(_times, first, order);
    reorder(_keys, first, order);
    for (auto &field : _fields) field.reorder(first, order);
}

void RowQueue::sortTies(std::size_t field) {
    auto const numbers = _fields[field].numbers();
    for (auto i = _begin, stop = i; i < _end; i = stop) {
        for (stop = i + 1; stop < _end && _times[stop] == _times[i];) ++stop;
        if (stop == i + 1) continue;
        std::vector<std::size_t> order(stop - i);
        std::iota(order.begin(), order.end(), i);
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return numbers[a] < numbers[b]; });
        reorderFrom(i, order);
    }
}

void RowQueue::release(bool all) {
    sort();
    _lookAt = batchRows;
    _end = all ? _times.size()
               : static_cast<std::size_t>(
                   std::lower_bound(at(_times, _begin), _times.cend(), _youngest_ns - _sortedBy_ns)
                   - _times.cbegin());
    if (_end == _begin) return;
    _started = true;
    _handedOn_ns = _times[_end - 1];
}

void RowQueue::drop() {
    _begin = _end;
    // What is in front is removed when it is the greater part.
    if (_begin >= 2 * batchRows && 2 * _begin >= _times.size()) removeFront();
}

void RowQueue::removeFront() {
    _times.erase(_times.begin(), at(_times, _begin));
    _keys.erase(_keys.begin(), at(_keys, _begin));
    for (auto &field : _fields) field.removeFront(_begin);
    _sorted = _times.size();
    _begin = _end = 0;
}

} // namespace dbb::telemetry
