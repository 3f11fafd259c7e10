#include "butler/datasets.h"

#include "test_repo.h"

#include <set>

using namespace dbb;
using butler::DataId;
using butler::Datasets;
using butler::DatasetType;
using common::Json;
using test::errorOf;
using test::rawDimensions;

namespace {

/// A repository with dataset type raw, run TestCam/raw/all and exposures 1 to 3.
struct WithRaw : test::TestRepo {
    DatasetType raw = butler::registerDatasetType(repo, "raw", rawDimensions, "Exposure");
    std::int64_t run = 0;

    WithRaw() {
        sql::Transaction transaction(repo.db());
        run = butler::registerRun(repo, "TestCam/raw/all");
        for (std::int64_t id = 1; id <= 3; ++id) addExposure(id);
        transaction.commit();
    }

    Datasets datasets() const { return Datasets(repo, raw, "TestCam/raw/all", run); }

    static DataId dataId(std::int64_t detector, std::int64_t exposure) {
        return {std::string("TestCam"), detector, exposure};
    }

    butler::NewDataset dataset(std::int64_t detector, std::int64_t exposure) const {
        auto const id = dataId(detector, exposure);
        return {
            .id = butler::rawUuid(raw, "TestCam/raw/all", id),
            .data_id = id,
            .files = {{.path = "raw/" + std::to_string(exposure) + "_" + std::to_string(detector) + ".fits"}},
            .formatter = "x.Formatter",
            .storage_class = "Exposure",
            .size_bytes = 2880};
    }

    void insert(std::vector<butler::NewDataset> const &datasetList) {
        sql::Transaction transaction(repo.db());
        datasets().insert(datasetList, 1612325143789123456);
        transaction.commit();
    }
};

DatasetType typeWith(std::vector<std::string> const &required) {
    DatasetType out;
    out.name = "raw";
    out.dimensions.required = required;
    return out;
}

std::vector<std::string> listed(butler::Repository const &repo, std::string const &where) {
    std::vector<std::string> out;
    butler::forEachDataset(repo, where, [&](butler::DatasetRow const &row) {
        out.push_back(row.dataset_type + " " + row.run + " " + row.data_id.dump());
    });
    return out;
}

} // namespace

TEST_CASE("deterministic ids are the Butler's", "[butler][datasets]") {
    auto const type = typeWith(rawDimensions);
    auto const id = [&](char const *run, char const *instrument, std::int64_t detector,
                        std::int64_t exposure) {
        return butler::rawUuid(type, run, {std::string(instrument), detector, exposure}).text();
    };
    CHECK(id("TestCam/raw/all", "TestCam", 0, 2021020200001) == "deaff50e-1a97-5093-a618-8436fddf171c");
    CHECK(id("TestCam/raw/all", "TestCam", 1, 2021020200001) == "24348284-ef3a-554e-8962-e0a451699621");
    CHECK(id("LSSTCam/raw/all", "LSSTCam", 0, 2021020200001) == "60621d88-bd49-5716-80cf-e5432269ff44");
    CHECK(id("C/raw/all", "C", 0, 7) == "02c81974-958a-57c4-b41a-f50ffc75691d");
}

