/// \file
/// Rows of a topic on their way into the order of time.
#pragma once

#include "telemetry/row_block.h"
#include "telemetry/value_list.h"

#include <cstdint>
#include <span>
#include <vector>

namespace dbb::telemetry {

/// Rows of equal width in the order of time, then of arrival. A row may come later than others that are
/// younger, as long as it is not older than what was handed on.
class RowQueue {
public:
    /// \param width  values of a row \param sorted_by_ns  how much younger a row may be than one that comes
    /// after it
    RowQueue(std::size_t width, std::int64_t sortedBy_ns) : _sortedBy_ns(sortedBy_ns), _fields(width) {}

    /// A row of this time, whose fields are to be pushed at once; false when it comes too late.
    bool add(std::int64_t t_ns, RowKey key);
    void push(std::size_t field, Value const &value) { _fields[field].push(value); }
    /// How many of some rows can be appended at once: those that are in order, up to the one that makes it
    /// full. 0: add() the first one.
    std::size_t fitting(std::span<std::int64_t const> times) const;
    /// So many rows, whose fields are to be appended at once.
    void append(std::span<std::int64_t const> times, std::span<RowKey const> keys);
    void append(std::size_t field, RowBlock const &block, std::size_t place, std::size_t first);
    /// Whether some rows may be handed on, enough to be worth it.
    bool isFull() { return _times.size() - _begin >= _lookAt && canRelease(); }

    std::size_t size() const { return _end - _begin; }
    /// Prepare the rows that may be handed on now: those older than `sortedBy` against the youngest, or all.
    /// They are then row 0 to size() - 1, until the next add().
    void release(bool all);
    std::int64_t time(std::size_t row) const { return _times[_begin + row]; }
    RowKey key(std::size_t row) const { return _keys[_begin + row]; }
    Value value(std::size_t row, std::size_t field) const { return _fields[field].at(_begin + row); }
    std::span<std::int64_t const> times() const { return {&_times[_begin], size()}; }
    /// Whether all values of a field are doubles, which then are numbers().
    bool onlyDoubles(std::size_t field) const { return _fields[field].onlyDoubles(); }
    std::span<double const> numbers(std::size_t field) const {
        return _fields[field].numbers().subspan(_begin, size());
    }
    /// Put rows of equal time among those in the order of a field, which holds doubles only.
    void sortTies(std::size_t field);
    /// What was handed on is not needed any more.
    void drop();

private:
    static constexpr std::size_t batchRows = 1024;

    bool canRelease();
    void sort();
    void reorderFrom(std::size_t first, std::vector<std::size_t> const &order);
    void removeFront();

    std::int64_t _sortedBy_ns;
    std::size_t _begin = 0, _end = 0;
    std::size_t _sorted = 0; ///< rows before this one are in order
    std::size_t _lookAt = batchRows;
    std::int64_t _youngest_ns = 0;
    std::vector<std::int64_t> _times;
    std::vector<RowKey> _keys;
    std::vector<ValueList> _fields;
    bool _started = false;
    std::int64_t _handedOn_ns = 0; ///< time of the last row that was handed on
};

} // namespace dbb::telemetry
