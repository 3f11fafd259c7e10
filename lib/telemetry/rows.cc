#include "telemetry/rows.h"

#include <algorithm>
#include <numeric>

namespace dbb::telemetry {

namespace {

template<typename Item>
auto at(std::vector<Item> &items, std::size_t i) {
    return items.begin() + static_cast<std::ptrdiff_t>(i);
}

/// Put items from `first` on into an order.
template<typename Item>
void reorder(std::vector<Item> &items, std::size_t first, std::vector<std::size_t> const &order) {
    std::vector<Item> moved;
    moved.reserve(order.size());
    for (auto const i : order) moved.push_back(items[i]);
    std::copy(moved.begin(), moved.end(), at(items, first));
}

} // namespace

void RowQueue::grow() {
    auto const room = std::max(2 * batchRows, 2 * _size);
    _times.resize(room);
    _keys.resize(room);
    for (auto &field : _fields) {
        if (field.only_doubles) {
            field.numbers.resize(room);
        } else {
            field.values.resize(room);
        }
    }
}

bool RowQueue::add(std::int64_t t_ns, RowKey key) {
    if (_started && t_ns <= _handedOn_ns) return false;
    if (_size == _times.size()) grow();
    if (_size == _begin || t_ns >= _youngest_ns) {
        if (_sorted == _size) ++_sorted;
        _youngest_ns = t_ns;
    }
    _times[_size] = t_ns;
    _keys[_size] = key;
    ++_size;
    return true;
}

void RowQueue::setOther(Field &field, Value const &value) {
    if (field.only_doubles) {
        field.only_doubles = false;
        field.values.resize(_times.size());
        std::transform(at(field.numbers, _begin), at(field.numbers, _size - 1), at(field.values, _begin),
                       [](double v) { return Value::of(v); });
        field.numbers = {};
    }
    field.values[_size - 1] = value;
}

bool RowQueue::canRelease() {
    if (_youngest_ns - _sortedBy_ns <= _times[_begin]) return false;
    if (_sorted < _size) {
        sort();
        // Not for every row anew.
        _lookAt = _size - _begin + batchRows;
    }
    return _youngest_ns - _sortedBy_ns > _times[_begin + batchRows / 2];
}

/// Rows that came out of order, and those that they belong between.
void RowQueue::sort() {
    if (_sorted == _size) return;
    auto const oldest = *std::min_element(at(_times, _sorted), at(_times, _size));
    auto const first = static_cast<std::size_t>(
        std::upper_bound(at(_times, _begin), at(_times, _sorted), oldest) - _times.begin());
    std::vector<std::size_t> order(_size - first);
    std::iota(order.begin(), order.end(), first);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return _times[a] < _times[b]; });
    reorderFrom(first, order);
    _sorted = _size;
}

void RowQueue::reorderFrom(std::size_t first, std::vector<std::size_t> const &order) {
    reorder(_times, first, order);
    reorder(_keys, first, order);
    for (auto &field : _fields) {
        if (field.only_doubles) {
            reorder(field.numbers, first, order);
        } else {
            reorder(field.values, first, order);
        }
    }
}

void RowQueue::sortTies(std::size_t field) {
    auto const &numbers = _fields[field].numbers;
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
    _end = all ? _size
               : static_cast<std::size_t>(
                   std::lower_bound(at(_times, _begin), at(_times, _size), _youngest_ns - _sortedBy_ns)
                   - _times.begin());
    if (_end == _begin) return;
    _started = true;
    _handedOn_ns = _times[_end - 1];
}

void RowQueue::drop() {
    _begin = _end;
    // What is in front is removed when it is the greater part.
    if (_begin >= 2 * batchRows && 2 * _begin >= _size) removeFront();
}

void RowQueue::removeFront() {
    auto const move = [&](auto &items) { std::copy(at(items, _begin), at(items, _size), items.begin()); };
    move(_times);
    move(_keys);
    for (auto &field : _fields) {
        if (field.only_doubles) {
            move(field.numbers);
            continue;
        }
        move(field.values);
        auto const isDouble = [](Value const &v) { return v.kind == Kind::Double; };
        if (!std::all_of(field.values.begin(), at(field.values, _size - _begin), isDouble)) continue;
        field.only_doubles = true;
        field.numbers.resize(_times.size());
        std::transform(field.values.begin(), at(field.values, _size - _begin), field.numbers.begin(),
                       [](Value const &v) { return v.number; });
        field.values = {};
    }
    _size -= _begin;
    _sorted = _size;
    _begin = _end = 0;
}

} // namespace dbb::telemetry
