#include "telemetry/functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <unordered_map>

namespace dbb::telemetry {

namespace {

__extension__ using Wide = __int128;
__extension__ using Quad = __float128;

constexpr long double nsPerSecond = 1e9L;

/// A sum whose rounding errors are summed up, too (Neumaier's way). \tparam Number  double, or several lanes
/// of it
template<typename Number>
class SumOf {
public:
    void add(Number x) {
        Number const s = _sum + x;
        Number const part = s - _sum;
        _error += (_sum - (s - part)) + (x - part);
        _sum = s;
    }
    void add(SumOf const &other) {
        add(other._sum);
        _error += other._error;
    }
    Number sum() const { return _sum; }
    Number error() const { return _error; }

private:
    Number _sum{};
    Number _error{};
};

class Sum : public SumOf<double> {
public:
    long double value() const { return static_cast<long double>(sum()) + error(); }
};

/// Of numbers that doubles can't add up, or whose squares they can't hold.
class WideSum : public SumOf<long double> {
public:
    long double value() const { return sum() + error(); }
};

long double wideSumOf(std::span<double const> v) {
    WideSum out;
    for (double const x : v) out.add(x);
    return out.value();
}

/// Two doubles, which one instruction treats at once.
using Pair = double __attribute__((vector_size(16)));

Pair pairAt(double const *v) {
    Pair out;
    std::memcpy(&out, v, sizeof out);
    return out;
}

/// Looks for nothing.
struct NoExtremes {
    void take(Pair, Pair) {}
    void take(double) {}
};

/// Looks for the least and the greatest of values, in lanes.
class Extremes {
public:
    explicit Extremes(double first) {
        for (auto *pair : {&_least[0], &_least[1], &_greatest[0], &_greatest[1]}) *pair = Pair{first, first};
    }
    void take(Pair a, Pair b) {
        take(0, a);
        take(1, b);
    }
    void take(double x) { take(0, Pair{x, x}); }
    /// The first of those that are equal to them: 0 may be -0. \param values  all that were taken
    std::pair<double, double> of(std::span<double const> values) const {
        auto const least = _least[1] < _least[0] ? _least[1] : _least[0];
        auto const greatest = _greatest[1] > _greatest[0] ? _greatest[1] : _greatest[0];
        auto const first = [&](double x) { return x == 0 ? *std::find(values.begin(), values.end(), x) : x; };
        return {first(std::min(least[0], least[1])), first(std::max(greatest[0], greatest[1]))};
    }

private:
    void take(std::size_t lane, Pair x) {
        _least[lane] = x < _least[lane] ? x : _least[lane];
        _greatest[lane] = x > _greatest[lane] ? x : _greatest[lane];
    }

