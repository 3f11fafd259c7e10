#include "butler/repository.h"

#include "butler/embedded.h"
#include "test_repo.h"

#include <csignal>
#include <map>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace dbb;
using butler::Access;
using butler::Repository;

namespace {

constexpr char const *datasetsVersion = "version:lsst.daf.butler.registry.datasets.byDimensions._manager."
                                        "ByDimensionsDatasetRecordStorageManagerUUID";
constexpr char const *dimensionsVersion =
    "version:lsst.daf.butler.registry.dimensions.static.StaticDimensionRecordStorageManager";

std::set<std::string> filesOf(std::string const &folder) {
    std::set<std::string> out;
    for (auto const &entry : std::filesystem::directory_iterator(folder)) out.insert(entry.path().filename());
    return out;
}

/// A fresh repository with one change made behind our back.
struct Altered {
    test::TemporaryFolder folder;
    std::string path = folder / "repo";
    explicit Altered(std::string const &statement, std::vector<sql::Value> const &values = {}) {
        Repository::create(path);
        auto const db = sql::openSqlite(path + "/gen3.sqlite3", sql::OpenMode::ReadWrite);
        db->execute("PRAGMA foreign_keys = OFF");
        db->prepare(statement)->run(values);
    }
    Repository open(Access access = Access::ReadWrite) const { return Repository::open(path, access); }
};

Altered withVersion(char const *row, char const *version) {
    return Altered("UPDATE butler_attributes SET value = ? WHERE name = ?",
                   {std::string(version), std::string(row)});
}

} // namespace

TEST_CASE("a fresh repository has exactly what the Butler puts into one", "[butler][repository]") {
    test::TemporaryFolder const folder;
    auto const path = folder / "a/b/repo";
    Repository::create(path);
    CHECK(filesOf(path) == std::set<std::string>{"butler.yaml", "gen3.sqlite3"});
    CHECK(common::readFile(path + "/butler.yaml") == butler::embedded::butlerYaml());

    auto const db = sql::openSqlite(path + "/gen3.sqlite3", sql::OpenMode::ReadOnly);
    std::map<std::string, std::string> attributes;
    db->cached("SELECT name, value FROM butler_attributes").query({}, [&](auto const &row) {
        attributes[row.text(0)] = row.text(1);
    });
    CHECK(attributes.size() == 13);
    CHECK(attributes["config:dimensions.json"] == butler::embedded::dimensionsJson());
    CHECK(attributes[datasetsVersion] == "2.0.0");
    CHECK(attributes[dimensionsVersion] == "6.0.2");

    // Every other table is empty but for the name of the records table.
    std::vector<std::string> tables;
    db->cached("SELECT name FROM sqlite_master WHERE type = 'table'").query({}, [&](auto const &row) {
        tables.push_back(row.text(0));
    });
    CHECK(tables.size() == 49); // the 52 of the golden schema without its three association tables
    for (auto const &table : tables) {
        db->prepare("SELECT count(*) FROM " + sql::quoteIdentifier(table))->query({}, [&](auto const &row) {
            CAPTURE(table);
            CHECK(row.integer(0) == (table == "butler_attributes" ? 13 : table == "opaque_meta" ? 1 : 0));
        });
    }
    for (auto const &[pragma, value] : std::map<std::string, std::string>{{"journal_mode", "delete"},
                                                                          {"user_version", "0"},
                                                                          {"application_id", "0"},
                                                                          {"encoding", "UTF-8"}}) {
        db->prepare("PRAGMA " + pragma)->query({}, [&](auto const &row) { CHECK(row.text(0) == value); });
    }
}

TEST_CASE("what is there is left alone", "[butler][repository]") {
    test::TemporaryFolder const folder;
    common::writeFileDurably(folder / "bystander", "x");
    SECTION("a repository") {
        Repository::create(folder.path());
        auto const before = common::readFile(folder / "gen3.sqlite3");
        auto const e = test::errorOf([&] { Repository::create(folder.path()); });
        CHECK(e.code() == "REPO_EXISTS");
        CHECK(e.exitCode() == common::ExitCode::Backend);
        CHECK(common::readFile(folder / "gen3.sqlite3") == before);
    }
    SECTION("a registry without butler.yaml") {
        common::writeFileDurably(folder / "gen3.sqlite3", "mine");
        CHECK(test::errorOf([&] { Repository::create(folder.path()); }).code() == "REPO_EXISTS");
        CHECK(common::readFile(folder / "gen3.sqlite3") == "mine");
    }
    SECTION("a file in the place of the folder") {
        auto const e = test::errorOf([&] { Repository::create(folder / "bystander"); });
        CHECK(e.exitCode() == common::ExitCode::Backend);
    }
    CHECK(common::readFile(folder / "bystander") == "x");
}

