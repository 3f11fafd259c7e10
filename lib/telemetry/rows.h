/// \file
/// Rows of a topic on their way into the order of time.
#pragma once

#include "telemetry/value.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace dbb::telemetry {

/// Which of several instances of a component a row is of: the value of its index field.
struct RowKey {
    bool given = false;
    std::int64_t index = 0;
    bool operator==(RowKey const &) const = default;
};

/// Rows of equal width in the order of time, then of arrival. A row may come later than others that are
/// younger, as long as it is not older than what was handed on.
class RowQueue {
public:
    /// \param width  values of a row \param sorted_by_ns  how much younger a row may be than one that comes
    /// after it
    RowQueue(std::size_t width, std::int64_t sortedBy_ns) : _width(width), _sortedBy_ns(sortedBy_ns) {}

    /// Room for the values of a row of this time, to be filled at once; nullptr when it comes too late.
    Value *add(std::int64_t t_ns, RowKey key);
    /// Whether some rows may be handed on, enough to be worth it.
    bool isFull() const { return _times.size() - _begin >= batchRows && canRelease(); }

    std::size_t size() const { return _end - _begin; }
    /// Prepare the rows that may be handed on now: those older than `sortedBy` against the youngest, or all.
    /// They are then row 0 to size() - 1, until the next add().
    void release(bool all);
    std::int64_t time(std::size_t row) const { return _times[_begin + row]; }
    RowKey key(std::size_t row) const { return _keys[_begin + row]; }
    Value const *values(std::size_t row) const { return &_values[(_begin + row) * _width]; }
    std::span<std::int64_t const> times() const { return {&_times[_begin], size()}; }
    /// What was handed on is not needed any more.
    void drop();

private:
    static constexpr std::size_t batchRows = 1024;

    bool canRelease() const;

    std::size_t _width;
    std::int64_t _sortedBy_ns;
    std::size_t _begin = 0, _end = 0;
    std::vector<std::int64_t> _times;
    std::vector<RowKey> _keys;
    std::vector<Value> _values;
    bool _started = false;
    std::int64_t _handedOn_ns = 0; ///< time of the last row that was handed on
};

} // namespace dbb::telemetry
