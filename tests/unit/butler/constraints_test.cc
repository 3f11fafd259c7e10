#include "butler/constraints.h"

#include "butler/embedded.h"

#include "test_repo.h"

using namespace dbb;
using butler::Constraints;
using common::Json;

namespace {

bool accepts(std::string const &json, std::string const &type, std::string const &instrument = "LATISS",
             std::vector<std::string> const &dimensions = {"instrument", "detector", "exposure"},
             std::string const &storageClass = "Exposure") {
    static auto const universe = butler::Universe::parse(butler::embedded::dimensionsJson());
    auto const group = universe.group(dimensions);
    return Constraints(Json::parse(json)).accept(universe, {type, storageClass, group, instrument});
}

} // namespace

TEST_CASE("what a datastore accepts", "[butler][constraints]") {
    CHECK(accepts("null", "raw"));
    CHECK(accepts("{}", "raw"));
    // A list of accepted ones keeps out the rest, one of rejected ones lets it in.
    CHECK(accepts(R"({"accept":["raw"]})", "raw"));
    CHECK_FALSE(accepts(R"({"accept":["raw"]})", "bias"));
    CHECK_FALSE(accepts(R"({"reject":["raw"]})", "raw"));
    CHECK(accepts(R"({"reject":["raw"]})", "bias"));
    CHECK(accepts(R"({"accept":[]})", "raw"));
    // By storage class, and by dimensions with all that they require.
    CHECK(accepts(R"({"accept":["Exposure"]})", "raw"));
    CHECK(accepts(R"({"accept":["exposure+detector"]})", "raw"));
    CHECK_FALSE(accepts(R"({"accept":["exposure+"]})", "raw"));
    CHECK(accepts(R"({"accept":["instrument+"]})", "camera", "LATISS", {"instrument"}));
    CHECK_FALSE(accepts(R"({"accept":["nothing+detector"]})", "raw"));
    CHECK_FALSE(accepts(R"({"accept":["+"]})", "raw", "", {}));
    // Who is named is accepted, whatever else is said.
    CHECK(accepts(R"({"accept":["raw"],"reject":["raw","Exposure","all"]})", "raw"));
    CHECK(accepts(R"({"accept":["all"]})", "raw"));
    CHECK_FALSE(accepts(R"({"accept":["all"],"reject":["Exposure"]})", "raw"));
    CHECK_FALSE(accepts(R"({"reject":["all"]})", "raw"));
    CHECK(accepts(R"({"accept":["raw"],"reject":["all"]})", "raw"));
}

TEST_CASE("what a datastore accepts of an instrument", "[butler][constraints]") {
    std::string const named = R"({"accept":[{"instrument<LATISS>":["raw"]}]})";
    CHECK(accepts(named, "raw"));
    CHECK_FALSE(accepts(named, "raw", "LSSTCam"));
    CHECK_FALSE(accepts(named, "raw", ""));
    std::string const rejected = R"({"reject":[{"instrument<LATISS>":["raw","bias"]}]})";
    CHECK_FALSE(accepts(rejected, "raw"));
    CHECK(accepts(rejected, "raw", "LSSTCam"));
    CHECK_FALSE(accepts(R"({"accept":["all"],"reject":[{"instrument<LATISS>":["all"]}]})", "raw"));
    CHECK(accepts(R"({"accept":["all"],"reject":[{"instrument<LATISS>":["all"]}]})", "raw", "HSC"));
    CHECK(accepts(R"({"accept":[{"instrument<LATISS>":["all"]}]})", "raw"));
    CHECK_FALSE(accepts(R"({"accept":[{"instrument<LATISS>":["all"]}]})", "raw", "HSC"));
    // Of other dimensions the Butler makes nothing, but there is a list.
    CHECK_FALSE(accepts(R"({"accept":[{"detector<5>":["raw"]}]})", "raw"));
    CHECK(accepts(R"({"reject":[{"detector<5>":["all"]}]})", "raw"));
}

TEST_CASE("constraints that the Butler would not take", "[butler][constraints]") {
    for (auto const *json :
         {R"(7)", R"({"accept":"raw"})", R"({"reject":null})", R"({"accept":[7]})",
          R"({"accept":[{"instrument<X>":"raw"}]})", R"({"accept":[{"instrument":["raw"]}]})",
          R"({"accept":[{"instrument<>":["raw"]}]})", R"({"accept":[{"a<b>":["x"],"c<d>":["y"]}]})",
          R"({"accept":[{"instrument<X>":[7]}]})", R"({"accept":["all"],"reject":["all"]})"}) {
        CAPTURE(json);
        auto const e = test::errorOf([&] { accepts(json, "raw"); });
        CHECK(e.code() == "REPO_UNSUPPORTED");
        CHECK(e.message().starts_with("constraints"));
    }
}
