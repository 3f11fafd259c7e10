/// \file
/// Rows of a topic on their way into the order of time.
#pragma once

#include "telemetry/value.h"

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace dbb::telemetry {

/// Which of several instances of a component a row is of: the value of its index field.
struct RowKey {
    bool given = false;     ///< as an integer
    std::uint32_t text = 0; ///< or as a text: its number in the pool, from 1 on
    std::int64_t index = 0;
    auto operator<=>(RowKey const &) const = default;
};

/// Rows of equal width in the order of time, then of arrival. A row may come later than others that are
/// younger, as long as it is not older than what was handed on.
///
/// Values lie by field: mostly they are doubles and go on as they lie.
class RowQueue {
public:
    /// \param width  values of a row \param sorted_by_ns  how much younger a row may be than one that comes
    /// after it
    RowQueue(std::size_t width, std::int64_t sortedBy_ns) : _sortedBy_ns(sortedBy_ns), _fields(width) {}

    /// Room for a row of this time, whose fields are to be set() at once; false when it comes too late.
    bool add(std::int64_t t_ns, RowKey key);
    /// A value of the row that was added last.
    void set(std::size_t field, Value const &value) {
        auto &f = _fields[field];
        if (value.kind == Kind::Double && f.only_doubles) {
            f.numbers[_size - 1] = value.number;
        } else {
            setOther(f, value);
        }
    }
    /// Whether some rows may be handed on, enough to be worth it.
    bool isFull() { return _size - _begin >= _lookAt && canRelease(); }

    std::size_t size() const { return _end - _begin; }
    /// Prepare the rows that may be handed on now: those older than `sortedBy` against the youngest, or all.
    /// They are then row 0 to size() - 1, until the next add().
    void release(bool all);
    std::int64_t time(std::size_t row) const { return _times[_begin + row]; }
    RowKey key(std::size_t row) const { return _keys[_begin + row]; }
    Value value(std::size_t row, std::size_t field) const {
        auto const &f = _fields[field];
        return f.only_doubles ? Value::of(f.numbers[_begin + row]) : f.values[_begin + row];
    }
    std::span<std::int64_t const> times() const { return {&_times[_begin], size()}; }
    /// Whether all values of a field are doubles, which then are numbers().
    bool onlyDoubles(std::size_t field) const { return _fields[field].only_doubles; }
    std::span<double const> numbers(std::size_t field) const {
        return {&_fields[field].numbers[_begin], size()};
    }
    /// Put rows of equal time among those in the order of a field, which holds doubles only.
    void sortTies(std::size_t field);
    /// What was handed on is not needed any more.
    void drop();

private:
    static constexpr std::size_t batchRows = 1024;

    /// Either doubles or all kinds.
    struct Field {
        std::vector<double> numbers;
        std::vector<Value> values;
        bool only_doubles = true;
    };

    void grow();
    void setOther(Field &field, Value const &value);
    bool canRelease();
    void sort();
    void reorderFrom(std::size_t first, std::vector<std::size_t> const &order);
    void removeFront();

    std::int64_t _sortedBy_ns;
    std::size_t _begin = 0, _end = 0, _size = 0;
    std::size_t _sorted = 0; ///< rows before this one are in order
    std::size_t _lookAt = batchRows;
    std::int64_t _youngest_ns = 0;
    std::vector<std::int64_t> _times; ///< longer than _size, as are the others
    std::vector<RowKey> _keys;
    std::vector<Field> _fields;
    bool _started = false;
    std::int64_t _handedOn_ns = 0; ///< time of the last row that was handed on
};

} // namespace dbb::telemetry
