#include "efd/line_range.h"

#include "common/error.h"
#include "common/file.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <unistd.h>

using namespace dbb;

namespace {

common::UniqueFd fileWith(std::string const &text) {
    auto out = common::temporaryFile();
    common::writeAll(out.get(), text, "a test");
    return out;
}

/// The lines of all ranges of a size, one behind the other, and where the last one ends.
struct Read {
    std::string text{};
    std::int64_t end = 0;
};

Read readBy(std::int64_t size, std::string const &text, std::int64_t begin, std::int64_t limit) {
    auto const file = fileWith(text);
    Read out{"", begin};
    efd::SampleText buffer;
    for (auto at = begin; at < limit; at += size) {
        auto const end = std::min(limit, at + size);
        auto const behind = efd::readLines({file.get(), at, end, limit, at == begin}, "a test", buffer);
        CHECK(behind.has_value() == !buffer.text().empty());
        out.text += buffer.text();
        out.end = behind.value_or(out.end);
    }
    return out;
}

} // namespace

TEST_CASE("ranges of a file have each whole line once", "[efd][lines]") {
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) {
        std::string text;
        for (auto lines = random() % 12; lines-- > 0;)
            text += std::string(random() % 4 == 0 ? random() % 60 : random() % 5, 'x') + "\n";
        bool const open = random() % 2 == 0;
        if (open) text += "open";
        auto const begin = text.find('\n') == std::string::npos ? 0 : text.find('\n') + 1;
        auto const whole = text.substr(begin, text.rfind('\n') + 1 - begin);
        for (std::int64_t size : {1, 2, 3, 7, 20, 64, 1000}) {
            INFO("size " << size << ", text " << text);
            auto const read =
                readBy(size, text, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(text.size()));
            CHECK(read.text == whole);
            CHECK(read.end == static_cast<std::int64_t>(begin + whole.size()));
        }
    }
}

TEST_CASE("lines that end behind the limit are not there yet", "[efd][lines]") {
    std::string const text = "one\ntwo\nthree\nfour\n";
    for (std::int64_t size : {1, 3, 4, 5, 100}) {
        INFO(size);
        CHECK(readBy(size, text, 0, 8).text == "one\ntwo\n");
        CHECK(readBy(size, text, 0, 12).text == "one\ntwo\n");
        CHECK(readBy(size, text, 0, 14).text == "one\ntwo\nthree\n");
    }
}

TEST_CASE("a file that became shorter has the lines that are left", "[efd][lines]") {
    auto const file = fileWith("one\ntwo\nthr");
    efd::SampleText buffer;
    CHECK(efd::readLines({file.get(), 0, 100, 1000, true}, "a test", buffer) == 8);
    CHECK(buffer.text() == "one\ntwo\n");
    CHECK_FALSE(efd::readLines({file.get(), 100, 200, 1000, false}, "a test", buffer));
    CHECK(buffer.text().empty());
}

TEST_CASE("a line that goes on for megabytes is refused, and in nobody else's range", "[efd][lines]") {
    auto const text = "one\n" + std::string(std::size_t{9} << 20, 'x') + "\ntwo\n";
    auto const file = fileWith(text);
    auto const size = static_cast<std::int64_t>(text.size());
    efd::SampleText buffer;
    CHECK_THROWS_AS(efd::readLines({file.get(), 0, 100, size, true}, "a test", buffer), common::Error);
    CHECK_FALSE(efd::readLines({file.get(), 100, 1000, size, false}, "a test", buffer));
    CHECK(efd::readLines({file.get(), size - 6, size, size, false}, "a test", buffer) == size);
    CHECK(buffer.text() == "two\n");
}