    Pair _least[2], _greatest[2];
};

/// A sum of many values in lanes, which the processor can add at the same time; it has time to look for
/// extremes, too.
template<typename Looked = NoExtremes>
long double sumOf(std::span<double const> v, Looked &&extremes = {}) {
    std::array<SumOf<Pair>, 2> lanes;
    std::size_t i = 0;
    for (; i + 4 <= v.size(); i += 4) {
        auto const a = pairAt(&v[i]), b = pairAt(&v[i + 2]);
        lanes[0].add(a);
        lanes[1].add(b);
        extremes.take(a, b);
    }
    Sum out;
    for (auto const &lane : lanes) {
        for (int k : {0, 1}) {
            out.add(lane.sum()[k]);
            out.add(lane.error()[k]);
        }
    }
    for (; i < v.size(); ++i) {
        out.add(v[i]);
        extremes.take(v[i]);
    }
    return std::isfinite(out.value()) ? out.value() : wideSumOf(v);
}

template<typename Term>
long double sumOf(std::size_t n, Term const &term) {
    Sum out;
    for (std::size_t i = 0; i < n; ++i) out.add(term(i));
    return out.value();
}

/// Sums of distances from a center and of their squares.
struct Distances {
    long double sum = 0, squares = 0;
};

Distances quickDistances(std::span<double const> v, double center) {
    // What is added to few others needs no sum of errors: squares do not cancel, and the distances from a
    // mean are few digits where their sum matters.
    constexpr std::size_t block = 64;
    Pair const centers{center, center};
    Sum sum, squares;
    for (std::size_t from = 0; from < v.size(); from += block) {
        auto const to = std::min(from + block, v.size());
        Pair plain[2]{}, squared[2]{};
        auto i = from;
        for (; i + 4 <= to; i += 4) {
            auto const a = pairAt(&v[i]) - centers, b = pairAt(&v[i + 2]) - centers;
            plain[0] += a;
            plain[1] += b;
            squared[0] += a * a;
            squared[1] += b * b;
        }
        for (; i < to; ++i) {
            plain[0][0] += v[i] - center;
            squared[0][0] += (v[i] - center) * (v[i] - center);
        }
        auto const all = plain[0] + plain[1], allSquared = squared[0] + squared[1];
        sum.add(all[0] + all[1]);
        squares.add(allSquared[0] + allSquared[1]);
    }
    return {sum.value(), squares.value()};
}

Distances wideDistances(std::span<double const> v, double center) {
    WideSum sum, squares;
    for (double const x : v) {
        auto const distance = static_cast<long double>(x) - center;
        sum.add(distance);
        squares.add(distance * distance);
    }
    return {sum.value(), squares.value()};
}

Distances distancesFrom(double center, std::span<double const> v) {
    auto const out = quickDistances(v, center);
    // Smaller squares have lost digits, or all of them; greater ones are infinite.
    constexpr long double least = 1e-280L, most = 1e300L;
    bool const keptDigits = out.squares >= least && out.squares <= most;
    bool const isZero =
        out.squares == 0 && std::all_of(v.begin(), v.end(), [&](double x) { return x == center; });
    return keptDigits || isZero ? out : wideDistances(v, center);
}

bool allIntegers(SampleSpan const &samples) {
    return !samples.only_doubles
           && std::all_of(samples.values.begin(), samples.values.end(),
                          [](Value const &v) { return v.kind == Kind::Integer; });
}

Wide integerSum(SampleSpan const &samples) {
    Wide out = 0;
    for (auto const &v : samples.values) out += v.integer;
    return out;
}

Value fromWide(Wide v) {
    if (v >= std::numeric_limits<std::int64_t>::min() && v <= std::numeric_limits<std::int64_t>::max())
        return Value::ofInteger(static_cast<std::int64_t>(v));
    return Value::of(static_cast<double>(v));
}

/// Null when it is beyond doubles, also when it is so small that it would become 0.
Value fromLong(long double v) {
    auto const out = static_cast<double>(v);
    return std::isfinite(out) && (out != 0 || v == 0) ? Value::of(out) : Value::null();
}

/// What integers are to be counted from, so that doubles keep all of their digits. Doubles among them, which
/// means of duplicates are, keep theirs when integers are small.
std::int64_t offsetOf(SampleSpan const &samples) {
    if (allIntegers(samples)) return samples.values.front().integer;
    constexpr std::int64_t exact = std::int64_t{1} << 53;
    auto const isLarge = [](Value const &v) {
        return v.kind == Kind::Integer && (v.integer > exact || v.integer < -exact);
    };
    auto const large = std::find_if(samples.values.begin(), samples.values.end(), isLarge);
    return large == samples.values.end() ? 0 : large->integer;
}

/// The samples as doubles. Of integers what they are above one of them.
struct Plain {
    explicit Plain(SampleSpan const &samples) {
        if (samples.only_doubles) {
            view = samples.numbers;
            return;
        }
        offset = offsetOf(samples);
        auto const zero = static_cast<long double>(offset);
        for (auto const &v : samples.values) own.push_back(static_cast<double>(v.asLongDouble() - zero));
        view = own;
    }
    std::span<double const> view;
    std::vector<double> own;
    std::int64_t offset = 0;
};

Value spread(Column const &column, Moments &moments) {
    auto const n = moments.samples().size();
    if (n < 2 || n <= static_cast<std::size_t>(column.ddof)) return Value::null();
    auto const variance =
        moments.squares() / static_cast<long double>(n - static_cast<std::size_t>(column.ddof));
    return fromLong(column.func == Func::Variance ? variance : std::sqrt(variance));
}

std::pair<double, double> extremesOf(std::span<double const> v) {
    Extremes out(v.front());
    std::size_t i = 0;
    for (; i + 4 <= v.size(); i += 4) out.take(pairAt(&v[i]), pairAt(&v[i + 2]));
    for (; i < v.size(); ++i) out.take(v[i]);
    return out.of(v);
}

bool isLess(Value const &a, Value const &b) {
    return a.asLongDouble() < b.asLongDouble();
}

Value extreme(Moments &moments, bool greatest) {
    auto const &samples = moments.samples();
    if (samples.only_doubles)
        return Value::of(greatest ? moments.extremes().second : moments.extremes().first);
    auto const &v = samples.values;
    // The first of equal ones.
    return greatest ? *std::max_element(v.begin(), v.end(), isLess)
                    : *std::min_element(v.begin(), v.end(), isLess);
}

template<typename Number>
Value percentileOf(std::vector<Number> sorted, std::int64_t numerator, std::int64_t denominator) {
    auto const position = static_cast<Wide>(sorted.size() - 1) * numerator;
    auto const k = static_cast<std::size_t>(position / denominator);
    auto const nth = sorted.begin() + static_cast<std::ptrdiff_t>(k);
    std::nth_element(sorted.begin(), nth, sorted.end());
    long double out = *nth;
    auto const rest =
        static_cast<long double>(position % denominator) / static_cast<long double>(denominator);
    if (rest > 0) out += rest * (static_cast<long double>(*std::min_element(nth + 1, sorted.end())) - out);
    return fromLong(out);
}

Value percentile(SampleSpan const &samples, std::int64_t numerator, std::int64_t denominator) {
    if (samples.only_doubles) {
        auto const &v = samples.numbers;
        return percentileOf(std::vector<double>(v.begin(), v.end()), numerator, denominator);
    }
    std::vector<long double> all;
    for (auto const &v : samples.values) all.push_back(v.asLongDouble());
    return percentileOf(std::move(all), numerator, denominator);
}

Value ranked(SampleSpan const &samples, std::int64_t numerator, std::int64_t denominator) {
    std::vector<Value> sorted;
    for (std::size_t i = 0; i < samples.size(); ++i) sorted.push_back(samples.at(i));
    auto const n = static_cast<Wide>(sorted.size());
    auto const rank =
        std::clamp<Wide>((2 * n * numerator + denominator) / (2 * static_cast<Wide>(denominator)), 1, n);
    auto const nth = sorted.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(sorted.begin(), nth, sorted.end(), isLess);
    return *nth;
}

/// Least squares on the time in seconds.
Value slope(SampleSpan const &samples) {
    Plain const plain(samples);
    auto const n = samples.size();
    auto const &t = samples.times;
    if (t.front() == t.back()) return Value::null();
    auto const ln = static_cast<long double>(n);
    long double meanT = 0, meanV = 0;
    for (std::size_t i = 0; i < n; ++i) {
        meanT += static_cast<long double>(t[i] - t[0]);
        meanV += static_cast<long double>(plain.view[i]) - plain.view[0];
    }
    meanT /= ln;
    meanV /= ln;
    long double both = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
        auto const dt = static_cast<long double>(t[i] - t[0]) - meanT;
        both += dt * (static_cast<long double>(plain.view[i]) - plain.view[0] - meanV);
        squares += dt * dt;
    }
    return fromLong(both / squares * nsPerSecond);
}

/// Sum of the squares of what a polynomial of least squares leaves over. \param x, y  from their first values
template<typename Real>
Real residualSquares(std::vector<std::int64_t> const &x, std::span<double const> y, std::size_t degree) {
    auto const n = x.size();
    using Vector = std::vector<Real>;
    Vector at(n), rest(n);
    for (std::size_t i = 0; i < n; ++i) {
        at[i] = x[n - 1] > 0 ? 2 * static_cast<Real>(x[i]) / static_cast<Real>(x[n - 1]) - 1 : Real(0);
        rest[i] = static_cast<Real>(y[i]) - static_cast<Real>(y[0]);
    }
    auto const product = [&](Vector const &a, Vector const &b) {
        Real out = 0;
        for (std::size_t i = 0; i < n; ++i) out += a[i] * b[i];
        return out;
    };
    auto const subtract = [&](Vector &from, Vector const &what, Real const &square) {
        auto const factor = product(from, what) / square;
        for (std::size_t i = 0; i < n; ++i) from[i] -= factor * what[i];
    };
    // Polynomials that are orthogonal on these very points; each is made so twice, against rounding.
    std::vector<std::pair<Vector, Real>> base;
    for (std::size_t k = 0; k <= degree; ++k) {
        Vector next(n, 1);
        if (k > 0) {
            for (std::size_t i = 0; i < n; ++i) next[i] = base.back().first[i] * at[i];
        }
        for (int twice = 0; twice < 2; ++twice) {
            for (auto const &[polynomial, square] : base) subtract(next, polynomial, square);
        }
        auto const square = product(next, next);
        for (int twice = 0; twice < 2; ++twice) subtract(rest, next, square);
        base.emplace_back(std::move(next), square);
    }
    return product(rest, rest);
}

/// What ConsDB has for polyrms: each sample less the polynomial at each sample, n times n differences, whose
/// mean square is the variance of the samples and that of the polynomial.
Value allAgainstAll(std::vector<std::int64_t> const &x, SampleSpan const &samples, std::size_t degree) {
    Plain const plain(samples);
    auto const ln = static_cast<long double>(samples.size());
    auto const variance = Moments(samples).squares() / ln;
    auto const rest = residualSquares<long double>(x, plain.view, degree) / ln;
    return fromLong(std::sqrt(std::max(0.0L, 2 * variance - rest)));
}

/// Root mean square of what a polynomial leaves over.
Value polyrms(Column const &column, SampleSpan const &samples) {
    auto const n = samples.size();
    auto const degree = static_cast<std::size_t>(column.degree);
    std::vector<std::int64_t> x;
    std::size_t distinct = 0;
    for (std::size_t i = 0; i < n; ++i) {
        x.push_back(column.by_index ? static_cast<std::int64_t>(i) : samples.times[i] - samples.times[0]);
        if (i == 0 || x[i] != x[i - 1]) ++distinct;
    }
    if (distinct <= degree) return Value::null();
    if (column.compat == Compat::Consdb) return allAgainstAll(x, samples, degree);
    Plain const plain(samples);
    auto const ln = static_cast<long double>(n);
    long double size = 0;
    for (double const v : plain.view)
        size = std::max(size, std::fabs(static_cast<long double>(v) - plain.view[0]));
    auto const rms = std::sqrt(residualSquares<long double>(x, plain.view, degree) / ln);
    // Where little is left over its digits are those that a long double lacks.
    if (rms > 1e-7L * size) return fromLong(rms);
    auto const exact = std::sqrt(static_cast<long double>(residualSquares<Quad>(x, plain.view, degree)) / ln);
    return exact > 1e-28L * size ? fromLong(exact) : Value::of(0.0);
}

/// What a counter has gone up by: where it falls it has begun anew.
Value increase(Column const &column, SampleSpan const &samples) {
    auto const &t = samples.times;
    bool const integers = allIntegers(samples);
    Wide whole = 0;
    long double total = 0;
    for (std::size_t i = 1; i < samples.size(); ++i) {
        if (integers) {
            Wide const a = samples.values[i - 1].integer, b = samples.values[i].integer;
            whole += b >= a ? b - a : b;
        } else {
            auto const a = samples.at(i - 1).asLongDouble(), b = samples.at(i).asLongDouble();
            total += b >= a ? b - a : b;
        }
    }
    if (column.func == Func::Increase) return integers ? fromWide(whole) : fromLong(total);
    if (t.front() == t.back()) return Value::null();
    if (integers) total = static_cast<long double>(whole);
    return fromLong(total * nsPerSecond / static_cast<long double>(t.back() - t.front()));
}

Value rate(SampleSpan const &samples) {
    auto const &t = samples.times;
    if (t.front() == t.back()) return Value::null();
    auto const difference = samples.at(samples.size() - 1).asLongDouble() - samples.at(0).asLongDouble();
    return fromLong(difference * nsPerSecond / static_cast<long double>(t.back() - t.front()));
}

/// Mean direction and spread of angles in degrees.
Value circular(Column const &column, SampleSpan const &samples) {
    auto const n = samples.size();
    auto const positive = [](double degrees) {
        auto const rest = std::fmod(degrees, 360.0);
        return rest < 0 ? rest + 360.0 : rest;
    };
    if (n == 1) return Value::of(column.func == Func::Circmean ? positive(samples.at(0).asDouble()) : 0);
    auto const radians = [&](std::size_t i) {
        return std::fmod(samples.at(i).asDouble(), 360.0) * (std::numbers::pi / 180);
    };
    auto const dn = static_cast<double>(n);
    auto const s = static_cast<double>(sumOf(n, [&](std::size_t i) { return std::sin(radians(i)); })) / dn;
    auto const c = static_cast<double>(sumOf(n, [&](std::size_t i) { return std::cos(radians(i)); })) / dn;
    auto const r = std::hypot(s, c);
    if (r < 1e-9) return Value::null();
    if (column.func == Func::Circstd)
        return Value::of(std::sqrt(std::max(0.0, -2 * std::log(std::min(1.0, r))))
                         * (180 / std::numbers::pi));
    auto const angle = positive(std::atan2(s, c) * (180 / std::numbers::pi));
    return Value::of(angle == 360.0 ? 0.0 : angle);
}

struct HashOfValue {
    std::size_t operator()(Value const &v) const {
        if (v.isNumber()) return std::hash<double>()(v.asDouble());
        return std::hash<std::int64_t>()(v.integer) ^ static_cast<std::size_t>(v.kind);
    }
};

/// The most frequent value, of equally frequent ones the one seen first; or the number of different ones.
Value mostFrequent(Column const &column, SampleSpan const &samples) {
    std::unordered_map<Value, std::pair<std::int64_t, std::size_t>, HashOfValue> seen; // number, first place
    for (std::size_t i = 0; i < samples.size(); ++i) {
        auto const entry = seen.try_emplace(samples.at(i), 0, i).first;
        ++entry->second.first;
    }
    if (column.func == Func::Distinct) return Value::ofInteger(static_cast<std::int64_t>(seen.size()));
    auto const best = std::max_element(seen.begin(), seen.end(), [](auto const &a, auto const &b) {
        return a.second.first != b.second.first ? a.second.first < b.second.first
                                                : a.second.second > b.second.second;
    });
    return best->first;
}

std::int64_t transitions(SampleSpan const &samples) {
    std::int64_t out = 0;
    for (std::size_t i = 1; i < samples.size(); ++i) out += samples.at(i) == samples.at(i - 1) ? 0 : 1;
    return out;
}

std::int64_t numberTrue(SampleSpan const &samples) {
    return std::count_if(samples.values.begin(), samples.values.end(),
                         [](Value const &v) { return v.integer != 0; });
}

} // namespace

