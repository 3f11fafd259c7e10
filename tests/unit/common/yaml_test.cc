// Types as PyYAML's safe loader gives them (YAML 1.1), except dates and base 60, which stay text.
#include "common/error.h"
#include "common/yaml.h"

#include <catch2/catch.hpp>

using namespace dbb::common;
using Catch::Matchers::Contains;

TEST_CASE("plain scalars get the types of YAML 1.1") {
    for (auto const &[text, value] :
         std::vector<std::pair<std::string, Json>>{{"12", 12},
                                                   {"-3", -3},
                                                   {"012", 10},
                                                   {"0x1F", 31},
                                                   {"1_000", 1000},
                                                   {"0b101", 5},
                                                   {"1.5", 1.5},
                                                   {"1.", 1.0},
                                                   {"1e5", "1e5"},
                                                   {"1.0e+5", 1e5},
                                                   {"1.5e5", "1.5e5"},
                                                   {"yes", true},
                                                   {"Off", false},
                                                   {"y", "y"},
                                                   {"~", Json()},
                                                   {"null", Json()},
                                                   {"2025-04-22", "2025-04-22"},
                                                   {"12:30", "12:30"},
                                                   {"R22_S11", "R22_S11"},
                                                   {"-", "-"},
                                                   {"+", "+"},
                                                   {".", "."},
                                                   {"08", "08"},
                                                   {"99999999999999999999", "99999999999999999999"}}) {
        INFO(text);
        CHECK(plainScalar(text).dump() == value.dump());
    }
}

TEST_CASE("documents become values") {
    auto const value =
        parseYaml("a: &x {p: 1, q: '2'}\nb:\n  <<: *x\n  q: 3\nlist: [no, \"no\", 1.0]\na2: *x\n", "t");
    CHECK(value.dump()
          == R"({"a":{"p":1,"q":"2"},"b":{"p":1,"q":3},"list":[false,"no",1.0],"a2":{"p":1,"q":"2"}})");
    auto const tagged = parseYaml("!<lsst.daf.base.PropertyList>\n- [SIMPLE, Bool, true, x]\n", "t");
    CHECK(tagged.dump() == R"([["SIMPLE","Bool",true,"x"]])");
}

TEST_CASE("a text is one document in UTF-8") {
    CHECK(parseYaml("", "t").isNull());
    CHECK(parseYaml("# nothing\n", "t").isNull());
    CHECK(parseYaml("---\na: \xc3\xa9\n...\n", "t").dump() == "{\"a\":\"\xc3\xa9\"}");
    CHECK(parseYaml("\xef\xbb\xbf"
                    "a: 1\n",
                    "t")
              .dump()
          == R"({"a":1})");
    CHECK_THROWS_WITH(parseYaml("a: 1\n---\na: 2\n", "t"), Contains("holds several documents"));
    CHECK_THROWS_WITH(parseYaml("a: 1\n---\n", "t"), Contains("holds several documents"));
    CHECK_THROWS_WITH(parseYaml("a: \xe9\n", "t"), Contains("not encoded in UTF-8"));
    CHECK_THROWS_WITH(parseYaml(std::string("\xff\xfe"
                                            "a\0:\0 \0001\0",
                                            10),
                                "t"),
                      Contains("not encoded in UTF-8"));
}

TEST_CASE("damage is named with its place, and nothing grows without bound") {
    try {
        parseYaml("a: 1\nb: [1\nc: 2\n", "file.yaml");
        FAIL("no error");
    } catch (Error const &e) {
        CHECK(e.code() == "BAD_YAML");
        CHECK(e.message().starts_with("could not read \"file.yaml\": line "));
    }
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += '[';
    CHECK_THROWS_AS(parseYaml(deep + std::string(100, ']'), "t"), Error);
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; ++i) {
        auto const before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int k = 0; k < 9; ++k) bomb += "," + before;
        bomb += "]\n";
    }
    CHECK_THROWS_AS(parseYaml(bomb, "t"), Error);
}

TEST_CASE("an included file stands in its place") {
    std::vector<std::string> asked;
    auto const include = [&](std::string const &key, std::string const &file) {
        asked.push_back(key + "<" + file);
        return Json(file + "!");
    };
    auto const value = parseYaml("a: {b: !include x.yaml}\nc: [1, !include y.yaml]\n"
                                 "d: !include [p, q]\ne: !include {f: r}\n",
                                 "t", include);
    CHECK(value.dump() == R"({"a":{"b":"x.yaml!"},"c":[1,"y.yaml!"],"d":["p!","q!"],"e":{"f":"r!"}})");
    CHECK(asked == std::vector<std::string>{"a.b<x.yaml", "c.1<y.yaml", "d<p", "d<q", "e<r"});
    CHECK(parseYaml("!include top", "t", include).dump() == "\"top!\"");
    CHECK(asked.back() == "<top");
    CHECK_THROWS_WITH(parseYaml("a: {b: !include [[x]]}", "t", include),
                      Contains("a.b has !include with something else than names of files"));
    CHECK(parseYaml("a: !include x", "t").dump() == R"({"a":"x"})");
}

TEST_CASE("places tell the lines of keys and items, and keys that stand there twice") {
    YamlPlaces places;
    auto const text =
        "# first\na:\n  - p: 1\n    q: {r: 2}\n  -\n    p: 3\nb: &x\n  c: 1\nd:\n  <<: *x\n  c: 2\na: []\n";
    CHECK(parseYaml(text, "t", {}, &places).dump() == R"({"a":[],"b":{"c":1},"d":{"c":2}})");
    CHECK(places.lines.at("a.0.q") == 4);
    CHECK(places.lines.at("a.0.q.r") == 4);
    CHECK(places.lines.at("a.1.p") == 6);
    CHECK(places.lines.at("b") == 7);
    CHECK(places.lines.at("a") == 12);
    CHECK(places.repeated == std::vector<std::string>{"a"}); // but not what replaces a merged one
}
