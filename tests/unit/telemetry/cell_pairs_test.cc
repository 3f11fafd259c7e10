#include "telemetry/cell_pairs.h"

#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <random>
#include <string>
#include <vector>

using namespace dbb::telemetry;

namespace {

/// A line of cells.
struct Line {
    std::string text = std::string(roomBeforePairs, '7') + ",";
    std::uint32_t begin = static_cast<std::uint32_t>(text.size());
    std::vector<std::uint32_t> ends{};

    void add(std::string const &cell) {
        text += cell;
        ends.push_back(static_cast<std::uint32_t>(text.size()));
        text += ',';
    }
    /// The numbers of the cells that are read.
    std::vector<double> numbers() const {
        std::vector<double> out(ends.size());
        out.resize(parsePairs(text.data(), begin, ends, out.data()));
        return out;
    }
};

double nearest(std::string const &text) {
    double out = NAN;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    REQUIRE(error == std::errc());
    REQUIRE(end == text.data() + text.size());
    return out;
}

/// A sign, up to 15 digits and a point.
std::string randomNumber(std::mt19937_64 &random) {
    auto const digits = 1 + random() % 15, point = random() % (digits + 1);
    std::string out(random() % 2 == 0 ? "-" : "");
    for (std::uint64_t i = 0; i <= digits; ++i)
        out += i == point ? '.' : static_cast<char>('0' + random() % 10);
    return out;
}

} // namespace

TEST_CASE("pairs of cells are the nearest doubles, as std::from_chars says", "[telemetry][cells]") {
    if (!pairsArePossible()) return;
    std::mt19937_64 random(5);
    for (int i = 0; i < 5'000; ++i) {
        Line line;
        std::vector<std::string> cells;
        for (auto n = random() % 80; n-- > 0;) {
            cells.push_back(randomNumber(random));
            line.add(cells.back());
        }
        auto const numbers = line.numbers();
        REQUIRE(numbers.size() == cells.size() / 2 * 2);
        for (std::size_t k = 0; k < numbers.size(); ++k) {
            auto const expected = nearest(cells[k]);
            if (numbers[k] == expected && std::signbit(numbers[k]) == std::signbit(expected)) continue;
            FAIL(cells[k] << " became " << numbers[k]);
        }
    }
}

TEST_CASE("pairs end before a cell of another form", "[telemetry][cells]") {
    if (!pairsArePossible()) return;
    for (auto const *text : {"",
                             "-",
                             ".",
                             "-.",
                             "5",
                             "-5",
                             "1e5",
                             "1.5e3",
                             "nan",
                             "inf",
                             "+1.5",
                             " 1.5",
                             "1.5 ",
                             "1.2.3",
                             "1..2",
                             "--1.5",
                             "1-2.5",
                             "1.5i",
                             "true",
                             "a.b",
                             "1234567.123456789",
                             "0.1234567890123456",
                             "1:2.5",
                             "1/2.5",
                             "0x1.5",
                             "12345678901234567890.5",
                             "1.5-"}) {
        for (std::size_t before = 0; before < 70; ++before) {
            Line line;
            for (std::size_t k = 0; k < before; ++k) line.add(std::to_string(k) + ".25");
            line.add(text);
            for (int k = 0; k < 4; ++k) line.add("7.5");
            INFO('"' << text << "\" behind " << before);
            auto const numbers = line.numbers();
            REQUIRE(numbers.size() == before / 2 * 2);
            for (std::size_t k = 0; k < numbers.size(); ++k)
                REQUIRE(numbers[k] == static_cast<double>(k) + 0.25);
        }
    }
}

TEST_CASE("a single cell is no pair", "[telemetry][cells]") {
    Line line;
    CHECK(line.numbers().empty());
    line.add("1.5");
    CHECK(line.numbers().empty());
}