TEST_CASE("datasets have any dimensions, or none", "[butler][datasets]") {
    test::TestRepo t;
    struct Row {
        char const *name;
        std::vector<std::string> dimensions;
        DataId data_id;
        char const *id;
        std::int64_t instruments;
        std::int64_t skymaps;
    };
    {
        sql::Transaction transaction(t.repo.db());
        t.sync("skymap", R"({"name":"ring","hash":"AAAA"})");
        t.sync("tract", R"({"skymap":"ring","id":9})");
        t.sync("patch", R"({"skymap":"ring","tract":9,"id":5,"cell_x":2,"cell_y":1})");
        transaction.commit();
    }
    std::string const run = "u/me/run";
    for (auto const &row :
         {Row{"config", {}, {}, "5049c240-b770-572f-ac72-84a419e2ea87", 0, 0},
          Row{"pixels", {"htm7"}, {std::int64_t{131072}}, "9784b4b3-8180-57b3-a903-4916f89f56ed", 0, 0},
          Row{"coadd",
              {"patch", "band"},
              {std::string("r"), std::string("ring"), std::int64_t{9}, std::int64_t{5}},
              "65e04988-2dee-5a55-a462-ed6b3bde8918",
              0,
              1},
          Row{"camera", {"instrument"}, {std::string("TestCam")}, nullptr, 1, 1}}) {
        INFO(row.name);
        auto const type = butler::registerDatasetType(t.repo, row.name, row.dimensions, "X");
        auto const id = butler::rawUuid(type, run, row.data_id);
        if (row.id) CHECK(id.text() == row.id);
        sql::Transaction transaction(t.repo.db());
        Datasets datasets(t.repo, type, run, butler::registerRun(t.repo, run));
        CHECK_FALSE(datasets.existing(id, row.data_id).registered);
        datasets.insert({{id, row.data_id, {{.path = row.name}}, "x.Formatter", "X", 1}}, 0);
        CHECK(datasets.existing(id, row.data_id).path == row.name);
        auto const other = butler::butlerUuid("other");
        CHECK(errorOf([&] { datasets.existing(other, row.data_id); }).code() == "DATASET_CONFLICT");
        transaction.commit();
        CHECK(t.count("collection_summary_instrument") == row.instruments);
        CHECK(t.count("collection_summary_skymap") == row.skymaps);
    }
    CHECK(t.count("collection_summary_dataset_type") == 4);
    CHECK(listed(t.repo, "dataset_type = 'config'") == std::vector<std::string>{"config u/me/run {}"});
}

TEST_CASE("rows of a dataset", "[butler][datasets]") {
    WithRaw t;
    auto checked = t.dataset(1, 2);
    checked.files[0].checksum = "abc";
    t.insert({t.dataset(0, 2), checked});
    for (auto const *table :
         {"dataset", "dataset_tags_00000001", "dataset_location", "file_datastore_records"}) {
        CHECK(t.count(table) == 2);
    }
    CHECK(t.count("collection_summary_dataset_type") == 1);
    CHECK(t.count("collection_summary_instrument") == 1);
    CHECK(t.count("collection_summary_skymap") == 0);
    t.repo.db()
        .cached(
            "SELECT d.id, d.dataset_type_id, d.run_id, d.ingest_date, l.datastore_name, r.path, r.formatter, "
            "r.storage_class, r.component, r.checksum, r.file_size, t.instrument, t.detector, t.exposure, "
            "t.collection_id, t.dataset_type_id FROM dataset AS d JOIN dataset_location AS l ON l.dataset_id "
            "= d.id "
            "JOIN file_datastore_records AS r ON r.dataset_id = d.id "
            "JOIN dataset_tags_00000001 AS t ON t.dataset_id = d.id WHERE t.detector = ?")
        .query({std::int64_t{0}}, [&](sql::Statement const &row) {
            CHECK(row.text(0) == t.dataset(0, 2).id.hex());
            CHECK(row.integer(1) == t.raw.id);
            CHECK(row.integer(2) == t.run);
            CHECK(row.integer(3) == 1612325143789123000); // microseconds
            CHECK(row.text(4) == "FileDatastore@<butlerRoot>");
            CHECK(row.text(5) == "raw/2_0.fits");
            CHECK(row.text(6) == "x.Formatter");
            CHECK(row.text(7) == "Exposure");
            CHECK(row.text(8) == "__NULL_STRING__");
            CHECK(row.isNull(9));
            CHECK(row.integer(10) == 2880);
            CHECK(row.text(11) == "TestCam");
            CHECK(row.integer(12) == 0);
            CHECK(row.integer(13) == 2);
            CHECK(row.integer(14) == t.run);
            CHECK(row.integer(15) == t.raw.id);
        });
}

TEST_CASE("what is registered is known", "[butler][datasets]") {
    WithRaw t;
    auto const d = t.dataset(0, 1);
    auto before = t.datasets().existing(d.id, d.data_id);
    CHECK_FALSE(before.registered);
    CHECK_FALSE(before.stored);
    t.insert({d});
    auto const after = t.datasets().existing(d.id, d.data_id);
    CHECK(after.registered);
    CHECK(after.stored);
    CHECK(after.path == "raw/1_0.fits");
    CHECK(errorOf([&] { t.insert({d}); }).code() == "DATASET_CONFLICT");
    CHECK(t.count("dataset") == 1);
}

