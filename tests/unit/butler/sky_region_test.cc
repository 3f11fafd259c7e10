#include "butler/sky_region.h"

#include "test_repo.h"

#include <algorithm>
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
        CHECK(region.isKnown());
        auto const trixels = region.trixels(7);
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
    CHECK_FALSE(SkyRegion::decode("YtuHmKI2XPg/skcrfXZi+D9JO2+lAJHtP6Q6ug8Aqu0/").isKnown());
    CHECK(SkyRegion::decode("").isKnown());
    CHECK(SkyRegion::decode("").trixels(7).possible.empty());
    // Box.empty() of sphgeom has nothing that an index could lack.
    auto const none = SkyRegion::decode("YgAAAAAAAPh/AAAAAAAA+H8AAAAAAADwPwAAAAAAAAAA");
    CHECK(none.isKnown());
    CHECK(none.trixels(7).possible.empty());
    // Texts with a colon between them are a union.
    std::string const circle = "Y5hvUpYkX8u/0XmyJaNa2z/Fe62m5Bvsv3KuwfA/9PQ+oLbeLW5Pcj8=";
    CHECK(SkyRegion::decode(circle + ":" + circle).trixels(7).certain.size() == 6);
}

TEST_CASE("what is no region is said to be none", "[butler][region]") {
    for (auto const *text : {"cGFy", "this is none", "eA==", "Yw==", "dUkAAAAAAAAA", "cHA=", "dXUA"}) {
        CAPTURE(text);
        CHECK(test::errorOf([&] { SkyRegion::decode(text); }).code() == "BAD_VALUE");
    }
}
