#include "butler/collections.h"

#include "test_repo.h"

using namespace dbb;
using butler::CollectionType;
using butler::registerDatasetType;
using test::errorOf;

namespace {

std::vector<std::string> const rawDimensions{"instrument", "detector", "exposure"};

std::int64_t makeRun(test::TestRepo &t, std::string const &name) {
    sql::Transaction transaction(t.repo.db());
    auto const id = butler::registerRun(t.repo, name);
    transaction.commit();
    return id;
}

} // namespace

TEST_CASE("a run is made once", "[butler][collections]") {
    test::TestRepo t;
    auto const id = makeRun(t, "TestCam/raw/all");
    CHECK(makeRun(t, "TestCam/raw/all") == id);
    CHECK(makeRun(t, "other") != id);
    CHECK(t.count("collection") == 2);
    t.repo.db()
        .cached("SELECT host, timespan_begin, timespan_end FROM run WHERE collection_id = ?")
        .query({id}, [](auto const &row) {
            for (int i = 0; i < 3; ++i) CHECK(row.isNull(i));
        });
    CHECK(t.count("run") == 2);
}

TEST_CASE("runs have names that can be folders", "[butler][collections]") {
    test::TestRepo t;
    for (auto const *name : {"a", "u/me/trial.1", "a..b/c...", ".hidden/x", "a b/é", "a//b/"}) {
        INFO(name);
        CHECK_NOTHROW(butler::checkRunName(name));
    }
    for (auto const &name :
         {std::string(), std::string("a\0b", 3), std::string("a\nb"), std::string("a\x1b[31m"),
          std::string("."), std::string(".."), std::string("a/../b"), std::string("a/."), std::string("/a"),
          std::string("a\x7f"), std::string("a\xff")}) {
        INFO(name);
        CHECK(errorOf([&] { makeRun(t, name); }).code() == "BAD_VALUE");
    }
    CHECK(t.count("collection") == 0);
}

TEST_CASE("a run is looked up without being made", "[butler][collections]") {
    test::TestRepo t;
    CHECK_FALSE(butler::findRun(t.repo, "TestCam/raw/all").has_value());
    CHECK(t.count("collection") == 0);
    auto const id = makeRun(t, "TestCam/raw/all");
    CHECK(butler::findRun(t.repo, "TestCam/raw/all") == id);
    // Without its row in run it is a damage, which is not for us to mend unasked.
    t.repo.db().execute("DELETE FROM run");
    CHECK(errorOf([&] { butler::findRun(t.repo, "TestCam/raw/all"); }).code() == "REPO_DAMAGED");
    t.repo.db().execute("INSERT INTO collection (name, type) VALUES ('tagged', 2)");
    CHECK(errorOf([&] { butler::findRun(t.repo, "tagged"); }).code() == "RUN_CONFLICT");
}

TEST_CASE("a dataset type that is taken back leaves no table", "[butler][collections]") {
    test::TestRepo t;
    {
        sql::Transaction transaction(t.repo.db());
        butler::ensureDatasetType(t.repo, "raw", rawDimensions, "Exposure");
        CHECK(t.repo.db().hasTable("dataset_tags_00000001"));
    }
    CHECK_FALSE(t.repo.db().hasTable("dataset_tags_00000001"));
    CHECK_FALSE(butler::findDatasetType(t.repo, "raw", rawDimensions, "Exposure").has_value());
    CHECK(registerDatasetType(t.repo, "raw", rawDimensions, "Exposure").tags_table
          == "dataset_tags_00000001");
    CHECK(errorOf([&] { butler::findDatasetType(t.repo, "raw", rawDimensions, "ExposureF"); }).code()
          == "DATASET_TYPE_CONFLICT");
}

TEST_CASE("dimensions that the universe does not have are damage", "[butler][collections]") {
    test::TestRepo t;
    registerDatasetType(t.repo, "raw", rawDimensions, "Exposure");
    t.repo.db().execute("INSERT INTO dimension_graph_definition VALUES (1, 'nonsense')");
    auto const e = errorOf([&] { butler::listDatasetTypes(t.repo); });
    CHECK(e.code() == "REPO_DAMAGED");
    CHECK(e.exitCode() == common::ExitCode::Damaged);
    CHECK(e.message().find("group 1 of table dimension_graph_definition") != std::string::npos);
}

TEST_CASE("a collection of another type is no run", "[butler][collections]") {
    test::TestRepo t;
    t.repo.db().execute("INSERT INTO collection (name, type) VALUES ('tagged', 2)");
    auto const e = errorOf([&] { makeRun(t, "tagged"); });
    CHECK(e.code() == "RUN_CONFLICT");
    CHECK(e.message().find("is a TAGGED collection") != std::string::npos);
    CHECK(t.count("run") == 0);
}

TEST_CASE("collections are listed by name with the children of chains in order", "[butler][collections]") {
    test::TestRepo t;
    t.repo.db().execute(
        "INSERT INTO collection (collection_id, name, type, doc) VALUES (1, 'b', 1, NULL), "
        "(2, 'a', 4, 'text'), (3, 'B', 3, ''), (4, '\xC3\xA9', 2, NULL); INSERT INTO run VALUES (1, NULL, "
        "NULL, NULL);"
        "INSERT INTO collection_chain (parent, position, child) VALUES (3, 5, 1), (3, -1, 2)");
    auto const found = butler::listCollections(t.repo);
    REQUIRE(found.size() == 4);
    CHECK(found[0].name == "B");
    CHECK(found[0].type == CollectionType::Chained);
    CHECK(found[0].children == std::vector<std::string>{"a", "b"});
    CHECK(found[1].name == "a");
    CHECK(found[1].doc == "text");
    CHECK(nameOf(found[1].type) == "CALIBRATION");
    CHECK(found[3].name == "\xC3\xA9");
    CHECK(butler::listCollections(t.repo, "type = 'RUN' OR doc IS NOT NULL AND name > 'B'").size() == 2);
    CHECK(butler::findCollection(t.repo, "B")->children.size() == 2);
    CHECK_FALSE(butler::findCollection(t.repo, "c").has_value());
}

