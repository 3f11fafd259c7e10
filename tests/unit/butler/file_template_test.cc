#include "butler/file_template.h"

#include "butler/embedded.h"
#include "common/uri.h"
#include "test_repo.h"

using namespace dbb;
using butler::formatTemplate;
using common::Json;

namespace {

std::map<std::string, std::string> const rawFields{{"run", "TestCam/raw/all"},
                                                   {"datasetType", "raw"},
                                                   {"instrument", "TestCam"},
                                                   {"physical_filter", "r_01"},
                                                   {"day_obs", "20210202"},
                                                   {"exposure", "2021020200001"},
                                                   {"exposure.obs_id", "TC_O_20210202_000001"},
                                                   {"detector.full_name", "R00_S00"}};

std::string codeOf(std::string const &text, std::map<std::string, std::string> const &fields) {
    return test::errorOf([&] { formatTemplate(text, fields, ""); }).code();
}

} // namespace

TEST_CASE("the raw template gives the Butler's path", "[butler][template]") {
    CHECK(formatTemplate(butler::defaultRawTemplate, rawFields, ".fits")
          == "TestCam/raw/all/raw/20210202/TC_O_20210202_000001/"
             "raw_TestCam_r_01_TC_O_20210202_000001_R00_S00_TestCam_raw_all.fits");
    CHECK(formatTemplate(butler::defaultTemplate,
                         {{"run", "TestCam/biasrun"},
                          {"datasetType", "bias"},
                          {"instrument", "TestCam"},
                          {"detector.full_name", "R00_S00"}},
                         ".fits")
          == "TestCam/biasrun/bias/bias_TestCam_R00_S00_TestCam_biasrun.fits");
    CHECK(formatTemplate(butler::defaultTemplate, {{"run", "u/me/run1"}, {"datasetType", "someConfig"}},
                         ".yaml")
          == "u/me/run1/someConfig/someConfig_u_me_run1.yaml");
}

TEST_CASE("templates are formatted as the Butler formats them", "[butler][template]") {
    for (auto const &vector : test::jsonLines("butler/template-vectors.jsonl")) {
        CAPTURE(vector.dump());
        std::map<std::string, std::string> fields;
        for (auto const &[name, value] : vector["fields"].object()) fields[name] = value.string();
        auto const text = vector["template"].string();
        if (vector["path"].isNull()) {
            CHECK(codeOf(text, fields) == "BAD_TEMPLATE");
        } else {
            CHECK(formatTemplate(text, fields, "") == vector["path"].string());
        }
    }
}

TEST_CASE("no value leaves the folder", "[butler][template]") {
    CHECK(codeOf("{run:/}/x", {{"run", "../../etc"}}) == "BAD_TEMPLATE");
    CHECK(codeOf("{run:/}/x", {{"run", "a/../b"}}) == "BAD_TEMPLATE");
    CHECK(codeOf("{run:/}/{name}", {{"run", "a"}, {"name", ".."}}) == "BAD_TEMPLATE");
    CHECK(codeOf("{run:?}", {}) == "BAD_TEMPLATE");
    CHECK(codeOf("{run}", {{"run", std::string("a\0b", 3)}}) == "BAD_TEMPLATE");
    CHECK(formatTemplate("{run:/}/{name}", {{"run", "/abs/"}, {"name", "../x"}}, "") == "abs/___x");
}

TEST_CASE("templates that can't be read are refused", "[butler][template]") {
    auto const text = GENERATE(as<std::string>{}, "{run", "run}", "{}", "{a{b}}", "{run!r}", "{run:x}",
                               "{run:.3f}", "{run:,}", "{run:99999999999999999999}", "{missing}");
    CAPTURE(text);
    CHECK(codeOf(text, {{"run", "r"}}) == "BAD_TEMPLATE");
}