TEST_CASE("a create that fails leaves nothing that looks like a repository", "[butler][repository]") {
    test::TemporaryFolder const folder;
    auto const child = ::fork();
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit const limit{100'000, 100'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        int status = 0;
        try {
            Repository::create(folder.path());
        } catch (common::Error const &e) {
            status = static_cast<int>(e.exitCode());
        }
        ::_exit(status);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == static_cast<int>(common::ExitCode::Backend));
    CHECK(filesOf(folder.path()).empty());
}

TEST_CASE("a create that is killed leaves no butler.yaml, or a whole repository", "[butler][repository]") {
    int whole = 0;
    for (int delay_us = 0; delay_us < 30'000; delay_us += 1'500) {
        test::TemporaryFolder const folder;
        auto const child = ::fork();
        if (child == 0) {
            Repository::create(folder.path());
            ::_exit(0);
        }
        ::usleep(static_cast<unsigned>(delay_us));
        ::kill(child, SIGKILL);
        REQUIRE(::waitpid(child, nullptr, 0) == child);
        if (!filesOf(folder.path()).contains("butler.yaml")) continue;
        ++whole;
        CHECK_NOTHROW(Repository::open(folder.path(), Access::ReadWrite));
    }
    CAPTURE(whole);
}

TEST_CASE("an opened repository", "[butler][repository]") {
    test::TestRepo t;
    CHECK(t.repo.universe().version() == 8);
    CHECK(t.repo.datasetsManager() == butler::DatasetsManager::V2);
    CHECK(t.repo.config().datastores.front().name == "FileDatastore@<butlerRoot>");
    CHECK(t.repo.access() == Access::ReadWrite);
    auto const reader = Repository::open(t.folder / "repo/butler.yaml", Access::ReadOnly);
    CHECK(test::errorOf([&] { reader.db().execute("DELETE FROM instrument"); }).code() == "REPO_READ_ONLY");
}

TEST_CASE("versions of managers", "[butler][repository]") {
    CHECK(withVersion(datasetsVersion, "1.0.0").open().datasetsManager() == butler::DatasetsManager::V1);
    CHECK(withVersion(datasetsVersion, "2.0.7").open().datasetsManager() == butler::DatasetsManager::V2);
    CHECK_NOTHROW(withVersion(dimensionsVersion, "6.0.9").open());
    CHECK_NOTHROW(Altered("DELETE FROM butler_attributes WHERE name LIKE 'version:%'").open());
    // Releases 23 to 25: attributes 1.0.0 and digests of the schema.
    CHECK_NOTHROW(
        Altered("UPDATE butler_attributes SET value = '1.0.0' WHERE name LIKE 'version:%attributes%'")
            .open());
    CHECK_NOTHROW(Altered("INSERT INTO butler_attributes VALUES ('schema_digest:x', '00')").open());
}

TEST_CASE("other versions are refused by name, found and supported version", "[butler][repository]") {
    auto const e = test::errorOf([] { withVersion(datasetsVersion, "3.0.0").open(); });
    CHECK(e.code() == "REPO_UNSUPPORTED");
    CHECK(e.exitCode() == common::ExitCode::Damaged);
    CHECK(e.message().find("manager of datasets has version 3.0.0; dbb can write 1.0.x or 2.0.x")
          != std::string::npos);
    CHECK(test::errorOf([] { withVersion(dimensionsVersion, "6.1.0").open(Access::ReadOnly); }).code()
          == "REPO_UNSUPPORTED");
    CHECK(test::errorOf([] { withVersion(dimensionsVersion, "five").open(); }).code() == "REPO_UNSUPPORTED");
    auto const other = test::errorOf([] {
        Altered("UPDATE butler_attributes SET value = 'some.NameKeyCollectionManager' "
                "WHERE name = 'config:registry.managers.collections'")
            .open();
    });
    CHECK(other.code() == "REPO_UNSUPPORTED");
    CHECK(other.message().find("some.NameKeyCollectionManager") != std::string::npos);
}

