#include "telemetry/line_protocol.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

using namespace dbb;

namespace {

/// What a parser hands on, as text, and what it says of lines.
struct Words {
    std::vector<std::string> rows{};
    std::vector<std::string> said{};
};

/// Keeps them.
struct Heard : Words {
    struct Topic {
        explicit Topic(Heard &owner) : heard(owner) {}
        std::size_t placeOf(std::string_view field) {
            if (field.starts_with("none")) return static_cast<std::size_t>(-1);
            names.emplace_back(field);
            return names.size() - 1;
        }
        void begin() { row.clear(); }
        void set(std::size_t place, telemetry::Value const &value) {
            row += names[place] + "="
                   + (value.kind == telemetry::Kind::Text      ? heard.pool.at(value.text)
                      : value.kind == telemetry::Kind::Integer ? std::to_string(value.integer) + "i"
                                                               : std::to_string(value.asDouble()))
                   + " ";
        }
        void commit(std::int64_t t_ns, telemetry::SourceScale) {
            heard.rows.push_back(row + std::to_string(t_ns));
        }
        Heard &heard;
        std::vector<std::string> names{};
        std::string row{};
    };

    Topic *topic(std::string_view name) {
        return name == "t" ? &topics.try_emplace("t", *this).first->second : nullptr;
    }
    telemetry::TextPool &texts() { return pool; }

    std::map<std::string, Topic> topics{};
    telemetry::TextPool pool{};
};

/// A text handed on in pieces of a size.
Words heardOf(std::string const &text, std::size_t size,
              telemetry::SourceScale scale = telemetry::SourceScale::Tai) {
    Heard out;
    telemetry::LineProtocol<Heard, Heard::Topic, telemetry::SourceScale> parser(
        out, scale, 1, [&](std::int64_t number, std::string const &reason) {
            out.said.push_back(std::to_string(number) + ": " + reason);
        });
    for (std::size_t at = 0; at < text.size(); at += size)
        parser.feed(std::string_view(text).substr(at, size));
    parser.finish();
    return {out.rows, out.said};
}

} // namespace

TEST_CASE("lines are the same in whatever pieces they come", "[telemetry]") {
    std::string const text = "t a=1 10\n"
                             "t s=\"two\nlines, \\\"b\\\" and \\\\\" 11\n"
                             "# a comment with one \"\n"
                             "t a=2,s=\"x\" 12\n"
                             "other s=\"open 13\n"
                             "t a=3 14\n"
                             "t s=\"open 15\n"
                             "t a=4 16\n"
                             "nonsense\n"
                             "t a=5 17";
    std::vector<std::string> const rows{"a=1.000000 10", "s=two\nlines, \"b\" and \\ 11",
                                        "a=2.000000 s=x 12"};
    // The quote of line 6 is closed in line 8, and what is behind that is no field.
    auto const whole = heardOf(text, text.size());
    REQUIRE(whole.rows.size() > rows.size());
    CHECK(std::vector(whole.rows.begin(), whole.rows.begin() + 3) == rows);
    CHECK(whole.rows.back() == "a=5.000000 17");
    CHECK(whole.said.back() == "10: it has no fields");
    for (std::size_t size = 1; size < text.size(); ++size) {
        INFO(size);
        auto const inPieces = heardOf(text, size);
        CHECK(inPieces.rows == whole.rows);
        CHECK(inPieces.said == whole.said);
    }
}

