#include "telemetry/functions.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace dbb::telemetry;

namespace {

constexpr double greatest = std::numeric_limits<double>::max();

/// A function of samples a second apart.
Value valueOf(Func func, std::vector<double> const &numbers) {
    std::vector<std::int64_t> times;
    for (std::size_t i = 0; i < numbers.size(); ++i)
        times.push_back(static_cast<std::int64_t>(i) * 1'000'000'000);
    Column column;
    column.func = func;
    Moments moments({times, numbers, {}, true});
    return evaluate(column, moments);
}

void checkValue(Func func, std::vector<double> const &numbers, double expected) {
    auto const value = valueOf(func, numbers);
    INFO("function " << static_cast<int>(func) << " of " << numbers.size() << " samples from "
                     << numbers.front());
    REQUIRE(value.kind == Kind::Double);
    CHECK(std::fabs(value.number - expected) <= 1e-12 * std::fabs(expected));
}

void checkNull(Func func, std::vector<double> const &numbers) {
    INFO("function " << static_cast<int>(func) << " of " << numbers.size() << " samples from "
                     << numbers.front());
    CHECK(valueOf(func, numbers).kind == Kind::Null);
}

} // namespace

TEST_CASE("spreads of numbers whose squares are beyond doubles", "[telemetry][functions]") {
    // By hand: {1, 2, 3} has the variance 1 and the mean square 14/3; {2, 4, 9} / 2 has 3.25 and 101/12.
    for (double const unit : {1e200, 1e-100, 1e-160, 1e-200, 1e-300}) {
        checkValue(Func::Stddev, {unit, 2 * unit, 3 * unit}, unit);
        checkValue(Func::Rms, {unit, 2 * unit, 3 * unit}, std::sqrt(14.0 / 3) * unit);
        checkValue(Func::Stddev, {unit, 2 * unit, 4.5 * unit}, std::sqrt(3.25) * unit);
        checkValue(Func::Rms, {unit, 2 * unit, 4.5 * unit}, std::sqrt(101.0 / 12) * unit);
    }
    // What one adds to such a number is nothing: x / sqrt(3).
    checkValue(Func::Stddev, {1, 1.797e308, 2}, 1.797e308 / std::sqrt(3.0));
    checkValue(Func::Rms, {1, 1.797e308, 2}, 1.797e308 / std::sqrt(3.0));
    // Distances from the mean that are beyond doubles themselves; four and more are added in lanes.
    checkValue(Func::Rms, {greatest, -greatest, greatest, -greatest, greatest, -greatest}, greatest);
    checkNull(Func::Stddev, {greatest, -greatest});
    // As variances they are too large and too small.
    checkValue(Func::Variance, {1e-100, 2e-100, 3e-100}, 1e-200);
    checkNull(Func::Variance, {1e200, 2e200, 3e200});
    checkNull(Func::Variance, {1e-200, 2e-200, 3e-200});
    // Nothing has gone lost where there is nothing.
    for (double const same : {0.0, 1e-300, 0.1, 1e200, greatest}) {
        auto const spread = valueOf(Func::Stddev, {same, same, same});
        CHECK((spread.kind == Kind::Double && spread.number == 0));
    }
    checkValue(Func::Rms, {0, 0, 0, 0, 0}, 0);
}

TEST_CASE("sums and means of numbers whose sum is beyond doubles", "[telemetry][functions]") {
    for (std::size_t n : {2U, 3U, 4U, 9U}) {
        checkValue(Func::Mean, std::vector<double>(n, greatest), greatest);
        checkValue(Func::Mean, std::vector<double>(n, -greatest), -greatest);
        checkNull(Func::Sum, std::vector<double>(n, greatest));
    }
    checkValue(Func::Sum, {greatest, greatest, -greatest}, greatest);
    checkValue(Func::Sum, {greatest, greatest, -greatest, -greatest, 1, 2}, 3);
    checkValue(Func::Mean, {greatest, greatest, -greatest, -greatest, 1, 2}, 0.5);
    checkNull(Func::Range, {greatest, -greatest});
}