TEST_CASE("a dataset that is registered but not stored is stored", "[butler][datasets]") {
    WithRaw t;
    auto const d = t.dataset(0, 1);
    t.insert({d});
    t.repo.db().execute("DELETE FROM dataset_location; DELETE FROM file_datastore_records");
    auto const found = t.datasets().existing(d.id, d.data_id);
    CHECK(found.registered);
    CHECK_FALSE(found.stored);
    t.insert({d});
    CHECK(t.datasets().existing(d.id, d.data_id).stored);
    CHECK(t.count("dataset") == 1);
}

TEST_CASE("conflicts of datasets", "[butler][datasets]") {
    WithRaw t;
    auto const d = t.dataset(0, 1);
    t.insert({d});
    SECTION("the data ID has another id") {
        auto const e = errorOf([&] { t.datasets().existing(t.dataset(1, 1).id, d.data_id); });
        CHECK(e.code() == "DATASET_CONFLICT");
        CHECK(e.cause().expected == d.id.hex());
    }
    SECTION("the id has another data ID") {
        auto const e = errorOf([&] { t.datasets().existing(d.id, t.dataId(1, 1)); });
        CHECK(e.code() == "DATASET_CONFLICT");
        CHECK(e.cause().column == "detector");
    }
    SECTION("the id belongs to another run") {
        sql::Transaction const transaction(t.repo.db());
        auto const run = butler::registerRun(t.repo, "other");
        Datasets other(t.repo, t.raw, "other", run);
        CHECK(errorOf([&] { other.existing(d.id, d.data_id); }).message().find("of run \"TestCam/raw/all\"")
              != std::string::npos);
    }
    SECTION("the id belongs to another type") {
        auto const type = butler::registerDatasetType(t.repo, "raw2", rawDimensions, "Exposure");
        Datasets other(t.repo, type, "TestCam/raw/all", t.run);
        CHECK(errorOf([&] { other.existing(d.id, d.data_id); }).code() == "DATASET_CONFLICT");
    }
    SECTION("the file waits to be deleted") {
        t.repo.db().execute("INSERT INTO dataset_location_trash (datastore_name, dataset_id) SELECT "
                            "datastore_name, dataset_id FROM dataset_location; "
                            "DELETE FROM dataset_location");
        CHECK(errorOf([&] { t.datasets().existing(d.id, d.data_id); }).code() == "DATASET_IN_TRASH");
    }
}

TEST_CASE("a data ID without records is refused by name", "[butler][datasets]") {
    WithRaw t;
    auto const e = errorOf([&] { t.insert({t.dataset(5, 1)}); });
    CHECK(e.code() == "MISSING_RECORD");
    CHECK(e.message()
          == "raw {instrument=TestCam, detector=5, exposure=1} refers to detector 5, which is not registered "
             "in this "
             "repository");
    CHECK(errorOf([&] { t.insert({t.dataset(0, 9)}); }).cause().column == "exposure");
    CHECK(t.count("dataset") == 0);
}

TEST_CASE("a savepoint takes back one exposure of several", "[butler][datasets]") {
    WithRaw t;
    sql::Transaction transaction(t.repo.db());
    auto datasets = t.datasets();
    datasets.insert({t.dataset(0, 1)}, 0);
    CHECK(errorOf([&] {
              sql::Savepoint savepoint(t.repo.db());
              datasets.insert({t.dataset(0, 2), t.dataset(5, 2)}, 0);
              savepoint.release();
          }).code()
          == "MISSING_RECORD");
    datasets.insert({t.dataset(0, 3)}, 0);
    transaction.commit();
    CHECK(t.count("dataset") == 2);
    CHECK(t.count("file_datastore_records") == 2);
}

TEST_CASE("summaries are written again after a rollback", "[butler][datasets]") {
    WithRaw t;
    auto datasets = t.datasets();
    {
        sql::Transaction const transaction(t.repo.db());
        datasets.insert({t.dataset(0, 1)}, 0);
    }
    CHECK(t.count("collection_summary_instrument") == 0);
    sql::Transaction transaction(t.repo.db());
    CHECK_NOTHROW(datasets.insert({t.dataset(0, 1)}, 0));
    transaction.commit();
    CHECK(t.count("collection_summary_instrument") == 1);
}

