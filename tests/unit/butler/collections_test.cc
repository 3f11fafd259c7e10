#include "butler/collections.h"

#include "test_repo.h"

using namespace dbb;
using butler::CollectionType;
using butler::registerDatasetType;
using test::errorOf;
using test::rawDimensions;

namespace {

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

TEST_CASE("collections of all types are made once", "[butler][collections]") {
    test::TestRepo t;
    auto const make = [&](std::string const &name, CollectionType type) {
        sql::Transaction transaction(t.repo.db());
        auto const id = butler::registerCollection(t.repo, name, type);
        transaction.commit();
        return id;
    };
    auto const id = make("TestCam/calib", CollectionType::Calibration);
    CHECK(make("TestCam/calib", CollectionType::Calibration) == id);
    CHECK(butler::findCollectionId(t.repo, "TestCam/calib", CollectionType::Calibration) == id);
    CHECK_FALSE(butler::findCollectionId(t.repo, "TestCam", CollectionType::Tagged));
    make("tagged", CollectionType::Tagged);
    make("chained", CollectionType::Chained);
    CHECK(t.count("run") == 0);
    make("TestCam/raw/all", CollectionType::Run);
    CHECK(t.count("run") == 1);
    std::string types;
    for (auto const &collection : butler::listCollections(t.repo))
        types += collection.name + " " + std::string(nameOf(collection.type)) + collection.doc + ",";
    CHECK(types == "TestCam/calib CALIBRATION,TestCam/raw/all RUN,chained CHAINED,tagged TAGGED,");

    auto const e = errorOf([&] { make("TestCam/calib", CollectionType::Chained); });
    CHECK(e.code() == "COLLECTION_CONFLICT");
    CHECK(
        e.message()
        == "collection \"TestCam/calib\" is a CALIBRATION collection, so no CHAINED collection of that name "
           "can be made");
    CHECK(errorOf([&] { make("TestCam/calib", CollectionType::Run); }).code() == "RUN_CONFLICT");
    for (auto const &name : {std::string(), std::string("a\nb"), std::string("a\xff")})
        CHECK(errorOf([&] { make(name, CollectionType::Calibration); }).code() == "BAD_VALUE");
    CHECK(t.count("collection") == 4);
}

namespace {

/// A repository with runs a to e and a calibration collection.
struct WithChains : test::TestRepo {
    using Names = std::vector<std::string>;

    WithChains() {
        sql::Transaction transaction(repo.db());
        for (auto const *run : {"a", "b", "c", "d", "e"}) butler::registerRun(repo, run);
        butler::registerCollection(repo, "calib", CollectionType::Calibration);
        transaction.commit();
    }

    butler::ChainResult extend(std::string const &name, Names const &children) {
        auto const plan = butler::planChain(repo, name, children);
        sql::Transaction transaction(repo.db());
        auto out = butler::extendChain(repo, name, children);
        transaction.commit();
        CHECK(plan.kind == out.kind);
        CHECK(plan.children == out.children);
        CHECK(butler::findCollection(repo, name)->children == out.children);
        return out;
    }

