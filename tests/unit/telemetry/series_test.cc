#include "telemetry/series.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>

using namespace dbb;
using telemetry::At;
using telemetry::WindowList;

namespace {

/// By definition: twice the longest interval that is no gap is 10 times the median distance, 4 s at least.
std::int64_t expectedGapMax2(std::vector<std::int64_t> distances) {
    std::erase(distances, 0);
    std::sort(distances.begin(), distances.end());
    auto const n = distances.size();
    auto const twiceMedian = n == 0 ? 0 : distances[(n - 1) / 2] + distances[n / 2];
    return std::max<std::int64_t>(4'000'000'000, 5 * twiceMedian);
}

} // namespace

TEST_CASE("the usual distance of samples is the median of all, also of many", "[telemetry][series]") {
    std::mt19937_64 random(GENERATE(1U, 2U));
    auto const n =
        GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1000}, std::size_t{50'000});
    // In seconds; 0.1: short ones are only counted.
    auto const longest = GENERATE(0.1, 1.0, 30.0, 1e5);
    std::vector<std::int64_t> times{0}, distances;
    while (times.size() < n) {
        auto const distance = static_cast<std::int64_t>(
            random() % 10 == 0 ? 0 : random() % static_cast<std::uint64_t>(longest * 1e9));
        distances.push_back(distance);
        times.push_back(times.back() + distance);
    }
    telemetry::Spacing spacing;
    for (std::size_t from = 0; from < n;) {
        auto const some = std::span(times).subspan(from, std::min<std::size_t>(1 + random() % 700, n - from));
        spacing.add(some, telemetry::distancesOf(some));
        from += some.size();
    }
    CHECK(spacing.gapMax2_ns() == expectedGapMax2(distances));
    // More may come after it was asked.
    auto const last = times.back() + 5'000'000'000;
    spacing.add({&last, 1}, {0, 0});
    distances.push_back(5'000'000'000);
    CHECK(spacing.gapMax2_ns() == expectedGapMax2(distances));
}

TEST_CASE("windows are in the order of an instant, then of their numbers", "[telemetry][series]") {
    auto const n =
        GENERATE(std::uint32_t{0}, std::uint32_t{10}, std::uint32_t{40'000}); // the last ones on disk
    auto const at = GENERATE(At::Begin, At::Mid, At::End);
    std::mt19937 random(n);
    WindowList windows;
    std::vector<std::pair<std::int64_t, std::uint32_t>> expected, found;
    for (std::uint32_t k = 0; k < n; ++k) {
        std::int64_t const begin = random() % 1000, end = 1000 + random() % 1000;
        telemetry::Window const window{begin, end};
        windows.add(window);
        expected.emplace_back(window.instant(at), k);
    }
    std::sort(expected.begin(), expected.end());
    auto const &order = windows.orderOf(at);
    REQUIRE(order.size() == n);
    for (std::size_t rank = 0; rank < n; ++rank) {
        auto const ranked = order.at(rank);
        found.emplace_back(ranked.window.instant(at), ranked.number);
    }
    CHECK(found == expected);
    CHECK(windows.size() == n);
}

TEST_CASE("no interval is a gap beside distances of decades", "[telemetry][series]") {
    telemetry::Spacing spacing;
    std::vector<std::int64_t> const times{0, 3'000'000'000'000'000'000};
    spacing.add(times, telemetry::distancesOf(times));
    CHECK(spacing.gapMax2_ns() == std::numeric_limits<std::int64_t>::max());
}
