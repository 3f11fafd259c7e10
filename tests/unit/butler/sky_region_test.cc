#include "butler/sky_region.h"

#include "test_repo.h"

#include <algorithm>
#include <ctime>
#include <set>

using namespace dbb;
using butler::SkyRegion;

namespace {

std::set<std::int64_t> envelopeOf(common::Json const &vector) {
    std::set<std::int64_t> out;
    for (auto const &range : vector["ranges"].array()) {
        for (auto i = range.array()[0].integer(); i < range.array()[1].integer(); ++i) out.insert(i);
    }
    return out;
}

bool contains(std::set<std::int64_t> const &all, std::vector<std::int64_t> const &some) {
    return std::all_of(some.begin(), some.end(), [&](auto i) { return all.contains(i); });
}

} // namespace

TEST_CASE("trixels of regions hold what sphgeom computes, and nothing for certain beyond it",
          "[butler][region]") {
    std::size_t certain = 0;
    std::size_t all = 0;
    for (auto const &vector : test::jsonLines("butler/htm7-vectors.jsonl")) {
        CAPTURE(vector["region"].string());
        auto const region = SkyRegion::decode(vector["region"].string());
        auto const found = region.trixels(7);
        REQUIRE(found);
        auto const &trixels = *found;
        auto const envelope = envelopeOf(vector);
        CHECK(contains(envelope, trixels.certain));
        std::set<std::int64_t> const possible(trixels.possible.begin(), trixels.possible.end());
        CHECK(std::includes(possible.begin(), possible.end(), envelope.begin(), envelope.end()));
        certain += trixels.certain.size();
        all += envelope.size();
    }
    // Only touching makes a difference.
    CHECK(certain > all * 98 / 100);
}

TEST_CASE("kinds of regions that are not indexed are regions all the same", "[butler][region]") {
    // Box and Ellipse of sphgeom, and the empty union.
    CHECK_FALSE(SkyRegion::decode("YtuHmKI2XPg/skcrfXZi+D9JO2+lAJHtP6Q6ug8Aqu0/").trixels(7));
    CHECK(SkyRegion::decode("").trixels(7)->possible.empty());
    // Box.empty() of sphgeom has nothing that an index could lack.
    auto const none = SkyRegion::decode("YgAAAAAAAPh/AAAAAAAA+H8AAAAAAADwPwAAAAAAAAAA");
    CHECK(none.trixels(7)->possible.empty());
    // Texts with a colon between them are a union.
    std::string const circle = "Y5hvUpYkX8u/0XmyJaNa2z/Fe62m5Bvsv3KuwfA/9PQ+oLbeLW5Pcj8=";
    CHECK(SkyRegion::decode(circle + ":" + circle).trixels(7)->certain.size() == 6);
}

TEST_CASE("a region takes bounded time", "[butler][region]") {
    // 1.5 radians around a pole, many times: looked at shape by shape it took long.
    std::string const circle = "YwAAAAAAAAAAAAAAAAAAAAAAAAAAAADwP8pAB1aFvP0/AAAAAAAA+D8=";
    auto const times = [&](int n) {
        std::string out = circle;
        for (int i = 1; i < n; ++i) out += ":" + circle;
        return SkyRegion::decode(out);
    };
    auto const start = std::clock();
    auto const once = times(1).trixels(7);
    REQUIRE(once);
    CHECK(once->certain.size() > 50'000);
    auto const often = times(25).trixels(7);
    REQUIRE(often);
    CHECK(often->certain == once->certain);
    CHECK_FALSE(times(10'000).trixels(7));
    // Finer trixels than memory should hold.
    CHECK_FALSE(times(1).trixels(14));
    CHECK((std::clock() - start) / CLOCKS_PER_SEC < 30);
}

TEST_CASE("what is no region is said to be none", "[butler][region]") {
    for (auto const *text : {"cGFy", "this is none", "eA==", "Yw==", "dUkAAAAAAAAA", "cHA=", "dXUA"}) {
        CAPTURE(text);
        CHECK(test::errorOf([&] { SkyRegion::decode(text); }).code() == "BAD_VALUE");
    }
}
