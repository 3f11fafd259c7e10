#include "butler/nights.h"

#include "butler/collections.h"
#include "butler/datasets.h"
#include "test_repo.h"

using namespace dbb;
using butler::listNights;
using common::Json;

namespace {

using Counts = std::map<std::string, std::int64_t>;

/// Five exposures of two nights, three datasets, one of which is in a second collection too.
struct WithNights : test::TestRepo {
    WithNights() {
        auto const raw =
            butler::registerDatasetType(repo, "raw", {"instrument", "detector", "exposure"}, "Exposure");
        butler::registerDatasetType(repo, "metric", {"instrument", "exposure"}, "StructuredDataDict");
        butler::registerDatasetType(repo, "bias", {"instrument", "detector"}, "ExposureF");
        sql::Transaction transaction(repo.db());
        sync("day_obs", R"({"instrument":"TestCam","id":20210203,"timespan":
            {"begin_tai":"2021-02-03T12:00:00.000000000","end_tai":"2021-02-04T12:00:00.000000000"}})");
        addExposure(1, Json::parse(R"({"seq_num":4,"observation_type":"dark"})"));
        addExposure(2, Json::parse(R"({"seq_num":9,"observation_type":"science"})"));
        addExposure(3, Json::parse(R"({"seq_num":2,"observation_type":"dark"})"));
        addExposure(4, Json::parse(R"({"seq_num":null,"observation_type":null,"day_obs":20210203})"));
        auto const run = butler::registerRun(repo, "run");
        butler::Datasets datasets(repo, raw, "run", run);
        std::vector<butler::NewDataset> rows;
        for (auto const &[detector, exposure] :
             {std::pair<std::int64_t, std::int64_t>{0, 1}, {1, 1}, {0, 3}}) {
            butler::DataId const id{std::string("TestCam"), detector, exposure};
            rows.push_back({.id = butler::rawUuid(raw, "run", id),
                            .data_id = id,
                            .files = {{.path = std::to_string(exposure) + "/" + std::to_string(detector)}},
                            .formatter = "x.F",
                            .storage_class = "Exposure"});
        }
        datasets.insert(rows, 1612325143789123456);
        repo.db().execute(
            "INSERT INTO collection (collection_id, name, type) VALUES (99, 'tagged', 2);"
            "INSERT INTO collection_summary_dataset_type (collection_id, dataset_type_id) "
            "SELECT 99, id FROM dataset_type WHERE name = 'raw';"
            "INSERT INTO collection_summary_instrument (collection_id, instrument) VALUES (99, 'TestCam');"
            "INSERT INTO dataset_tags_00000001 SELECT dataset_type_id, dataset_id, 99, instrument, "
            "detector, exposure FROM dataset_tags_00000001");
        transaction.commit();
    }
};

} // namespace

TEST_CASE("nights are counted", "[butler][nights]") {
    WithNights const t;
    auto const nights = listNights(t.repo);
    REQUIRE(nights.size() == 2);
    CHECK(nights[0].instrument == "TestCam");
    CHECK(nights[0].day_obs == 20210202);
    CHECK(nights[0].exposures == 3);
    CHECK(nights[0].first_seq_num == 2);
    CHECK(nights[0].last_seq_num == 9);
    CHECK(nights[0].observation_types == Counts{{"dark", 2}, {"science", 1}});
    CHECK(nights[0].datasets == Counts{{"raw", 3}});
    CHECK(nights[1].day_obs == 20210203);
    CHECK(nights[1].exposures == 1);
    CHECK_FALSE(nights[1].first_seq_num.has_value());
    CHECK(nights[1].observation_types == Counts{{"", 1}});
    CHECK(nights[1].datasets.empty());
}

TEST_CASE("a condition selects the exposures that are counted", "[butler][nights]") {
    WithNights const t;
    auto const nights = listNights(t.repo, "observation_type = 'dark' AND seq_num > 3 OR id = 2");
    REQUIRE(nights.size() == 1);
    CHECK(nights[0].exposures == 2);
    CHECK(nights[0].first_seq_num == 4);
    CHECK(nights[0].datasets == Counts{{"raw", 2}});
    CHECK(listNights(t.repo, "day_obs = 20990101").empty());
    CHECK(test::errorOf([&] { listNights(t.repo, "detector = 1"); }).code() == "USAGE");
}

TEST_CASE("a repository without dataset types has nights, too", "[butler][nights]") {
    test::TestRepo t;
    CHECK(listNights(t.repo).empty());
    sql::Transaction transaction(t.repo.db());
    t.addExposure(1);
    transaction.commit();
    CHECK(listNights(t.repo).size() == 1);
}
