#include "butler/expansion.h"

#include "butler/file_template.h"
#include "test_repo.h"

using namespace dbb;
using butler::DataIdExpansion;
using butler::ExpandedDataId;
using common::Json;
using test::errorOf;

namespace {

/// A repository with an exposure and a visit of number 7, and a sky map.
struct WithVisit : test::TestRepo {
    DataIdExpansion expansion{repo, records};

    WithVisit() {
        sql::Transaction transaction(repo.db());
        addExposure(7, Json::parse(R"({"dark_time":30.0,"exposure_time":1e-05})"));
        sync("visit",
             R"({"instrument":"TestCam","id":7,"name":"v7","day_obs":20210202,"physical_filter":"r_01",
                          "seq_num":3,"zenith_angle":1e16})");
        sync("skymap", R"({"name":"ring","hash":"AAAA"})");
        sync("tract", R"({"skymap":"ring","id":9})");
        sync("patch", R"({"skymap":"ring","tract":9,"id":5,"cell_x":2,"cell_y":1})");
        sync("subfilter", R"({"band":"r","id":1})");
        transaction.commit();
    }

    ExpandedDataId expand(std::vector<std::string> const &dimensions, std::string const &dataId) {
        return expansion.expand(repo.universe().group(dimensions), Json::parse(dataId));
    }
    common::Error failing(std::vector<std::string> const &dimensions, std::string const &dataId) {
        return errorOf([&] { expand(dimensions, dataId); });
    }
    /// Where a dataset of type x of a run goes by the Butler's own template.
    std::string path(std::vector<std::string> const &dimensions, std::string const &dataId) {
        auto fields = expand(dimensions, dataId).fields();
        fields["run"] = "a/run";
        fields["datasetType"] = "x";
        return butler::formatTemplate(butler::defaultTemplate, fields, ".fits");
    }
};

} // namespace

TEST_CASE("a data ID is completed by its records", "[butler][expansion]") {
    WithVisit t;
    auto const raw = t.expand({"instrument", "detector", "exposure"},
                              R"({"exposure":"7","detector":1,"instrument":"TestCam","tract":4})");
    CHECK(raw.required == butler::DataId{std::string("TestCam"), std::int64_t{1}, std::int64_t{7}});
    CHECK(raw.values
          == std::map<std::string, Json>{{"instrument", "TestCam"},
                                         {"detector", 1},
                                         {"exposure", 7},
                                         {"band", "r"},
                                         {"day_obs", 20210202},
                                         {"group", "g"},
                                         {"physical_filter", "r_01"}});
    CHECK(raw.records.at("exposure")->record["obs_id"] == Json("TC_O_7"));
    CHECK_FALSE(raw.records.contains("band"));
    CHECK(raw.skypix.empty());
    auto const fields = raw.fields();
    for (auto const &[name, value] : {std::pair{"exposure", "7"},
                                      {"exposure.obs_id", "TC_O_7"},
                                      {"exposure.day_obs", "20210202"},
                                      {"exposure.exposure_time", "1e-05"},
                                      {"exposure.dark_time", "30.0"},
                                      {"exposure.id", "7"},
                                      {"exposure.tracking_ra", "10.123456789012344"},
                                      {"exposure.has_simulated", "False"},
                                      {"exposure.azimuth", "None"},
                                      {"detector.full_name", "R00_S01"},
                                      {"detector.raft", "None"},
                                      {"instrument.class_name", "x.TestCam"},
                                      {"band", "r"},
                                      {"group", "g"},
                                      {"group.name", "g"},
                                      {"physical_filter.band", "r"},
                                      {"detector.instrument", "TestCam"}}) {
        INFO(name);
        REQUIRE(fields.contains(name));
        CHECK(fields.at(name) == value);
    }
    for (auto const *name : {"exposure.timespan", "day_obs.timespan", "visit", "skypix", "run"})
        CHECK_FALSE(fields.contains(name));
}

