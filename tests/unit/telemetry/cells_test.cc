#include "telemetry/cells.h"

#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <random>
#include <string>

using namespace dbb::telemetry;

namespace {

/// What parseCell() makes of a cell with other cells around it; nothing when it leaves it to others.
std::optional<Value> cell(std::string const &text) {
    auto const line = std::string(roomBeforeEnd, '9') + "," + text + ",7777";
    auto const *const begin = line.data() + roomBeforeEnd + 1;
    Value out;
    return parseCell(begin, begin + text.size(), out) ? std::optional(out) : std::nullopt;
}

/// Where the cells of the first line of a text end, found one by one.
std::vector<std::uint32_t> endsOf(std::string const &text) {
    std::vector<std::uint32_t> out;
    std::uint32_t i = 0;
    for (; text[i] != '\n'; ++i) {
        if (text[i] == ',') out.push_back(i);
    }
    out.push_back(i);
    return out;
}

} // namespace

TEST_CASE("a cell with up to 16 digits is the nearest double, as std::from_chars says",
          "[telemetry][cells]") {
    std::mt19937_64 random(1);
    auto const upTo = [&](std::uint64_t n) { return random() % (n + 1); };
    int taken = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string text(upTo(1) == 1 ? "-" : "");
        for (auto digits = upTo(9); digits-- > 0;) text += static_cast<char>('0' + upTo(9));
        text += '.';
        for (auto digits = upTo(12); digits-- > 0;) text += static_cast<char>('0' + upTo(9));
        auto const found = cell(text);
        double expected = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), expected);
        if (!found) continue;
        ++taken;
        INFO(text);
        REQUIRE(error == std::errc());
        REQUIRE(end == text.data() + text.size());
        REQUIRE(found->kind == Kind::Double);
        REQUIRE(found->number == expected);
        REQUIRE(std::signbit(found->number) == std::signbit(expected));
    }
#ifdef __SSE2__
    CHECK(taken > 140'000);
#else
    CHECK(taken == 0);
#endif
}

#ifdef __SSE2__
TEST_CASE("a cell without a point is an integer", "[telemetry][cells]") {
    for (std::int64_t const n :
         {0LL, 7LL, -7LL, 10LL, 123456789LL, -9999999999999999LL, 9999999999999999LL}) {
        auto const found = cell(std::to_string(n));
        INFO(n);
        REQUIRE(found);
        CHECK(found->kind == Kind::Integer);
        CHECK(found->integer == n);
    }
    CHECK(cell("007")->integer == 7);
    CHECK(cell("5.")->kind == Kind::Double);
    CHECK(cell(".5")->number == 0.5);
    CHECK(cell("-0.0")->number == 0.0);
}
#endif

TEST_CASE("a cell that is another one is left to others", "[telemetry][cells]") {
    for (auto const *text : {"-",
                             ".",
                             "-.",
                             "1e5",
                             "1.5e-3",
                             "nan",
                             "inf",
                             "+1",
                             " 1",
                             "1 ",
                             "1.2.3",
                             "1..2",
                             "--1",
                             "1-2",
                             "true",
                             "12345678901234567",
                             "1.2345678901234567",
                             "9999999999999.999",
                             "1:2",
                             "1/2",
                             "0x10"}) {
        INFO(text);
        CHECK_FALSE(cell(text));
    }
}

TEST_CASE("cells end at commas and the newline, wherever these are", "[telemetry][cells]") {
    std::mt19937_64 random(2);
    CellEnds ends;
    for (int i = 0; i < 5'000; ++i) {
        std::string text(random() % 300, 'x');
        for (auto &c : text) {
            auto const kind = random() % 12;
            c = kind == 0 ? ',' : kind == 1 && random() % 9 == 0 ? '\n' : 'x';
        }
        text += '\n';
        auto const *const limit = text.data() + text.size();
        auto const *const newline = ends.find(text.data(), limit);
        INFO(text);
        REQUIRE(static_cast<std::size_t>(newline - text.data()) == text.find('\n'));
        auto const found = ends.ends(text.find('\n'));
        REQUIRE(std::vector(found.begin(), found.end()) == endsOf(text));
    }
}

TEST_CASE("numbers beyond doubles are zero or infinite, with their sign", "[telemetry][decimal]") {
    auto const read = [](std::string const &text) {
        double out = 7;
        auto const *const behind = parseDouble(text.data(), text.data() + text.size(), out);
        return behind == text.data() + text.size() ? std::optional(out) : std::nullopt;
    };
    for (auto const *text : {"1e-400", "1E-400", "0.0000000000e-999999"}) {
        INFO(text);
        CHECK(read(text) == 0.0);
    }
    CHECK(read("0." + std::string(400, '0') + "1") == 0.0);
    CHECK(std::signbit(read("-1e-400").value()));
    CHECK(read("1E400") == HUGE_VAL);
    CHECK(read("-1e400") == -HUGE_VAL);
    CHECK(read(std::string(400, '9')) == HUGE_VAL);
    CHECK(read("+5") == 5.0);
    CHECK_FALSE(read("+-5"));
    CHECK_FALSE(read("++5"));
}
