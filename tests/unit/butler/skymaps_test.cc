#include "butler/skymaps.h"

#include "test_repo.h"

using namespace dbb;
using common::Json;
using test::errorOf;

namespace {

/// A repository with sky maps "ring" of tracts of 3 times 2 patches, and "empty".
struct WithSkyMap : test::TestRepo {
    butler::SkyMaps maps{repo};

    explicit WithSkyMap(std::int64_t tracts = 1) {
        sql::Transaction transaction(repo.db());
        sync("skymap", R"({"name":"ring","hash":"AAAA"})");
        sync("skymap", R"({"name":"empty","hash":"AAAB"})");
        for (std::int64_t tract = 0; tract < tracts; ++tract) {
            records.sync("tract", Json().set("skymap", "ring").set("id", tract), false);
            for (std::int64_t n = 0; n < 6; ++n) addPatch(tract, n);
        }
        sync("tract", R"({"skymap":"ring","id":5000})");
        transaction.commit();
    }

    void addPatch(std::int64_t tract, std::int64_t n) {
        auto const patch = Json().set("skymap", "ring").set("tract", tract).set("id", n);
        records.sync("patch", Json(patch).set("cell_x", n % 3).set("cell_y", n / 3), false);
    }
};

} // namespace

TEST_CASE("patches are found by their place", "[butler][skymaps]") {
    WithSkyMap t;
    CHECK(t.maps.registered() == std::vector<std::string>{"empty", "ring"});
    CHECK(t.maps.patchAt("ring", 0, 0, 0) == 0);
    CHECK(t.maps.patchAt("ring", 0, 2, 0) == 2);
    CHECK(t.maps.patchAt("ring", 0, 1, 1) == 4);
}

TEST_CASE("sky maps, tracts and patches that are not there", "[butler][skymaps]") {
    WithSkyMap t;
    auto e = errorOf([&] { t.maps.patchAt("ring", 0, 0, 2); });
    CHECK(e.code() == "PATCH_NOT_FOUND");
    CHECK(e.message() == "tract 0 of sky map \"ring\" has no patch 0,2, only 0,0 to 2,1");
    for (std::int64_t const tract : {1, 5000}) {
        e = errorOf([&] { t.maps.patchAt("ring", tract, 0, 0); });
        CHECK(e.code() == "PATCH_NOT_FOUND");
        CHECK(e.message() == "sky map \"ring\" has no tract " + std::to_string(tract) + " with patches");
    }
    e = errorOf([&] { t.maps.patchAt("disk", 0, 0, 0); });
    CHECK(e.code() == "SKYMAP_NOT_REGISTERED");
    CHECK(e.message().find("which has empty, ring") != std::string::npos);
    test::TestRepo other;
    CHECK(errorOf([&] { butler::SkyMaps(other.repo).patchAt("disk", 0, 0, 0); })
              .message()
              .ends_with("which has none"));
    CHECK(butler::SkyMaps(other.repo).registered().empty());
}

TEST_CASE("tracts beyond those that fit are looked for again", "[butler][skymaps]") {
    constexpr std::int64_t tracts = 320;
    WithSkyMap t(tracts);
    for (int round = 0; round < 2; ++round)
        for (std::int64_t tract = 0; tract < tracts; ++tract) CHECK(t.maps.patchAt("ring", tract, 1, 1) == 4);
    // A tract that was registered later is found.
    CHECK(errorOf([&] { t.maps.patchAt("ring", 5000, 0, 0); }).code() == "PATCH_NOT_FOUND");
    {
        sql::Transaction transaction(t.repo.db());
        t.addPatch(5000, 3);
        transaction.commit();
    }
    CHECK(t.maps.patchAt("ring", 5000, 0, 1) == 3);
}