TEST_CASE("the template that applies", "[butler][template]") {
    auto const universe = butler::Universe::parse(butler::embedded::dimensionsJson());
    auto const raw = universe.group({"instrument", "detector", "exposure"});
    auto const bias = universe.group({"instrument", "detector"});
    auto const rawFor = [&](Json const &configured, char const *instrument = "LATISS") {
        return butler::templateFor(configured, universe, "raw", raw, "Exposure", instrument);
    };
    CHECK(rawFor({}) == butler::defaultRawTemplate);
    CHECK(butler::templateFor({}, universe, "bias", bias, "ExposureF", "LATISS") == butler::defaultTemplate);
    CHECK(rawFor(Json::parse(R"({"raw":"a{run}","default":"b{run}"})")) == "a{run}");
    CHECK(rawFor(Json::parse(R"({"Exposure":"e{run}"})")) == "e{run}");
    CHECK(rawFor(Json::parse(R"({"exposure+detector":"g{run}","Exposure":"e{run}"})")) == "g{run}");
    // The Butler's own entry for these dimensions comes before a configured default.
    CHECK(rawFor(Json::parse(R"({"default":"b{run}"})")) == butler::defaultRawTemplate);
    CHECK(butler::templateFor(Json::parse(R"({"default":"b{run}"})"), universe, "bias", bias, "ExposureF",
                              "LATISS")
          == "b{run}");
    auto const special = Json::parse(R"({"raw":"a{run}","instrument<HSC>":{"raw":"h{run}"}})");
    CHECK(rawFor(special, "HSC") == "h{run}");
    CHECK(rawFor(special) == "a{run}");
    auto const pixels = universe.group({"htm7"});
    CHECK(butler::templateFor(Json::parse(R"({"+":"a{run}","htm7+":"b{run}"})"), universe, "refcat", pixels,
                              "Catalog", "")
          == "b{run}");
    CHECK(rawFor(Json::parse(R"({"unknown+dimension":"x"})")) == butler::defaultRawTemplate);
    CHECK(test::errorOf([&] { rawFor(Json::parse(R"({"raw":1})")); }).code() == "BAD_TEMPLATE");
    CHECK(test::errorOf([&] { rawFor(Json("x")); }).code() == "BAD_TEMPLATE");
}

TEST_CASE("extensions as the Butler sees them", "[butler][template]") {
    CHECK(butler::extensionOf("a.fits") == ".fits");
    CHECK(butler::extensionOf("/x.y/a.fits.gz") == ".fits.gz");
    CHECK(butler::extensionOf("a.fits.fz") == ".fits.fz");
    CHECK(butler::extensionOf("a.b.fits.bz2") == ".fits.bz2");
    CHECK(butler::extensionOf("x.tar.xz") == ".tar.xz");
    CHECK(butler::extensionOf("x.gz") == ".gz");
    CHECK(butler::extensionOf(".gz") == ".gz");
    CHECK(butler::extensionOf("a.b.c") == ".c");
    CHECK(butler::extensionOf("a").empty());
    CHECK(butler::extensionOf("d.d/x").empty());
}

TEST_CASE("file URIs as the Butler writes and reads them", "[butler][template]") {
    for (auto const &vector : test::jsonLines("butler/uri-vectors.jsonl")) {
        CAPTURE(vector.dump());
        CHECK(common::fileUri(vector["path"].string()) == vector["uri"].string());
        CHECK(common::pathOfUri(vector["uri"].string()) == vector["path"].string());
    }
    // The Butler takes these apart by mistake (a fragment, an encoded blank); encoded it reads them right.
    CHECK(common::fileUri("/data/c#d%20.fits") == "file:///data/c%23d%2520.fits");
    CHECK(common::pathOfUri("file:///data/c%23d%2520.fits") == "/data/c#d%20.fits");
    CHECK(common::pathOfUri("file:///data/c#d.fits") == "/data/c");
    CHECK(common::pathOfUri("/data/c%20#d.fits") == "/data/c%20#d.fits");
    CHECK(common::pathOfUri("file://localhost/a%2") == "/a%2");
}