TEST_CASE("an older minor version may be read, not written", "[butler][repository]") {
    constexpr char const *row =
        "version:lsst.daf.butler.registry.bridge.monolithic.MonolithicDatastoreRegistryBridgeManager";
    CHECK_NOTHROW(withVersion(row, "0.1.0").open(Access::ReadOnly));
    CHECK(test::errorOf([&] { withVersion(row, "0.1.0").open(); }).code() == "REPO_UNSUPPORTED");
    CHECK(test::errorOf([&] { withVersion(row, "0.3.0").open(Access::ReadOnly); }).code()
          == "REPO_UNSUPPORTED");
}

TEST_CASE("registries that are none", "[butler][repository]") {
    auto const code = [](char const *statement) {
        auto const e = test::errorOf([&] { Altered(statement).open(); });
        CHECK(e.exitCode() == common::ExitCode::Damaged);
        return e.code();
    };
    CHECK(code("DROP TABLE butler_attributes") == "REPO_DAMAGED");
    CHECK(code("DELETE FROM butler_attributes") == "REPO_DAMAGED");
    CHECK(code("DELETE FROM butler_attributes WHERE name = 'config:dimensions.json'") == "REPO_DAMAGED");
    CHECK(code("DELETE FROM butler_attributes WHERE name = 'config:registry.managers.opaque'")
          == "REPO_DAMAGED");
    CHECK(code("UPDATE butler_attributes SET value = '{}' WHERE name = 'config:dimensions.json'")
          == "REPO_UNSUPPORTED");
}

TEST_CASE("a registry that is missing keeps the whole repository from being used", "[butler][repository]") {
    test::TemporaryFolder const folder;
    Repository::create(folder.path());
    std::filesystem::remove(folder / "gen3.sqlite3");
    auto const e = test::errorOf([&] { Repository::open(folder.path(), Access::ReadOnly); });
    CHECK(e.code() == "NOT_FOUND");
    CHECK(e.exitCode() == common::ExitCode::Backend);
}

TEST_CASE("a live ObsCore table may be read beside, not written beside", "[butler][repository]") {
    Altered const repo("INSERT INTO butler_attributes VALUES ('config:registry.managers.obscore', 'x')");
    CHECK_NOTHROW(repo.open(Access::ReadOnly));
    auto const e = test::errorOf([&] { repo.open(); });
    CHECK(e.code() == "REPO_UNSUPPORTED");
    CHECK(e.message().find("registry.managers.obscore") != std::string::npos);
    CHECK(e.hint().find("--ignore-obscore") != std::string::npos);
    CHECK(repo.open(Access::ReadOnly).hasObscore());
    CHECK(Repository::open(repo.path, Access::ReadWrite, true).hasObscore());
    CHECK(test::errorOf([] {
              Altered("INSERT INTO butler_attributes VALUES ('config:obscore.json', '{}')").open();
          }).code()
          == "REPO_UNSUPPORTED");
}

TEST_CASE("the records table is added when it is missing, but not by a dry run", "[butler][repository]") {
    Altered const repo("DROP TABLE file_datastore_records");
    sql::openSqlite(repo.path + "/gen3.sqlite3", sql::OpenMode::ReadWrite)
        ->execute("DELETE FROM opaque_meta");
    auto const before = common::readFile(repo.path + "/gen3.sqlite3");
    {
        auto const trial = repo.open(Access::Trial);
        CHECK_NOTHROW(trial.db().execute("INSERT INTO file_datastore_records (dataset_id, path, formatter, "
                                         "storage_class, component) VALUES ('x', 'y', 'z', 'a', 'b')"));
        repo.open(Access::ReadOnly);
    }
    CHECK(common::readFile(repo.path + "/gen3.sqlite3") == before);
    auto const opened = repo.open();
    CHECK(opened.db().hasTable("file_datastore_records"));
    std::string name;
    opened.db().cached("SELECT table_name FROM opaque_meta").query({}, [&](auto const &row) {
        name = row.text(0);
    });
    CHECK(name == "file_datastore_records");
}