    /// Positions of a chain's children, as text.
    std::string positions(std::string const &name) {
        std::string out;
        repo.db()
            .cached(
                "SELECT m.\"position\", c.name FROM collection_chain AS m JOIN collection AS p ON "
                "p.collection_id = m.parent JOIN collection AS c ON c.collection_id = m.child WHERE p.name "
                "= ? ORDER BY 1")
            .query({name}, [&](auto const &row) { out += row.text(0) + row.text(1) + " "; });
        return out;
    }
};

using ChainKind = butler::ChainResult::Kind;

} // namespace

TEST_CASE("a chain is made, extended by what it lacks, and then the same", "[butler][collections]") {
    WithChains t;
    CHECK(t.extend("x", {"b", "calib", "a", "b"}).kind == ChainKind::Made);
    CHECK(t.positions("x") == "0b 1calib 2a ");
    CHECK(t.extend("x", {"a", "b"}).kind == ChainKind::Same);
    CHECK(t.extend("x", {"c", "a", "d"}).kind == ChainKind::Extended);
    CHECK(t.positions("x") == "0b 1calib 2c 3a 4d ");
    // As the Butler's redefinition and its extension of one that is there.
    CHECK(t.extend("empty", {}).kind == ChainKind::Made);
    CHECK(t.extend("empty", {"a"}).kind == ChainKind::Extended);
    CHECK(t.positions("empty") == "1a ");
    t.repo.db().execute("UPDATE collection_chain SET \"position\" = \"position\" - 7 WHERE parent = "
                        "(SELECT collection_id FROM collection WHERE name = 'x')");
    CHECK(t.extend("x", {"e"}).children == WithChains::Names{"b", "calib", "c", "a", "d", "e"});
    CHECK(t.positions("x") == "-7b -6calib -5c -4a -3d -2e ");
}

TEST_CASE("a chain made in parts is as one made at once, and keeps what was arranged",
          "[butler][collections]") {
    WithChains t;
    WithChains::Names const all{"a", "b", "c", "d", "e"};
    t.extend("x", {"d"});
    t.extend("x", {"b", "d"});
    CHECK(t.extend("x", all).children == all);
    CHECK(t.positions("x") == "0a 1b 2c 3d 4e ");
    t.extend("arranged", {"e", "b"});
    CHECK(t.extend("arranged", all).children == WithChains::Names{"c", "d", "e", "a", "b"});
    CHECK(t.extend("arranged", all).kind == ChainKind::Same);
    // Before the child in which the next one is
    t.extend("inner", {"b"});
    t.extend("nested", {"e"});
    t.repo.db().execute(
        "INSERT INTO collection_chain (parent, \"position\", child) SELECT p.collection_id, 9, "
        "c.collection_id FROM collection AS p, collection AS c WHERE p.name = 'nested' AND c.name = 'inner'");
    CHECK(t.extend("nested", {"a", "b"}).children == WithChains::Names{"e", "a", "inner"});
}

TEST_CASE("chains in chains are replaced by their children", "[butler][collections]") {
    WithChains t;
    t.extend("inner", {"b", "c"});
    t.extend("outer", {"a", "inner"});
    CHECK(t.positions("outer") == "0a 1b 2c ");
    CHECK(t.extend("most", {"c", "outer", "inner", "d"}).children == WithChains::Names{"c", "a", "b", "d"});
    // What a chain has by way of another one that Python put there is not added once more.
    t.repo.db().execute(
        "INSERT INTO collection_chain (parent, \"position\", child) SELECT p.collection_id, 9, "
        "c.collection_id FROM collection AS p, collection AS c WHERE p.name = 'most' AND c.name = "
        "'inner'");
    t.extend("inner", {"e"});
    CHECK(t.extend("most", {"e"}).kind == ChainKind::Same);
}

TEST_CASE("chains that can't be", "[butler][collections]") {
    WithChains t;
    t.extend("x", {"a"});
    t.extend("y", {"b"});
    // What Python may have nested.
    t.repo.db().execute(
        "INSERT INTO collection_chain (parent, \"position\", child) SELECT p.collection_id, 9, "
        "c.collection_id FROM collection AS p, collection AS c WHERE p.name = 'y' AND c.name = "
        "'x'");
    auto const failing = [&](std::string const &name, std::vector<std::string> const &children) {
        auto const planned = errorOf([&] { butler::planChain(t.repo, name, children); });
        auto const e = errorOf([&] { t.extend(name, children); });
        CHECK(planned.message() == e.message());
        return e;
    };
    CHECK(failing("x", {"x"}).code() == "COLLECTION_CYCLE");
    CHECK(failing("x", {"b", "y"}).message() == "chain \"x\" can't have itself among its children");
    auto const e = failing("x", {"b", "nowhere"});
    CHECK(e.code() == "COLLECTION_NOT_FOUND");
    CHECK(e.message()
          == "chain \"x\" is to have the child \"nowhere\", which is no collection of the repository");
    CHECK(failing("calib", {"a"}).code() == "COLLECTION_CONFLICT");
    CHECK(failing("a", {"b"}).code() == "COLLECTION_CONFLICT");
    CHECK(failing("", {"b"}).code() == "BAD_VALUE");
    CHECK(t.positions("x") == "0a ");
    CHECK_FALSE(butler::findCollection(t.repo, "z"));
}

TEST_CASE("a plan of chains knows what would be there by then", "[butler][collections]") {
    WithChains t;
    auto const collection = [](char const *name, CollectionType type,
                               std::vector<std::string> children = {}) {
        return butler::Collection{0, name, type, "", std::move(children)};
    };
    butler::PlannedCollections const planned{
        {"new", collection("new", CollectionType::Run)},
        {"chain", collection("chain", CollectionType::Chained, {"new", "a"})}};
    auto const plan = butler::planChain(t.repo, "top", {"b", "chain"}, planned);
    CHECK(plan.kind == ChainKind::Made);
    CHECK(plan.children == std::vector<std::string>{"b", "new", "a"});
    CHECK(butler::planChain(t.repo, "chain", {"a", "c"}, planned).kind == ChainKind::Extended);
    CHECK(errorOf([&] { butler::planChain(t.repo, "new", {"a"}, planned); }).code() == "COLLECTION_CONFLICT");
    CHECK(t.count("collection") == 6);
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
