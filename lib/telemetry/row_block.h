/// \file
/// Rows of a topic as they come, some at a time.
#pragma once

#include "telemetry/instants.h"
#include "telemetry/value.h"

#include <array>
#include <compare>
#include <cstddef>
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

/// The values of some rows by place. Mostly each row has a double in each place.
class RowBlock {
public:
    /// What a place has in all rows.
    enum class Content : std::uint8_t { Nothing, Doubles, Several };

    /// \param width  number of places
    explicit RowBlock(std::size_t width = 0) : _contents(width) {}

    /// \return a new place; only before the first row
    std::size_t addPlace() {
        _contents.push_back(Content::Nothing);
        return _contents.size() - 1;
    }
    std::size_t width() const { return _contents.size(); }

    /// Begin a row; one that was not ended is forgotten.
    void begin() {
        if (_open) forget();
        if (_kinds.empty()) makeRoom();
        _open = true;
    }
    void set(std::size_t place, Value const &value) {
        auto const at = place * stride + _size;
        _numbers[at] = value.number; // or what else it holds
        _kinds[at] = value.kind;
    }
    /// The row is complete. \param t_ns  in its own scale
    void end(std::int64_t t_ns, SourceScale scale) {
        _times[_size] = t_ns;
        _scales[_size++] = scale;
        _open = false;
    }

    /// Whether it is time to hand the rows on.
    bool isFull() const { return _size == most; }
    /// No more rows come until clear().
    void complete();
    void clear();

    std::size_t size() const { return _size; }
    /// As they were given to end().
    std::span<std::int64_t const> times() const { return {_times.data(), _size}; }
    SourceScale scale(std::size_t row) const { return _scales[row]; }
    Content content(std::size_t place) const { return _contents[place]; }
    /// When a place has only doubles.
    std::span<double const> numbers(std::size_t place) const { return {&_numbers[place * stride], _size}; }
    Value value(std::size_t row, std::size_t place) const {
        Value out;
        out.kind = _kinds[place * stride + row];
        out.number = _numbers[place * stride + row];
        return out;
    }

private:
    static constexpr std::size_t most = 128;
    /// From one place to the next; a power of two would let them compete for the same lines of a cache.
    static constexpr std::size_t stride = most + 8;

    void makeRoom();
    void forget();

    std::vector<double> _numbers;
    std::vector<Kind> _kinds;
    std::vector<Content> _contents;
    std::array<std::int64_t, most> _times;
    std::array<SourceScale, most> _scales;
    std::size_t _size = 0;
    bool _open = false;
};

/// Rows and what was found out of each.
struct Rows {
    using Flag = std::uint8_t;

    RowBlock const &block;
    std::span<std::int64_t const> times; ///< TAI
    std::span<Flag const> from_utc;      ///< whether that came out of UTC
    std::span<RowKey const> keys;
};

} // namespace dbb::telemetry
