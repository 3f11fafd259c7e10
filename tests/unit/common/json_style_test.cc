// JSON as Python's tools write it. Expected texts: json.dumps of Python 3.11 and pydantic 2.14.
#include "common/json_style.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace dbb::common;

namespace {

struct Floats {
    double value;
    char const *python;
    char const *pydantic;
};

} // namespace

TEST_CASE("floats are written as Python and as pydantic write them", "[json]") {
    auto const floats =
        GENERATE(Floats{5, "5.0", "5.0"}, Floats{0, "0.0", "0.0"}, Floats{-0.0, "-0.0", "-0.0"},
                 Floats{0.0001, "0.0001", "0.0001"}, Floats{0.00001, "1e-05", "0.00001"},
                 Floats{1.5e-5, "1.5e-05", "0.000015"},
                 Floats{-8.921561762690544e-6, "-8.921561762690544e-06", "-8.921561762690544e-6"},
                 Floats{1e15, "1000000000000000.0", "1000000000000000.0"}, Floats{1e16, "1e+16", "1e+16"},
                 Floats{1.25e100, "1.25e+100", "1.25e+100"}, Floats{123456.789, "123456.789", "123456.789"},
                 Floats{5e-324, "5e-324", "5e-324"});
    CHECK(dumpJson(floats.value, JsonStyle::Python) == floats.python);
    CHECK(dumpJson(floats.value, JsonStyle::Pydantic) == floats.pydantic);
}

TEST_CASE("texts and containers are written as Python and as pydantic write them", "[json]") {
    auto const value =
        Json::parse(R"({"a":[1,true,null,"\u00e9 \ud83d\ude00 \" \b \\u0008"],"b":{},"c":[]})");
    CHECK(dumpJson(value, JsonStyle::Python)
          == R"({"a": [1, true, null, "\u00e9 \ud83d\ude00 \" \b \\u0008"], "b": {}, "c": []})");
    CHECK(dumpJson(value, JsonStyle::Pydantic)
          == "{\"a\":[1,true,null,\"\xC3\xA9 \xF0\x9F\x98\x80 \\\" \\b \\\\u0008\"],\"b\":{},\"c\":[]}");
}

TEST_CASE("Python's constants are read where JSON has none", "[json]") {
    auto const value = parsePythonJson(R"({"a":NaN,"b":[-Infinity,Infinity],"c":"NaN \" NaN","d":"x"})");
    CHECK(std::isnan(value["a"].number()));
    CHECK(value["b"].array()[0].number() == -std::numeric_limits<double>::infinity());
    CHECK(value["b"].array()[1].number() == std::numeric_limits<double>::infinity());
    CHECK(value["c"].string() == "NaN \" NaN");
    CHECK(dumpJson(value, JsonStyle::Python)
          == R"({"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \" NaN", "d": "x"})");
    CHECK_THROWS(parsePythonJson("{\"a\":NaNa}"));
    CHECK_THROWS(parsePythonJson("{\"a\":}"));
}