TEST_CASE("datasets manager 1 gets a time stamp in UTC", "[butler][datasets]") {
    WithRaw t;
    t.repo.db().execute(
        "UPDATE butler_attributes SET value = '1.0.0' WHERE name LIKE 'version:%datasets%'; "
        "PRAGMA writable_schema = ON; "
        "UPDATE sqlite_master SET sql = replace(sql, 'ingest_date BIGINT', 'ingest_date TIMESTAMP') "
        "WHERE name = 'dataset'");
    auto const repo = butler::Repository::open(t.folder / "repo", butler::Access::ReadWrite);
    sql::Transaction transaction(repo.db());
    Datasets(repo, t.raw, "TestCam/raw/all", t.run).insert({t.dataset(0, 1)}, 0);
    transaction.commit();
    std::string date;
    repo.db().cached("SELECT ingest_date FROM dataset").query({}, [&](auto const &row) {
        date = row.text(0);
    });
    REQUIRE(date.size() == 26);
    CHECK(date.starts_with("20"));
    CHECK(date[10] == ' ');
    CHECK(date[19] == '.');
    butler::forEachDataset(repo, "", [&](butler::DatasetRow const &row) {
        CHECK(row.ingest_date_tai.empty());
        CHECK(row.ingest_date_utc == date);
    });
}

TEST_CASE("datasets are listed with their files", "[butler][datasets]") {
    WithRaw t;
    t.insert({t.dataset(1, 2), t.dataset(0, 2), t.dataset(0, 1)});
    t.repo.db()
        .cached("UPDATE file_datastore_records SET path = 'file:///data/a%20b.fits', file_size = -1 "
                "WHERE path = 'raw/2_1.fits'")
        .run({});
    std::vector<butler::DatasetRow> rows;
    butler::forEachDataset(t.repo, "", [&](butler::DatasetRow const &row) { rows.push_back(row); });
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].id == t.dataset(0, 1).id.text());
    CHECK(rows[0].dataset_type == "raw");
    CHECK(rows[0].run == "TestCam/raw/all");
    CHECK(rows[0].ingest_date_tai == "2021-02-03T04:05:43.789123000");
    CHECK(rows[0].data_id.dump() == R"({"instrument":"TestCam","detector":0,"exposure":1})");
    CHECK(
        rows[0].files.dump()
        == R"([{"path":"raw/1_0.fits","uri":"file://)" + t.folder.path()
               + R"(/repo/raw/1_0.fits","size":2880,"checksum":null,"formatter":"x.Formatter","component":null}])");
    CHECK(rows[2].files.array()[0]["uri"].string() == "file:///data/a%20b.fits");
    CHECK(rows[2].files.array()[0]["size"].isNull());
    // Neither a dataset in the trash nor one without files has any.
    t.repo.db().execute("DELETE FROM dataset_location");
    butler::forEachDataset(t.repo, "",
                           [&](butler::DatasetRow const &row) { CHECK(row.files.array().empty()); });
}

TEST_CASE("conditions on datasets reach implied dimensions", "[butler][datasets]") {
    WithRaw t;
    t.insert({t.dataset(0, 1), t.dataset(1, 1), t.dataset(0, 2)});
    butler::registerDatasetType(t.repo, "empty", {}, "StructuredDataDict");
    CHECK(listed(t.repo, "").size() == 3);
    CHECK(listed(t.repo, "detector = 0").size() == 2);
    CHECK(listed(t.repo, "day_obs = 20210202 AND band = 'r' AND group = 'g'").size() == 3);
    CHECK(listed(t.repo, "band = 'g'").empty());
    CHECK(listed(t.repo, "physical_filter = 'r_01' AND exposure IN (2..9)").size() == 1);
    CHECK(listed(t.repo, "dataset_type = 'raw' AND run = 'TestCam/raw/all'").size() == 3);
    CHECK(listed(t.repo, "dataset_type = 'bias'").empty());
    CHECK(listed(t.repo, "id = '" + t.dataset(1, 1).id.text() + "'")
          == std::vector<std::string>{
              R"(raw TestCam/raw/all {"instrument":"TestCam","detector":1,"exposure":1})"});
    CHECK(listed(t.repo, "tract = 1").empty());
    CHECK(errorOf([&] { listed(t.repo, "foo = 1"); }).code() == "USAGE");
}

