#include "butler/schema.h"
#include "test_repo.h"

#include "butler/embedded.h"

using namespace dbb;
using butler::Universe;
using common::Json;

namespace {

std::vector<std::string> names(Json const &array) {
    std::vector<std::string> out;
    for (auto const &item : array.array()) out.push_back(item.string());
    return out;
}

Universe universe(std::int64_t version) {
    if (version == 8) return Universe::parse(butler::embedded::dimensionsJson());
    return Universe::parse(test::data("butler/dimensions-universe" + std::to_string(version) + ".json"));
}

} // namespace

TEST_CASE("elements, columns and groups of every universe are those of the Butler", "[butler][universe]") {
    for (auto const &facts : test::jsonLines("butler/universe-facts.jsonl")) {
        auto const version = facts["version"].integer();
        CAPTURE(version);
        auto const u = universe(version);
        CHECK(u.version() == version);
        CHECK(u.nameSpace() == facts["namespace"].string());
        CHECK(u.commonSkypix() == "htm7");
        CHECK(u.commonSkypixSystem() == "htm");
        CHECK(u.commonSkypixLevel() == 7);
        REQUIRE(u.elements().size() == facts["elements"].array().size());
        for (std::size_t i = 0; i < u.elements().size(); ++i) {
            auto const &expected = facts["elements"].array()[i];
            auto const &element = u.elements()[i];
            CAPTURE(element.name);
            CHECK(element.name == expected["name"].string());
            CHECK(u.requiredOf(element) == names(expected["required"]));
            CHECK(u.impliedOf(element) == names(expected["implied"]));
            std::vector<std::string> columns;
            for (auto const &column : butler::recordColumns(u, element)) columns.push_back(column.name);
            CHECK(columns == names(expected["columns"]));
        }
        for (auto const &expected : facts["groups"].array()) {
            CAPTURE(expected.dump());
            auto const group = u.group(names(expected["of"]));
            CHECK(group.required == names(expected["required"]));
            CHECK(group.implied == names(expected["implied"]));
            CHECK(group.names == names(expected["names"]));
        }
    }
}

TEST_CASE("flags of elements", "[butler][universe]") {
    auto const u = universe(8);
    CHECK(u.at("instrument").governor);
    CHECK(u.at("visit").spatial);
    CHECK(u.at("visit").temporal);
    CHECK(u.at("day_obs").temporal);
    CHECK_FALSE(u.at("exposure").spatial);
    CHECK(u.at("band").union_target == "physical_filter");
    CHECK_FALSE(u.at("band").hasTable());
    CHECK_FALSE(u.at("htm7").hasTable());
    CHECK_FALSE(u.at("visit_definition").isDimension());
    CHECK(u.governorOf(u.at("patch")) == "skymap");
    CHECK(u.governorOf(u.at("band")).empty());
    CHECK(u.at("exposure").keys[1].name == "obs_id");
    CHECK(u.at("exposure").keys[1].length == 64);
    CHECK_FALSE(u.at("patch").metadata[0].nullable);
}

TEST_CASE("unknown elements get the nearest known one", "[butler][universe]") {
    auto const u = universe(8);
    auto const e = test::errorOf([&] { u.at("exposur"); });
    CHECK(e.code() == "BAD_VALUE");
    CHECK(e.hint() == "did you mean exposure?");
    CHECK(test::errorOf([&] { u.group({"visit_definition"}); }).code() == "BAD_VALUE");
    CHECK(u.find("exposur") == nullptr);
}

TEST_CASE("broken universes are refused", "[butler][universe]") {
    auto const text =
        GENERATE(as<std::string>{}, "", "{", "[]", "{}", R"({"elements":{}})",
                 R"({"skypix":{"common":"htm7"},"elements":{"a":{"requires":["b"]}}})",
                 R"({"skypix":{"common":"htm7"},"elements":{"a":{"requires":["a"]}}})",
                 R"({"skypix":{"common":"htm7"},"elements":{"a":{"keys":[{"name":"x","type":"odd"}]}}})",
                 R"({"skypix":{"common":"htm7"},"elements":{"a":{"keys":[{"type":"int"}]}}})",
                 R"({"skypix":{"common":"htm7","htm":{}},"elements":{}})",
                 R"({"skypix":{"common":"htm7"},"elements":{"a":7}})");
    CAPTURE(text);
    auto const e = test::errorOf([&] { Universe::parse(text); });
    CHECK(e.code() == "REPO_UNSUPPORTED");
    CHECK(e.exitCode() == common::ExitCode::Damaged);
}
