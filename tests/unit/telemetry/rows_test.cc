#include "telemetry/rows.h"

#include <catch2/catch.hpp>
#include <random>

using namespace dbb;
using telemetry::Kind;
using telemetry::RowBlock;
using telemetry::RowQueue;
using telemetry::Value;

namespace {

constexpr auto scale = telemetry::SourceScale::Tai;

/// What a queue hands on, row by row: time, index, number.
using Handed = std::vector<std::tuple<std::int64_t, std::int64_t, double>>;

void take(RowQueue &queue, bool all, Handed &out) {
    queue.release(all);
    for (std::size_t r = 0; r < queue.size(); ++r)
        out.emplace_back(queue.time(r), queue.key(r).index, queue.value(r, 0).number);
    queue.drop();
}

} // namespace

TEST_CASE("a row that was not ended is forgotten", "[telemetry][rows]") {
    RowBlock block(2);
    block.begin();
    block.set(0, Value::of(1));
    block.set(1, Value::ofInteger(2));
    block.begin();
    block.set(0, Value::of(3));
    block.end(10, scale);
    block.begin();
    block.set(1, Value::of(4));
    block.complete();
    REQUIRE(block.size() == 1);
    CHECK(block.times()[0] == 10);
    CHECK(block.content(0) == RowBlock::Content::Doubles);
    CHECK(block.numbers(0)[0] == 3);
    CHECK(block.content(1) == RowBlock::Content::Nothing);
}

TEST_CASE("a place of a row holds what was set last", "[telemetry][rows]") {
    RowBlock block(1);
    block.begin();
    block.set(0, Value::of(1));
    block.set(0, Value::ofInteger(std::numeric_limits<std::int64_t>::max()));
    block.end(10, scale);
    block.begin();
    block.end(11, scale);
    block.complete();
    CHECK(block.content(0) == RowBlock::Content::Several);
    CHECK(block.value(0, 0).kind == Kind::Integer);
    CHECK(block.value(0, 0).integer == std::numeric_limits<std::int64_t>::max());
    CHECK(block.value(1, 0).kind == Kind::Absent);
    block.clear();
    block.complete();
    CHECK(block.size() == 0);
}

TEST_CASE("rows that are appended at once are handed on as those that are added one by one",
          "[telemetry][rows]") {
    std::mt19937 random(1);
    auto const below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    constexpr std::int64_t sortedBy = 1000;
    RowQueue single(1, sortedBy), several(1, sortedBy);
    Handed expected, handed;
    std::int64_t t = 0, late = 0, lateToo = 0;
    double number = 0;
    for (int k = 0; k < 400; ++k) {
        RowBlock block(1);
        std::vector<telemetry::RowKey> keys;
        bool const shuffled = below(4) == 0;
        while (!block.isFull()) {
            t += below(3);
            block.begin();
            block.set(0, Value::of(++number));
            block.end(shuffled ? t - below(1500) : t, scale);
            keys.push_back({.given = true, .text = 0, .index = below(3)});
        }
        block.complete();
        auto const times = block.times();
        for (std::size_t r = 0; r < times.size(); ++r) {
            if (single.add(times[r], keys[r])) {
                single.push(0, block.value(r, 0));
            } else {
                ++late;
            }
            if (single.isFull()) take(single, false, expected);
        }
        for (std::size_t r = 0; r < times.size();) {
            auto const n = several.fitting(times.subspan(r));
            if (n > 0) {
                several.append(times.subspan(r, n), std::span(keys).subspan(r, n));
                several.append(0, block, 0, r);
            } else if (several.add(times[r], keys[r])) {
                several.push(0, block.value(r, 0));
            } else {
                ++lateToo;
            }
            if (several.isFull()) take(several, false, handed);
            r += std::max<std::size_t>(n, 1);
        }
        REQUIRE(handed == expected);
    }
    CHECK(late > 0);
    CHECK(lateToo == late);
    take(single, true, expected);
    take(several, true, handed);
    CHECK(handed == expected);
    CHECK(std::is_sorted(handed.begin(), handed.end(),
                         [](auto const &a, auto const &b) { return std::get<0>(a) < std::get<0>(b); }));
}
