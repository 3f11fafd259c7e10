#include "common/error.h"
#include "common/json.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <optional>

using dbb::common::Json;

TEST_CASE("JSON is read and written with exact numbers") {
    auto const text = R"({"a":[1,-2,30.0,1e3,0.1,12345678901234567,true,false,null],"b":"é\n\"\\","c":{}})";
    auto const value = Json::parse(text);
    CHECK(value["a"].array()[0].isInt());
    CHECK(value["a"].array()[2].isDouble());
    CHECK(value["a"].array()[5].integer() == 12345678901234567);
    CHECK(value["b"].string() == "é\n\"\\");
    CHECK(value.dump()
          == R"({"a":[1,-2,30.0,1000.0,0.1,12345678901234567,true,false,null],"b":"é\n\"\\","c":{}})");
    CHECK(Json::parse(value.dump()) == value);
    CHECK(Json(5e-324).dump() == "5e-324");
    CHECK(Json(0x1.77e4326b2457fp+5).dump() == "46.9864242907015");
}

TEST_CASE("what JSON can't hold becomes null or a replacement character") {
    CHECK(Json(std::numeric_limits<double>::quiet_NaN()).dump() == "null");
    CHECK(Json(-std::numeric_limits<double>::infinity()).dump() == "null");
    CHECK(Json(std::string("a\xff")).dump() == "\"a\xEF\xBF\xBD\"");
    CHECK(Json(std::string("\x01\x1f")).dump() == "\"\\u0001\\u001f\"");
}

TEST_CASE("texts that are no JSON are refused") {
    for (auto const *text :
         {"", "{", "{\"a\":}", "[1,]", "nul", "1 2", "{} x", "\"\xff\"", "NaN", "{'a':1}", "01"}) {
        INFO(text);
        CHECK_THROWS_AS(Json::parse(text), dbb::common::Error);
    }
}

TEST_CASE("what JSON allows beyond our types is read as jq reads it") {
    auto const value = Json::parse(
        R"({"i":[12345678901234567890123,-9223372036854775809,18446744073709551615,9223372036854775807],)"
        R"("d":[1e400,-1E+400,1e-400,-0.0],"s":["a\ud800","\udc00\u0041","\ud83d\ude00","\\ud800"]})");
    CHECK(
        value.dump()
        == R"({"i":[1.2345678901234568e+22,-9223372036854775808.0,18446744073709551616.0,9223372036854775807],)"
           R"("d":[1.7976931348623157e+308,-1.7976931348623157e+308,0.0,-0.0],)"
           "\"s\":[\"a\xEF\xBF\xBD\",\"\xEF\xBF\xBD"
           "A\",\"\xF0\x9F\x98\x80\",\"\\\\ud800\"]}");
    // Mending one thing makes nothing else acceptable.
    for (auto const *text : {"[1e400,]", "[01e400]", "[1e400e]", "[\"\\ud800\",\"\\x\"]", "[\"\\ud80\"]",
                             "[-e400]", "[1.e400]"}) {
        INFO(text);
        CHECK_THROWS_AS(Json::parse(text), dbb::common::Error);
    }
}

TEST_CASE("of a repeated key the last value counts, at every depth") {
    auto const value = Json::parse(R"({"a":1,"o":{"x":1,"y":[{"k":1,"k":2}],"x":3},"a":{"b":2,"b":null}})");
    CHECK(value.dump() == R"({"a":{"b":null},"o":{"x":3,"y":[{"k":2}]}})");
    // More keys than are looked through one by one.
    std::string many = "{";
    for (int i = 0; i < 2000; ++i) many += "\"k" + std::to_string(i % 1000) + "\":" + std::to_string(i) + ",";
    auto const big = Json::parse(many + "\"last\":0}");
    CHECK(big.object().size() == 1001);
    CHECK(big["k0"].integer() == 1000);
    CHECK(big["k999"].integer() == 1999);
}

TEST_CASE("objects of plain values are cut as others, and all else is refused") {
    using Members = std::vector<std::pair<std::string, std::string>>;
    auto const cut = [](std::string_view text) -> std::optional<Members> {
        Members out;
        auto const take = [&](std::string_view key, std::string_view value) {
            out.emplace_back(key, value);
            return true;
        };
        return dbb::common::splitPlain(text, take) ? std::optional(out) : std::nullopt;
    };
    std::string const plain =
        R"({"a":-1,"b c":"x, {y} : z","":"","d":1.50E+3,"e":null,"f":true,"g":false,"h":0})";
    Members expected;
    for (auto const &member : dbb::common::splitObject(plain))
        expected.emplace_back(member.key, member.value);
    CHECK(cut(plain) == expected);
    CHECK(cut(R"(,"h":0})") == Members{{"h", "0"}});
    for (auto const *text : {"",
                             "{",
                             "{}",
                             "[]",
                             R"({"a":1)",
                             R"({"a":1}x)",
                             R"({"a":1,})",
                             R"({"a":1 })",
                             R"({"a" :1})",
                             R"({"a":[1]})",
                             R"({"a":{}})",
                             R"({"a":"\\"})",
                             R"({"\n":1})",
                             R"({"a":"é"})",
                             R"({"a":01})",
                             R"({"a":1.})",
                             R"({"a":nul})",
                             R"({"a":nulls})",
                             R"({a:1})",
                             R"({"a":"b)",
                             "{\"a\":\"\t\"}"}) {
        INFO(text);
        CHECK_FALSE(cut(text));
    }
    CHECK_FALSE(dbb::common::splitPlain(plain, [](auto key, auto) { return key != "b c"; }));
}

TEST_CASE("UTF-8 is told from other bytes") {
    CHECK(dbb::common::isUtf8("plain é € 😀"));
    for (auto const *text : {"\x80", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"}) {
        CHECK_FALSE(dbb::common::isUtf8(text));
    }
}
