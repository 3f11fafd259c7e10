/// \file
/// Functions of the samples in a window. What they compute is defined in dbb-efd-join(1), FUNCTIONS.
#pragma once

#include "telemetry/column.h"
#include "telemetry/value_list.h"

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace dbb::telemetry {

/// Samples of one series in the order of time, TAI nanoseconds. Most are doubles, which lie in `numbers`
/// alone; as soon as there is another kind all of them are in `values`.
struct SampleSpan {
    std::span<std::int64_t const> times{};
    std::span<double const> numbers{};
    std::span<Value const> values{};
    bool only_doubles = true;

    std::size_t size() const { return times.size(); }
    bool empty() const { return times.empty(); }
    Value at(std::size_t i) const { return only_doubles ? Value::of(numbers[i]) : values[i]; }
    SampleSpan part(std::size_t from, std::size_t to) const {
        return {times.subspan(from, to - from),
                only_doubles ? numbers.subspan(from, to - from) : std::span<double const>(),
                only_doubles ? std::span<Value const>() : values.subspan(from, to - from), only_doubles};
    }
};

/// Samples that are kept.
class Samples {
public:
    void clear();
    void append(std::int64_t t, Value const &value);
    void append(SampleSpan const &samples);
    SampleSpan view() const { return {_times, _values.numbers(), _values.values(), _values.onlyDoubles()}; }

private:
    std::vector<std::int64_t> _times;
    ValueList _values;
};

/// Whether a column's function takes values of this kind.
bool takes(Column const &column, Kind kind);

/// What several functions of the same samples need, worked out when the first one asks.
class Moments {
public:
    /// \param alsoExtremes  they will be asked for, too
    explicit Moments(SampleSpan const &samples, bool alsoExtremes = false)
        : _samples(samples), _alsoExtremes(alsoExtremes) {}
    SampleSpan const &samples() const { return _samples; }
    /// Of numbers and truth values.
    long double mean();
    /// Sum of the squared distances from the mean.
    long double squares();
    /// The least and the greatest, of doubles only.
    std::pair<double, double> extremes();

private:
    SampleSpan _samples;
    bool _alsoExtremes;
    std::optional<long double> _mean, _squares;
    std::optional<std::pair<double, double>> _extremes;
};

/// Whether a function needs the least or the greatest.
bool needsExtremes(Func func);

/// Value of an in-window function (all but TimeWeightedMean and those at instants) of at least one sample;
/// Kind::Null when it is undefined. Doubles are within some units of the last place of the exact result.
/// The kinds have been checked with takes().
Value evaluate(Column const &column, Moments &moments);

/// The difference of two values as an integer when both are.
Value differenceOf(Value const &a, Value const &b);

} // namespace dbb::telemetry
