#include "telemetry/value_list.h"

#include <algorithm>

namespace dbb::telemetry {

void ValueList::widen() {
    if (!_onlyDoubles) return;
    _onlyDoubles = false;
    _values.clear();
    _values.reserve(_numbers.capacity());
    for (double const v : _numbers) _values.push_back(Value::of(v));
    _numbers = {};
}

void ValueList::pushOther(Value const &value) {
    if (value.kind != Kind::Double) widen();
    _values.push_back(value);
}

void ValueList::append(std::span<double const> numbers) {
    if (_onlyDoubles) {
        _numbers.insert(_numbers.end(), numbers.begin(), numbers.end());
    } else {
        for (double const v : numbers) _values.push_back(Value::of(v));
    }
}

void ValueList::append(std::span<Value const> values) {
    if (values.empty()) return;
    widen();
    _values.insert(_values.end(), values.begin(), values.end());
}

void ValueList::resize(std::size_t n) {
    if (n > size()) widen();
    if (_onlyDoubles) {
        _numbers.resize(n);
    } else {
        _values.resize(n);
    }
}

void ValueList::clear() {
    _numbers.clear();
    _values.clear();
    _onlyDoubles = true;
}

void ValueList::removeFront(std::size_t n) {
    auto const remove = [&](auto &items) {
        items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(n));
    };
    if (_onlyDoubles) return remove(_numbers);
    remove(_values);
    auto const isDouble = [](Value const &v) { return v.kind == Kind::Double; };
    if (!std::all_of(_values.begin(), _values.end(), isDouble)) return;
    _onlyDoubles = true;
    _numbers.reserve(_values.capacity());
    for (auto const &v : _values) _numbers.push_back(v.number);
    _values = {};
}

void ValueList::reorder(std::size_t first, std::vector<std::size_t> const &order) {
    if (_onlyDoubles) {
        telemetry::reorder(_numbers, first, order);
    } else {
        telemetry::reorder(_values, first, order);
    }
}

} // namespace dbb::telemetry
