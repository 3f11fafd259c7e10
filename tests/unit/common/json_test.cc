#include "common/error.h"
#include "common/json.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

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

TEST_CASE("UTF-8 is told from other bytes") {
    CHECK(dbb::common::isUtf8("plain é € 😀"));
    for (auto const *text : {"\x80", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"}) {
        CHECK_FALSE(dbb::common::isUtf8(text));
    }
}
