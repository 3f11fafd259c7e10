#include "common/record_sort.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace dbb;

namespace {

struct Sample {
    std::int64_t key;
    int number; ///< in the order of arrival
    bool operator==(Sample const &) const = default;
};

/// What comes out of a sort that may use so much memory.
std::vector<Sample> sorted(std::vector<Sample> const &samples, std::size_t memory) {
    common::RecordSort sort(sizeof(Sample), memory);
    for (auto const &s : samples) sort.add(s.key, &s);
    std::vector<Sample> out;
    bool same = true;
    sort.drain([&](std::int64_t key, void const *record) {
        out.push_back(*static_cast<Sample const *>(record));
        same = same && key == out.back().key;
    });
    CHECK(same);
    return out;
}

std::vector<Sample> samplesOf(std::vector<std::int64_t> const &keys) {
    std::vector<Sample> out;
    for (auto const key : keys) out.push_back({key, static_cast<int>(out.size())});
    return out;
}

} // namespace

TEST_CASE("records come by key, then as they arrived, however little memory there is", "[record_sort]") {
    std::mt19937 random(7);
    std::vector<std::int64_t> any, near, backward, fields, equal(3000, -5);
    for (int k = 0; k < 30'000; ++k) {
        any.push_back(static_cast<std::int64_t>(random() % 1000) - 500);
        near.push_back(k + static_cast<std::int64_t>(random() % 50));
        backward.push_back(-k);
        fields.push_back(k % 3000); // ten times in order
    }
    any.push_back(std::numeric_limits<std::int64_t>::min());
    any.push_back(std::numeric_limits<std::int64_t>::max());
    for (auto const &keys : {any, near, backward, fields, equal, std::vector<std::int64_t>()}) {
        auto const samples = samplesOf(keys);
        auto expected = samples;
        std::stable_sort(expected.begin(), expected.end(),
                         [](auto const &a, auto const &b) { return a.key < b.key; });
        // Nothing on disk; some runs; runs of one record, merged several times.
        for (auto const memory : {std::size_t{10} << 20, std::size_t{100'000}, std::size_t{2000}}) {
            INFO(keys.size() << " keys, " << memory << " bytes");
            CHECK((sorted(samples, memory) == expected));
        }
    }
    CHECK((sorted(samplesOf({3, 1, 2, 1}), 1) == std::vector<Sample>{{1, 1}, {1, 3}, {2, 2}, {3, 0}}));
}
