/// \file
/// Functions of the samples in a window. What they compute is defined in dbb-efd-join(1), FUNCTIONS.
#pragma once

#include "telemetry/column.h"
#include "telemetry/value.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dbb::telemetry {

/// Samples of one series in the order of time, TAI nanoseconds. Most are doubles, which lie in `numbers`
/// alone; as soon as there is another kind all of them are in `values`.
class Samples {
public:
    std::vector<std::int64_t> times;
    std::vector<double> numbers;
    std::vector<Value> values;
    bool only_doubles = true;

    std::size_t size() const { return times.size(); }
    bool empty() const { return times.empty(); }
    void clear();
    Value at(std::size_t i) const { return only_doubles ? Value::of(numbers[i]) : values[i]; }

    void append(std::int64_t t, Value const &value);
    void append(std::span<std::int64_t const> t, std::span<double const> v);

private:
    void widen();
};

/// Whether a column's function takes values of this kind.
bool takes(Column const &column, Kind kind);

/// What several functions of the same samples need, worked out when the first one asks.
class Moments {
public:
    explicit Moments(Samples const &samples) : _samples(samples) {}
    Samples const &samples() const { return _samples; }
    /// Of numbers and truth values.
    long double mean();
    /// Sum of the squared distances from the mean.
    long double squares();

private:
    Samples const &_samples;
    std::optional<long double> _mean, _squares;
};

/// Value of an in-window function (all but TimeWeightedMean and those at instants) of at least one sample;
/// Kind::Null when it is undefined. Doubles are within some units of the last place of the exact result.
/// The kinds have been checked with takes().
Value evaluate(Column const &column, Moments &moments);

/// The difference of two values as an integer when both are.
Value differenceOf(Value const &a, Value const &b);

} // namespace dbb::telemetry