TEST_CASE("data IDs of all kinds give paths", "[butler][expansion]") {
    WithVisit t;
    CHECK(t.path({}, "{}") == "a/run/x/x_a_run.fits");
    CHECK(t.path({"instrument", "visit", "detector"}, R"({"instrument":"TestCam","visit":7,"detector":0})")
          == "a/run/x/20210202/r/r_01/7/x_TestCam_r_r_01_7_R00_S00_a_run.fits");
    CHECK(t.path({"skymap", "tract", "patch", "band"}, R"({"skymap":"ring","tract":9,"patch":5,"band":"r"})")
          == "a/run/x/9/5/r/x_9_5_r_ring_a_run.fits");
    CHECK(t.path({"htm7"}, R"({"htm7":131072})") == "a/run/x/x_131072_a_run.fits");
    CHECK(t.path({"instrument", "detector", "physical_filter"},
                 R"({"instrument":"TestCam","detector":1,"physical_filter":"r_01"})")
          == "a/run/x/r/r_01/x_TestCam_r_r_01_R00_S01_a_run.fits");
    auto const visit = t.expand({"instrument", "visit"}, R"({"instrument":"TestCam","visit":7})").fields();
    CHECK(visit.at("visit.name") == "v7");
    CHECK(visit.at("visit.day_obs") == "20210202");
    CHECK(visit.at("visit.zenith_angle") == "1e+16");
    auto const pixel = t.expand({"htm7"}, R"({"htm7":131072})");
    CHECK(pixel.skypix == "htm7");
    for (auto const *name : {"skypix", "skypix.id", "htm7", "htm7.id"})
        CHECK(pixel.fields().at(name) == "131072");
    CHECK(visit.at("band.name") == "r");
    CHECK(t.expand({"htm7", "healpix3"}, R"({"htm7":131072,"healpix3":0})").skypix.empty());
    // A part of the key is known only by way of the visit.
    CHECK(t.expand({"visit", "subfilter"}, R"({"instrument":"TestCam","visit":7,"subfilter":1,"band":"r"})")
              .records.contains("subfilter"));
}

TEST_CASE("what is missing or wrong in a data ID", "[butler][expansion]") {
    WithVisit t;
    std::vector<std::string> const raw{"instrument", "detector", "exposure"};
    auto e = t.failing(raw, R"({"instrument":"TestCam","exposure":8,"detector":0})");
    CHECK(e.code() == "MISSING_RECORD");
    CHECK(e.message() == "exposure 8 of instrument \"TestCam\" is not registered in this repository");
    CHECK(e.cause().column == "exposure");
    CHECK(e.hint() == "ingest the raw files of that exposure first");
    e = t.failing({"patch", "band"}, R"({"skymap":"ring","tract":9,"patch":6,"band":"r"})");
    CHECK(e.message() == "patch 6 of skymap \"ring\", tract 9 is not registered in this repository");
    CHECK(t.failing({"visit"}, R"({"instrument":"TestCam","visit":8})").hint()
          == "dbb-visits makes visits of the exposures that are registered");
    CHECK(t.failing({"band"}, R"({"band":"q"})").message()
          == "band \"q\" is not registered in this repository");
    CHECK(t.failing({"instrument"}, R"({"instrument":"NoCam"})").code() == "MISSING_RECORD");

    e = t.failing(raw, R"({"instrument":"TestCam","exposure":7,"detector":null})");
    CHECK(e.code() == "MISSING_KEY");
    CHECK(e.message().find("has no value for detector") != std::string::npos);
    CHECK(t.failing(raw, R"({"instrument":"TestCam","exposure":"x","detector":0})").code() == "BAD_VALUE");
    CHECK(t.failing(raw, R"({"instrument":"","exposure":7,"detector":0})").code() == "VALUE_EMPTY");
    CHECK(t.failing(raw, R"({"instrument":"TestCam","exposur":7})").hint() == "did you mean exposure?");
    CHECK(t.failing(raw, R"({"visit_definition":7})").code() == "BAD_VALUE");
    CHECK(t.failing(raw, "[]").code() == "BAD_VALUE");
    for (auto const *pixel : {R"({"htm7":131071})", R"({"htm7":262144})"})
        CHECK(t.failing({"htm7"}, pixel).message().find("they are 131072 to 262143") != std::string::npos);
    CHECK(t.failing({"healpix3"}, R"({"healpix3":768})").code() == "BAD_VALUE");

    e = t.failing({"visit"}, R"({"instrument":"TestCam","visit":7,"physical_filter":"g_01"})");
    CHECK(e.code() == "DATA_ID_CONFLICT");
    CHECK(e.message() == "physical_filter is \"g_01\" in the data ID, but \"r_01\" in visit 7");
    CHECK(t.failing({"visit"}, R"({"instrument":"TestCam","visit":7,"band":"g"})").message()
          == "band is \"g\" in the data ID, but \"r\" in physical_filter \"r_01\"");
    CHECK_NOTHROW(t.expand({"visit"}, R"({"instrument":"TestCam","visit":7,"band":"r","day_obs":20210202})"));
}

