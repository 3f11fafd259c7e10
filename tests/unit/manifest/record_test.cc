#include "common/error.h"
#include "manifest/reason.h"
#include "manifest/record.h"

#include <catch2/catch.hpp>
#include <set>

using namespace dbb;
using manifest::Record;

TEST_CASE("unknown keys pass byte for byte") {
    std::string const line =
        R"({ "type" : "file", "uri":"a","x":[1.0, 1e3 ,{"}":"]\""}] , "big":12345678901234567890,"e":"\u00e9"})";
    auto record = Record::parse(line);
    CHECK(
        record.line()
        == R"({"type":"file","uri":"a","x":[1.0, 1e3 ,{"}":"]\""}],"big":12345678901234567890,"e":"\u00e9"})");
    record.set("uri", "b").set("new", 30.0);
    CHECK(
        record.line()
        == R"({"type":"file","uri":"b","x":[1.0, 1e3 ,{"}":"]\""}],"big":12345678901234567890,"e":"\u00e9","new":30.0})");
    CHECK(record.length() == record.line().size());
    CHECK(Record().length() == Record().line().size());
    record.erase("x");
    CHECK_FALSE(record.has("x"));
}

TEST_CASE("unknown keys may hold whatever JSON can") {
    for (auto const *rest : {R"("big":123456789012345678901234567890)", R"("huge":[1e400,-1e999])",
                             R"("half":{"\ud800":"\udfff\ud800"})", R"("a\/b\ud800\u00e9":1)"}) {
        auto const line = std::string(R"({"type":"file","uri":"a",)") + rest + "}";
        CHECK(Record::parse(line).line() == line);
    }
    CHECK(Record::parse(R"({"type":"x","a\/b":1})").integer("a/b") == 1);
}

TEST_CASE("of a repeated key the last value counts") {
    CHECK(Record::parse(R"({"type":"a","k":1,"type":"b","k":2})").line() == R"({"type":"b","k":2})");
}

TEST_CASE("values are read leniently where jq changes them") {
    auto const record =
        Record::parse(R"({"type":"x","i":30.0,"s":"12345678901234567","t":"12x","f":1.5,"n":null})");
    CHECK(record.integer("i") == 30);
    CHECK(record.integer("s") == 12345678901234567);
    CHECK_FALSE(record.integer("n"));
    CHECK_FALSE(record.integer("absent"));
    CHECK_THROWS_AS(record.integer("t"), common::Error);
    CHECK_THROWS_AS(record.integer("f"), common::Error);
    CHECK_THROWS_AS(record.text("absent"), common::Error);
}

TEST_CASE("errors become objects completed from the catalogue") {
    common::Error const e = common::Error("BAD_DATE", "card DATE-END is wrong")
                                .cause({.card = "DATE-END", .value = "x", .expected = "a date"});
    CHECK(manifest::errorObject(e).dump()
          == R"({"code":"BAD_DATE","stage":"translate","message":"card DATE-END is wrong",)"
             R"("cause":{"card":"DATE-END","value":"x","expected":"a date"},)"
             R"("hint":"correct the header with a file in --corrections","retry":false})");
}

TEST_CASE("the catalogue is sound") {
    std::set<std::string_view> codes;
    std::set<std::string_view> const stages{"input",    "read",     "recognise", "translate",
                                            "register", "transfer", "commit"};
    for (auto const &reason : manifest::reasons()) {
        INFO(reason.code);
        CHECK(codes.insert(reason.code).second);
        CHECK(stages.contains(reason.stage));
        CHECK(reason.meaning.ends_with('.'));
        CHECK((!reason.remedy.empty() || reason.code == "USAGE"));
    }
}
