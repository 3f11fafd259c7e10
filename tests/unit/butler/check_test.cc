#include "butler/check.h"

#include "butler/actual_schema.h"
#include "butler/check_parts.h"
#include "butler/check_spool.h"
#include "butler/collections.h"
#include "butler/embedded.h"
#include "butler/schema.h"
#include "test_repo.h"

#include <set>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace dbb;
using butler::Damage;

namespace {

butler::CheckResult checked(std::string const &repo, butler::CheckOptions const &options = {}) {
    return butler::check(
        repo, options, [](Damage const &) {}, [](std::string_view) {});
}

/// Fill a repository with datasets of one type; as many exposures as needed with 100 detectors each.
void fill(std::string const &path, int datasets) {
    butler::Repository::create(path);
    auto const repo = butler::Repository::open(path, butler::Access::ReadWrite);
    auto const type =
        butler::registerDatasetType(repo, "image", {"instrument", "detector", "exposure"}, "Exposure");
    auto &db = repo.db();
    db.execute("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF");
    sql::Transaction transaction(db);
    auto const run = std::to_string(butler::registerRun(repo, "run"));
    auto const id = std::to_string(type.id);
    auto const numbers = [](int n) {
        return "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < "
               + std::to_string(n) + ") ";
    };
    auto const exposures = datasets / 100;
    db.execute(
        "INSERT INTO instrument (name) VALUES ('C');"
        "INSERT INTO visit_skypix_overlap_summary VALUES ('htm', 7, 'C');"
        "INSERT INTO visit_detector_region_skypix_overlap_summary VALUES ('htm', 7, 'C');"
        "INSERT INTO physical_filter VALUES ('C', 'r', 'r'); INSERT INTO day_obs VALUES ('C', 1, 1, 2);"
        "INSERT INTO \"group\" VALUES ('C', 'g');"
        "INSERT INTO collection_summary_dataset_type VALUES ("
        + run + ", " + id + "); INSERT INTO collection_summary_instrument VALUES (" + run + ", 'C');");
    db.execute(numbers(100)
               + "INSERT INTO detector (instrument, id, full_name) SELECT 'C', i, 'd' || i FROM n;");
    db.execute(numbers(exposures)
               + "INSERT INTO exposure (instrument, id, day_obs, \"group\", physical_filter, obs_id) "
                 "SELECT 'C', i, 1, 'g', 'r', 'o' || i FROM n;");
    db.execute(
        "CREATE TEMP TABLE d AS " + numbers(datasets)
        + "SELECT lower(hex(randomblob(16))) AS id, i % 100 AS detector, i / 100 AS exposure FROM n;"
          "INSERT INTO dataset SELECT id, "
        + id + ", 1700000000000000000, " + run + " FROM d; INSERT INTO " + type.tags_table + " SELECT " + id
        + ", id, " + run
        + ", 'C', detector, exposure FROM d; INSERT INTO dataset_location SELECT "
          "'FileDatastore@<butlerRoot>', id FROM d; INSERT INTO file_datastore_records SELECT id, "
          "'image/' || exposure || '/' || detector, 'f', 'Exposure', '__NULL_STRING__', NULL, 1 FROM d;");
    transaction.commit();
}

/// Resident memory in kB that a check of a repository needs at most, in a process of its own.
[[maybe_unused]] long memoryOf(std::string const &repo, std::int64_t found) {
    auto const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(checked(repo, {.files = true}).foundTotal() == found ? 0 : 1);
    int status = 0;
    rusage usage{};
    REQUIRE(::wait4(child, &status, 0, &usage) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    return usage.ru_maxrss;
}

} // namespace

TEST_CASE("the catalogue of damages is in order", "[butler][check]") {
    std::set<std::string_view> names;
    std::set<void (*)(butler::CheckContext const &)> finders;
    void (*before)(butler::CheckContext const &) = nullptr;
    for (auto const &kind : butler::damageKinds()) {
        CAPTURE(kind.name);
        CHECK(names.insert(kind.name).second);
        CHECK(kind.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
        CHECK(kind.meaning.ends_with('.'));
        CHECK_FALSE(kind.remedy.empty());
        CHECK_FALSE(kind.remedy.ends_with('.'));
        // Kinds that are found together stand together, so that their finder runs once.
        if (kind.find != before) CHECK(finders.insert(kind.find).second);
        before = kind.find;
        CHECK(&butler::damageKind(kind.name) == &kind);
    }
    CHECK(names.size() > 60);
    CHECK(test::errorOf([] { butler::damageKind("nothing"); }).code() == "BAD_VALUE");
}

TEST_CASE("tables of all universes are what they should be", "[butler][check]") {
    for (auto const universe : {0, 2, 4, 7, 8}) {
        CAPTURE(universe);
        test::TemporaryFolder const folder;
        auto const db = sql::openSqlite(folder / "db", sql::OpenMode::Create);
        auto const number = std::to_string(universe);
        db->execute("PRAGMA synchronous = OFF");
        db->execute(test::data("butler/schema-sqlite-universe" + number + ".sql"));
        auto const known = butler::Universe::parse(
            universe == 8 ? std::string(butler::embedded::dimensionsJson())
                          : test::data("butler/dimensions-universe" + number + ".json"));
        auto specs = butler::staticTableSpecs(known, butler::DatasetsManager::V2);
        specs.push_back(butler::recordsTableSpec("file_datastore_records"));
        specs.push_back(butler::tagsTableSpec(known, known.group({"instrument", "detector", "exposure"}), 1));
        specs.push_back(butler::calibsTableSpec(known, known.group({"instrument", "detector"}), 2));
        for (auto const &spec : specs) {
            CAPTURE(spec.name);
            auto const actual = butler::readTables(*db, spec.name)[spec.name];
            CHECK(butler::sameColumns(spec, actual, db->dialect()));
            CHECK(butler::missingConstraints(spec, actual).empty());
            CHECK(butler::wrongTypes(spec, actual, db->dialect()).empty());
            CHECK(butler::missingIndexes(spec, actual, db->dialect()).empty());
        }
    }
}

TEST_CASE("findings wait in the order in which they came, equal ones once", "[butler][check]") {
    butler::Spool spool;
    for (int round = 0; round < 2; ++round) {
        spool.start();
        for (int i = 0; i < 10; ++i) {
            common::Json where;
            where.set("id", i % 7);
            spool.add({"missing_file",
                       where,
                       "m" + std::to_string(i),
                       {{"S ?", {std::int64_t{i}, std::string("ü'")}}}});
        }
        spool.finish();
        std::string messages;
        for (auto page = spool.next(3); !page.empty(); page = spool.next(3)) {
            for (auto const &finding : page) {
                messages += finding.message;
                CHECK(finding.mending.at(0).values.at(1) == sql::Value(std::string("ü'")));
            }
        }
        CHECK(messages == "m0m1m2m3m4m5m6");
    }
}

TEST_CASE("a mending that fails is said to have failed, and the others are done", "[butler][check]") {
    test::TemporaryFolder const folder;
    auto const path = folder / "repo";
    fill(path, 200);
    auto const db = sql::openSqlite(path + "/gen3.sqlite3", sql::OpenMode::ReadWrite);
    db->execute("PRAGMA foreign_keys = OFF; DELETE FROM dataset_location;"
                "CREATE TRIGGER no BEFORE INSERT ON dataset_location WHEN NEW.dataset_id < '8' BEGIN SELECT "
                "RAISE(ABORT, 'not this one'); END");
    int done = 0;
    int failed = 0;
    auto const result = butler::check(
        path, {.files = false, .repair = true},
        [&](Damage const &damage) {
            if (damage.outcome == "done") {
                ++done;
            } else {
                CHECK(damage.message.ends_with("it could not be mended: not this one"));
                ++failed;
            }
        },
        [](std::string_view) {});
    CHECK(done + failed == 200);
    CHECK(failed > 50);
    CHECK(result.mended.at("missing_location") == done);
    CHECK(result.foundTotal() == 200);
}

TEST_CASE("memory does not grow with the number of datasets or damages", "[butler][check][slow]") {
#if defined(__SANITIZE_ADDRESS__)
    return; // it keeps what was freed
#else
    test::TemporaryFolder const folder;
    constexpr long most = 8 * 1024;
    fill(folder / "small", 2000);
    fill(folder / "large", 60000);
    // All files are missing.
    CHECK(memoryOf(folder / "large", 60000) - memoryOf(folder / "small", 2000) < most);
#endif
}