TEST_CASE("a dataset type is registered once, with its tables", "[butler][collections]") {
    test::TestRepo t;
    auto const raw = registerDatasetType(t.repo, "raw", {"exposure", "detector"}, "Exposure");
    CHECK(raw.dimensions.required == rawDimensions);
    CHECK(raw.dimensions.implied == std::vector<std::string>{"band", "day_obs", "group", "physical_filter"});
    CHECK(raw.tags_table == "dataset_tags_00000001");
    CHECK_FALSE(raw.isCalibration());
    CHECK(t.repo.db().hasTable("dataset_tags_00000001"));
    CHECK(registerDatasetType(t.repo, "raw", rawDimensions, "Exposure").id == raw.id);
    CHECK(t.count("dataset_type") == 1);
    CHECK(t.count("dimension_graph_definition") == 3);

    auto const other = registerDatasetType(t.repo, "raw2", rawDimensions, "Exposure");
    CHECK(other.dimensions_key == raw.dimensions_key);
    auto const bias = registerDatasetType(t.repo, "bias", {"instrument", "detector"}, "ExposureF", true);
    CHECK(bias.calibs_table == "dataset_calibs_00000002");
    CHECK(t.repo.db().hasTable(bias.calibs_table));
    // A calibration type adds the missing table to dimensions that have one of tags already.
    CHECK(registerDatasetType(t.repo, "calraw", rawDimensions, "Exposure", true).calibs_table
          == "dataset_calibs_00000001");
    CHECK(t.repo.db().hasTable("dataset_calibs_00000001"));
    auto const empty = registerDatasetType(t.repo, "config", {}, "Config");
    CHECK(empty.dimensions_key == 0);
    CHECK(t.repo.db().hasTable("dataset_tags_00000000"));

    auto const types = butler::listDatasetTypes(t.repo);
    REQUIRE(types.size() == 5);
    CHECK(types[0].name == "bias");
    CHECK(types[0].isCalibration());
    CHECK(types[3].name == "raw");
    CHECK(types[3].dimensions.required == rawDimensions);
    CHECK(butler::listDatasetTypes(t.repo, "calibration = TRUE AND storage_class = 'ExposureF'").size() == 1);
    CHECK_FALSE(butler::findDatasetType(t.repo, "nix").has_value());
}

TEST_CASE("another definition of a dataset type is a conflict that names both", "[butler][collections]") {
    test::TestRepo t;
    registerDatasetType(t.repo, "raw", rawDimensions, "Exposure");
    auto const e = errorOf([&] {
        registerDatasetType(t.repo, "raw", {"instrument", "exposure"}, "Exposure");
    });
    CHECK(e.code() == "DATASET_TYPE_CONFLICT");
    CHECK(e.message()
          == "dataset type \"raw\" is registered with dimensions {instrument, detector, exposure}, storage "
             "class "
             "Exposure, not with dimensions {instrument, exposure}, storage class Exposure");
    CHECK(errorOf([&] { registerDatasetType(t.repo, "raw", rawDimensions, "ExposureF"); }).code()
          == "DATASET_TYPE_CONFLICT");
    CHECK(errorOf([&] { registerDatasetType(t.repo, "raw", rawDimensions, "Exposure", true); }).code()
          == "DATASET_TYPE_CONFLICT");
    CHECK(t.count("dataset_type") == 1);
}

TEST_CASE("names that can't be dataset types", "[butler][collections]") {
    test::TestRepo t;
    auto const name =
        GENERATE(as<std::string>{}, "", "1raw", "raw.wcs", "ra w", "raw-2", "r\xC3\xA4w", "raw;");
    CHECK(errorOf([&] { registerDatasetType(t.repo, name, rawDimensions, "Exposure"); }).code()
          == "BAD_VALUE");
    CHECK(errorOf([&] { registerDatasetType(t.repo, "raw", {"exposur"}, "Exposure"); }).hint()
          == "did you mean exposure?");
    CHECK(t.count("dataset_type") == 0);
}

TEST_CASE("dimension groups that older releases wrote out in full are recognised", "[butler][collections]") {
    test::TestRepo t;
    t.repo.db().execute(
        "INSERT INTO dimension_graph_key VALUES (7); INSERT INTO dimension_graph_definition VALUES "
        "(7, 'instrument'), (7, 'detector'), (7, 'exposure'), (7, 'physical_filter'), (7, 'band')");
    CHECK(registerDatasetType(t.repo, "raw", rawDimensions, "Exposure").tags_table
          == "dataset_tags_00000007");
}

TEST_CASE("an association table with other columns is damage", "[butler][collections]") {
    test::TestRepo t;
    t.repo.db().execute("CREATE TABLE dataset_tags_00000001 (x INTEGER)");
    auto const e = errorOf([&] { registerDatasetType(t.repo, "raw", rawDimensions, "Exposure"); });
    CHECK(e.code() == "REPO_DAMAGED");
    CHECK(t.count("dimension_graph_key") == 0);
}