TEST_CASE("many data IDs are expanded together", "[butler][expansion]") {
    WithVisit t;
    auto const raw = t.repo.universe().group({"instrument", "detector", "exposure"});
    auto const visit = t.repo.universe().group({"visit"});
    auto const good = Json::parse(R"({"instrument":"TestCam","detector":0,"exposure":7,"visit":7})");
    auto const bad = Json::parse(R"({"instrument":"TestCam","detector":3,"exposure":7})");
    auto const outcomes =
        t.expansion.expandEach({{&raw, &good}, {&raw, &bad}, {&visit, &bad}, {&visit, &good}});
    REQUIRE(outcomes.size() == 4);
    CHECK_FALSE(outcomes[0].error);
    CHECK(outcomes[1].error->message().starts_with("detector 3 of"));
    CHECK(outcomes[2].error->code() == "MISSING_KEY");
    CHECK(outcomes[3].data_id.values.at("band") == Json("r"));
    CHECK(t.expansion.expandEach({}).empty());
    // What was not there may be there when it is asked for again.
    {
        sql::Transaction transaction(t.repo.db());
        t.sync("detector", R"({"instrument":"TestCam","id":3,"full_name":"R00_S03"})");
        t.sync("physical_filter", R"({"instrument":"TestCam","name":"g_01","band":"g"})");
        transaction.commit();
    }
    CHECK_NOTHROW(t.expansion.expand(raw, bad));
    CHECK_NOTHROW(t.expand({"band"}, R"({"band":"g"})"));
}

TEST_CASE("records beyond those that fit are looked for again", "[butler][expansion]") {
    WithVisit t;
    constexpr std::int64_t many = 1100;
    {
        sql::Transaction transaction(t.repo.db());
        for (std::int64_t id = 100; id < 100 + many; ++id) t.addExposure(id);
        transaction.commit();
    }
    auto const group = t.repo.universe().group({"exposure"});
    std::vector<Json> dataIds;
    for (std::int64_t id = 100; id < 100 + many; ++id)
        dataIds.push_back(Json().set("instrument", "TestCam").set("exposure", id));
    std::vector<DataIdExpansion::Wanted> wanted;
    for (auto const &dataId : dataIds) wanted.push_back({&group, &dataId});
    std::int64_t id = 100;
    for (auto const &outcome : t.expansion.expandEach(wanted))
        CHECK(outcome.data_id.fields().at("exposure.obs_id") == "TC_O_" + std::to_string(id++));
    for (auto const &dataId : dataIds) CHECK_NOTHROW(t.expansion.expand(group, dataId));
}

TEST_CASE("old universes expand to what they have", "[butler][expansion]") {
    auto const version = GENERATE(0, 2, 4, 7);
    INFO(version);
    test::TemporaryFolder const folder;
    auto const repo = test::repoOfUniverse(folder, version);
    butler::DimensionRecords records(repo);
    DataIdExpansion expansion(repo, records);
    auto const &universe = repo.universe();
    sql::Transaction const transaction(repo.db());
    // Only columns that the universe has, in the order of references.
    auto const sync = [&](std::string const &element, std::string const &text) {
        if (!universe.find(element)) return;
        Json record;
        auto const all = Json::parse(text);
        for (auto const &column : butler::recordColumns(universe, universe.at(element)))
            if (auto const *value = all.find(column.name)) record.set(column.name, *value);
        records.sync(element, record, false);
    };
    sync("instrument", R"({"name":"C","visit_max":9})");
    sync("physical_filter", R"({"instrument":"C","name":"r_01","band":"r"})");
    sync("day_obs", R"({"instrument":"C","id":20210202})");
    sync("group", R"({"instrument":"C","name":"g"})");
    sync("visit_system", R"({"instrument":"C","id":1,"name":"one"})");
    sync("exposure", R"({"instrument":"C","id":7,"physical_filter":"r_01","day_obs":20210202,"group":"g",
                         "group_name":"g","group_id":3,"obs_id":"o7"})");
    sync("visit", R"({"instrument":"C","id":7,"physical_filter":"r_01","visit_system":1,"day_obs":20210202,
                      "name":"v7"})");
    auto const dataId = Json::parse(R"({"instrument":"C","exposure":7,"visit":7})");
    auto const exposure = expansion.expand(universe.group({"exposure"}), dataId).fields();
    CHECK(exposure.at("exposure.day_obs") == "20210202");
    CHECK(exposure.contains("day_obs") == (version >= 6));
    CHECK(exposure.contains("exposure.group_id") == (version < 6));
    auto const visit = expansion.expand(universe.group({"visit"}), dataId);
    CHECK(visit.values.contains("visit_system") == (version == 0));
    CHECK(visit.fields().at("visit.day_obs") == "20210202");
    CHECK(visit.fields().at("band") == "r");
}
