#include "telemetry/rows.h"

#include <algorithm>

namespace dbb::telemetry {

Value *RowQueue::add(std::int64_t t_ns, RowKey key) {
    if (_started && t_ns <= _handedOn_ns) return nullptr;
    if (_times.size() == _begin || _times.back() <= t_ns) {
        _times.push_back(t_ns);
        _keys.push_back(key);
        _values.resize(_values.size() + _width);
        return &_values[_values.size() - _width];
    }
    auto const place =
        std::upper_bound(_times.begin() + static_cast<std::ptrdiff_t>(_begin), _times.end(), t_ns);
    auto const at = static_cast<std::size_t>(place - _times.begin());
    _times.insert(place, t_ns);
    _keys.insert(_keys.begin() + static_cast<std::ptrdiff_t>(at), key);
    _values.insert(_values.begin() + static_cast<std::ptrdiff_t>(at * _width), _width, Value());
    return &_values[at * _width];
}

bool RowQueue::canRelease() const {
    return _times.back() - _sortedBy_ns > _times[_begin + batchRows / 2];
}

void RowQueue::release(bool all) {
    _end = _begin;
    if (_times.size() == _begin) return;
    _end =
        all ? _times.size()
            : static_cast<std::size_t>(std::lower_bound(_times.begin() + static_cast<std::ptrdiff_t>(_begin),
                                                        _times.end(), _times.back() - _sortedBy_ns)
                                       - _times.begin());
    if (_end == _begin) return;
    _started = true;
    _handedOn_ns = _times[_end - 1];
}

void RowQueue::drop() {
    _begin = _end;
    // What is in front is removed when it is the greater part.
    if (_begin < 2 * batchRows || 2 * _begin < _times.size()) return;
    auto const n = static_cast<std::ptrdiff_t>(_begin);
    _times.erase(_times.begin(), _times.begin() + n);
    _keys.erase(_keys.begin(), _keys.begin() + n);
    _values.erase(_values.begin(), _values.begin() + n * static_cast<std::ptrdiff_t>(_width));
    _begin = _end = 0;
}

} // namespace dbb::telemetry