TEST_CASE("a quote that is never closed costs its own line", "[telemetry]") {
    std::string text = "t a=1,s=\"open 1\n";
    for (int k = 0; k < 120'000; ++k) text += "t a=2 2 \n";
    auto const costsOne = [&](std::size_t rows) {
        for (std::size_t const size : {std::size_t{4096}, text.size()}) {
            auto const heard = heardOf(text, size);
            CHECK(heard.said == std::vector<std::string>{"1: a text is not closed"});
            CHECK(heard.rows.size() == rows);
        }
    };
    costsOne(120'000);
    // Nor when there is another quote, which is too far behind it.
    text += "t a=3,s=\"x\" 3\n";
    costsOne(120'001);
}

TEST_CASE("a line that is longer than any is passed over", "[telemetry]") {
    std::string const text = "t a=1 1\nt a=" + std::string(std::size_t{3} << 20, '1') + " 2\nt a=3 3\n";
    auto const heard = heardOf(text, std::size_t{1} << 18);
    CHECK(heard.said == std::vector<std::string>{"2: it is too long"});
    CHECK(heard.rows == std::vector<std::string>{"a=1.000000 1", "a=3.000000 3"});
}

TEST_CASE("the last line may be cut within its time", "[telemetry]") {
    auto const heard = heardOf("t a=1 1735689600000000000\nt a=2 173568960", 7);
    CHECK(heard.said == std::vector<std::string>{"2: the input ends within its time stamp"});
    CHECK(heard.rows.size() == 1);
    // Also without its last digit only, which may be more than a tenth of the one before.
    CHECK(heardOf("t a=1 1735689600000000000\nt a=2 173568960100000000", 7).said == heard.said);
    CHECK(heardOf("t a=1 1735689600000000000\nt a=2 1735689601000000000", 7).rows.size() == 2);
    CHECK(heardOf("t a=1 1735689600000000000\nt a=2 173568960\n", 7).rows.size() == 2);
}

TEST_CASE("times are between 1970 and 2100", "[telemetry]") {
    auto const heard =
        heardOf("t a=1 -1\nt a=2 0\nt a=3 4102444800000000000\nt a=4 4102444800000000001\n", 64);
    CHECK(heard.rows == std::vector<std::string>{"a=2.000000 0", "a=3.000000 4102444800000000000"});
    CHECK(heard.said
          == std::vector<std::string>{"1: its time stamp is not between 1970 and 2100",
                                      "4: its time stamp is not between 1970 and 2100"});
    // 1972-01-01T00:00:00Z, and a nanosecond before it.
    auto const utc =
        heardOf("t a=1 63071999999999999\nt a=2 63072000000000000\n", 64, telemetry::SourceScale::Utc);
    CHECK(utc.rows == std::vector<std::string>{"a=2.000000 63072000000000000"});
    CHECK(utc.said
          == std::vector<std::string>{
              "1: its time stamp is not between 1972, when UTC as it is now began, and 2100"});
}

TEST_CASE("a value is the same alone and among many, and as good when nobody asks for it", "[telemetry]") {
    std::string const many = ",a=1.25,b=-0.5,none1=12.125,c=7i,none2=-3i,d=true,none3=0.25,e=2,none4=5";
    for (auto const *value : {"5",
                              "-5",
                              "0",
                              "-0",
                              "-0.0",
                              "0i",
                              "-0i",
                              "7i",
                              "-12i",
                              "123456789012345678i",
                              "9223372036854775807i",
                              "9223372036854775808i",
                              "-9223372036854775808i",
                              "7u",
                              "5.",
                              ".5",
                              "-.5",
                              "1.2.3",
                              "1..2",
                              "--5",
                              "5-",
                              "",
                              "-",
                              ".",
                              "i",
                              "-i",
                              "1.5i",
                              "5ii",
                              "1e5",
                              "1.5e-3",
                              "0.12345678901234567",
                              "12345678901234567890",
                              "1234567890123456.5",
                              "t",
                              "false",
                              "yes",
                              "nan",
                              "inf",
                              "-inf",
                              "+5",
                              "0x1",
                              "\"text\"",
                              "\"a, b=1 c\"",
                              "\"open",
                              "5\\",
                              "5=6"}) {
        for (std::string const name : {"v", "none", "noneOfThese"}) {
            auto const field = name + "=" + value;
            auto const alone = heardOf("t " + field + " 17\n", 1000);
            // The first line teaches the names, the second one has them in their places; others are behind
            // it.
            auto const front = name + "=1.5" + many + " 16\n", behind = "t a=1 18\n" + std::string(200, '\n');
            auto const among = heardOf("t " + front + "t " + field + many + " 17\n" + behind, 10'000);
            INFO(field);
            REQUIRE(among.rows.size() == alone.rows.size() + 2);
            CHECK(among.said.size() == alone.said.size());
            for (auto const &row : alone.rows) {
                auto const values = row.substr(0, row.size() - 2); // without the time
                CHECK(among.rows[1].starts_with(values));
                CHECK(among.rows[1].ends_with("a=1.250000 b=-0.500000 c=7i d=1.000000 e=2.000000 17"));
            }
            for (auto const &said : alone.said) CHECK(among.said[0] == "2" + said.substr(1));
        }
    }
}