void Samples::clear() {
    _times.clear();
    _values.clear();
}

void Samples::append(std::int64_t t, Value const &value) {
    _times.push_back(t);
    _values.push(value);
}

void Samples::append(SampleSpan const &samples) {
    _times.insert(_times.end(), samples.times.begin(), samples.times.end());
    if (samples.only_doubles) {
        _values.append(samples.numbers);
    } else {
        _values.append(samples.values);
    }
}

bool takes(Column const &column, Kind kind) {
    if (column.compat == Compat::Consdb && kind == Kind::Boolean) return true;
    switch (column.func) {
    case Func::Count:
    case Func::First:
    case Func::Last:
    case Func::Mode:
    case Func::Distinct:
    case Func::Transitions:
    case Func::Asof: return true;
    case Func::Any:
    case Func::All:
    case Func::CountTrue: return kind == Kind::Boolean;
    case Func::Mean: return kind != Kind::Text;
    default: return kind == Kind::Double || kind == Kind::Integer;
    }
}

Value differenceOf(Value const &a, Value const &b) {
    if (a.kind == Kind::Integer && b.kind == Kind::Integer)
        return fromWide(static_cast<Wide>(a.integer) - b.integer);
    return fromLong(a.asLongDouble() - b.asLongDouble());
}

long double Moments::mean() {
    if (_mean) return *_mean;
    auto const n = static_cast<long double>(_samples.size());
    if (allIntegers(_samples)) {
        _mean = static_cast<long double>(integerSum(_samples)) / n;
    } else {
        Plain const plain(_samples);
        if (_alsoExtremes && !_extremes && _samples.only_doubles) {
            Extremes extremes(plain.view.front());
            _mean = sumOf(plain.view, extremes) / n;
            _extremes = extremes.of(plain.view);
        } else {
            _mean = sumOf(plain.view) / n + static_cast<long double>(plain.offset);
        }
    }
    return *_mean;
}

