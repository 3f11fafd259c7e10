/// \file
/// Values one behind the other.
#pragma once

#include "telemetry/value.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace dbb::telemetry {

/// Most values are doubles, which lie as such as long as there is no other kind among them; then all lie with
/// their kinds.
class ValueList {
public:
    std::size_t size() const { return _onlyDoubles ? _numbers.size() : _values.size(); }
    bool empty() const { return size() == 0; }
    bool onlyDoubles() const { return _onlyDoubles; }
    /// When there are only doubles.
    std::span<double const> numbers() const { return _numbers; }
    /// When there are others.
    std::span<Value const> values() const { return _values; }
    Value at(std::size_t i) const { return _onlyDoubles ? Value::of(_numbers[i]) : _values[i]; }

    void push(Value const &value) {
        if (_onlyDoubles && value.kind == Kind::Double) {
            _numbers.push_back(value.number);
        } else {
            pushOther(value);
        }
    }
    void append(std::span<double const> numbers);
    void append(std::span<Value const> values);
    /// Make it longer by values that are not there, or shorter.
    void resize(std::size_t n);
    void clear();
    /// Remove values in front; when only doubles are left they lie as such again.
    void removeFront(std::size_t n);
    /// Put those from `first` on into an order: each is the place of the value that comes next.
    void reorder(std::size_t first, std::vector<std::size_t> const &order);

private:
    void pushOther(Value const &value);
    void widen();

    std::vector<double> _numbers;
    std::vector<Value> _values;
    bool _onlyDoubles = true;
};

/// As ValueList::reorder(), of any items.
template<typename Item>
void reorder(std::vector<Item> &items, std::size_t first, std::vector<std::size_t> const &order) {
    std::vector<Item> moved;
    moved.reserve(order.size());
    for (auto const i : order) moved.push_back(items[i]);
    std::copy(moved.begin(), moved.end(), items.begin() + static_cast<std::ptrdiff_t>(first));
}

} // namespace dbb::telemetry