TEST_CASE("long listings come in pages without gaps", "[butler][datasets]") {
    WithRaw t;
    constexpr std::int64_t count = 4500;
    {
        sql::Transaction transaction(t.repo.db());
        std::vector<butler::NewDataset> many;
        for (std::int64_t id = 4; id <= count; ++id) t.addExposure(id);
        for (std::int64_t id = 1; id <= count; ++id) many.push_back(t.dataset(0, id));
        t.datasets().insert(many, 0);
        // Every third dataset has its pixels and its mask in files of their own.
        t.repo.db().execute(
            "INSERT INTO file_datastore_records SELECT r.dataset_id, path || '.mask', formatter, "
            "storage_class, 'mask', checksum, file_size FROM file_datastore_records AS r "
            "JOIN dataset_tags_00000001 AS t ON t.dataset_id = r.dataset_id WHERE exposure % 3 = 0");
        transaction.commit();
    }
    auto const writer =
        sql::openSqlite(t.repo.config().sqlite_path, sql::OpenMode::ReadWrite, std::chrono::milliseconds(10));
    std::int64_t last = 0;
    butler::forEachDataset(t.repo, "", [&](butler::DatasetRow const &row) {
        REQUIRE(row.data_id["exposure"].integer() == ++last);
        REQUIRE(row.files.array().size() == (last % 3 == 0 ? 2 : 1));
        // Other writers are not kept waiting while rows are handed on.
        if (last == 1000) CHECK_NOTHROW(writer->execute("UPDATE instrument SET visit_max = 7"));
    });
    CHECK(last == count);
}

TEST_CASE("conditions on datasets reach the records of their dimensions", "[butler][datasets]") {
    WithRaw t;
    t.repo.db().execute("UPDATE exposure SET observation_type = 'dark', seq_num = 7 WHERE id = 2");
    t.insert({t.dataset(0, 1), t.dataset(1, 1), t.dataset(0, 2)});
    butler::registerDatasetType(t.repo, "empty", {}, "StructuredDataDict");
    auto const count = [&](char const *where) { return listed(t.repo, where).size(); };
    CHECK(count("exposure.observation_type = 'dark'") == 1);
    CHECK(count("exposure.day_obs = 20210202") == 3);
    CHECK(count("exposure.seq_num IN (5..9) AND detector.full_name = 'R00_S00'") == 1);
    CHECK(count("NOT exposure.obs_id = 'TC_O_1'") == 1);
    CHECK(count("exposure.timespan_begin >= 1612325143789123456") == 3);
    // Of dimensions that only follow from the data ID, by way of other records.
    CHECK(count("physical_filter.band = 'r' AND day_obs.id = 20210202 AND exposure.id = 1") == 2);
    CHECK(count("instrument.class_name = 'x.TestCam' OR exposure.seq_num = 7") == 3);
    CHECK(count("visit.exposure_time > 1") == 0); // no type has visits
    auto const e = errorOf([&] { count("exposure.observation_typ = 'dark'"); });
    CHECK(e.code() == "USAGE");
    CHECK(e.hint() == "did you mean exposure.observation_type?");
    auto const hint = errorOf([&] { count("zzzzzzzzzzzz = 1"); }).hint();
    CHECK(hint.find("exposure, exposure.*, ") != std::string::npos);
    CHECK(hint.find("exposure.seq_num") == std::string::npos);
}

TEST_CASE("rows that a trigger makes away with are an error", "[butler][datasets]") {
    WithRaw t;
    std::string const table =
        GENERATE(as<std::string>{}, "dataset_tags_00000001", "dataset_location", "file_datastore_records");
    t.repo.db().execute("CREATE TRIGGER t BEFORE INSERT ON " + table + " BEGIN SELECT RAISE(IGNORE); END");
    auto const e = errorOf([&] { t.insert({t.dataset(0, 1)}); });
    CHECK(e.code() == "DB_ERROR");
    CHECK(e.exitCode() == common::ExitCode::Backend);
    CHECK(e.message() == "the database did not take a row of table " + table);
    CHECK(t.count("dataset") == 0);
}