long double Moments::squares() {
    if (_squares) return *_squares;
    Plain const plain(_samples);
    auto const v = plain.view;
    // Around the mean as a double, whose rounding the second sum takes back.
    auto const [rest, squares] =
        distancesFrom(static_cast<double>(mean() - static_cast<long double>(plain.offset)), v);
    _squares = std::max(0.0L, squares - rest * rest / static_cast<long double>(v.size()));
    return *_squares;
}

std::pair<double, double> Moments::extremes() {
    if (!_extremes) _extremes = extremesOf(_samples.numbers);
    return *_extremes;
}

bool needsExtremes(Func func) {
    return func == Func::Min || func == Func::Max || func == Func::Range;
}

Value evaluate(Column const &column, Moments &moments) {
    auto const &samples = moments.samples();
    auto const n = samples.size();
    switch (column.func) {
    case Func::Count: return Value::ofInteger(static_cast<std::int64_t>(n));
    case Func::First: return samples.at(0);
    case Func::Last: return samples.at(n - 1);
    case Func::Min:
    case Func::Max: {
        auto const out = extreme(moments, column.func == Func::Max);
        return out.kind == Kind::Boolean ? Value::of(out.asDouble()) : out; // ConsDB's way
    }
    case Func::Range: return differenceOf(extreme(moments, true), extreme(moments, false));
    case Func::Sum: {
        if (allIntegers(samples)) return fromWide(integerSum(samples));
        Plain const plain(samples);
        return fromLong(sumOf(plain.view)
                        + static_cast<long double>(plain.offset) * static_cast<long double>(n));
    }
    case Func::Mean: return fromLong(moments.mean());
    case Func::Rms: {
        Plain plain(samples);
        if (plain.offset != 0) {
            for (std::size_t i = 0; i < n; ++i) plain.own[i] = samples.values[i].asDouble();
        }
        return fromLong(std::sqrt(distancesFrom(0, plain.view).squares / static_cast<long double>(n)));
    }
    case Func::Stddev:
    case Func::Variance: return spread(column, moments);
    case Func::Median: return percentile(samples, 1, 2);
    case Func::Percentile: return percentile(samples, column.percent_numerator, column.percent_denominator);
    case Func::PercentileRank: return ranked(samples, column.percent_numerator, column.percent_denominator);
    case Func::Slope: return n < 2 ? Value::null() : slope(samples);
    case Func::Polyrms: return polyrms(column, samples);
    case Func::Rate: return rate(samples);
    case Func::Increase:
    case Func::IncreaseRate: return increase(column, samples);
    case Func::Circmean:
    case Func::Circstd: return circular(column, samples);
    case Func::Mode:
    case Func::Distinct: return mostFrequent(column, samples);
    case Func::Transitions: return Value::ofInteger(transitions(samples));
    case Func::Any: return Value::ofBoolean(numberTrue(samples) > 0);
    case Func::All: return Value::ofBoolean(numberTrue(samples) == static_cast<std::int64_t>(n));
    case Func::CountTrue: return Value::ofInteger(numberTrue(samples));
    default: return Value::null();
    }
}

} // namespace dbb::telemetry
