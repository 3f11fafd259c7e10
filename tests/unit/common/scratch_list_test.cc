#include "common/scratch_list.h"

#include <catch2/catch.hpp>
#include <numeric>

using namespace dbb;

TEST_CASE("a long list says what was put into it, forward, backward and over the end of the file",
          "[common][scratch]") {
    auto const piece = GENERATE(std::size_t{6}, std::size_t{100}, std::size_t{1} << 20);
    common::ScratchList<int> list(piece);
    constexpr int n = 20'000;
    for (int i = 0; i < n; ++i) list.push(3 * i);
    REQUIRE(list.size() == n);
    bool same = true;
    for (int i = 0; i < n; ++i) same = same && list.at(static_cast<std::size_t>(i)) == 3 * i;
    for (int i = n; i-- > 0;) same = same && list.at(static_cast<std::size_t>(i)) == 3 * i;
    CHECK(same);
    std::vector<int> all(n), expected(n);
    for (int i = 0; i < n; ++i) expected[static_cast<std::size_t>(i)] = 3 * i;
    list.read(0, all);
    CHECK(all == expected);
}

TEST_CASE("a copy of a long list goes its own way", "[common][scratch]") {
    common::ScratchList<int> list(16);
    for (int i = 0; i < 10; ++i) list.push(i);
    auto copy = list;
    list.push(-1);
    copy.push(-2);
    std::vector<int> one(11), other(11);
    list.read(0, one);
    copy.read(0, other);
    CHECK(one == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1});
    CHECK(other == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -2});
}

TEST_CASE("texts come back by number", "[common][scratch]") {
    common::ScratchTexts texts;
    std::vector<std::string> expected;
    for (int i = 0; i < 30'000; ++i) {
        expected.push_back(std::string(static_cast<std::size_t>(i % 40), 'x') + std::to_string(i));
        texts.push(expected.back());
    }
    texts.push("");
    expected.emplace_back();
    std::vector<std::string> all;
    for (std::size_t i = 0; i < texts.size(); ++i) all.push_back(texts.at(i));
    CHECK(all == expected);
}
