#include "butler/collections.h"
#include "butler/datasets.h"
#include "butler/orphans.h"
#include "butler/root_folder.h"
#include "butler/stored_path.h"
#include "butler/trash.h"
#include "common/uri.h"
#include "test_repo.h"

#include <fstream>

using namespace dbb;
using butler::RootFolder;
using butler::Trash;
using Fate = butler::RemovedFile::Fate;

namespace {

void write(std::string const &path, std::string const &text = "x") {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
}

/// A repository with raw datasets whose paths are given.
struct Stored : test::TestRepo {
    std::string root = repo.config().datastores.front().root;
    std::vector<std::string> ids;

    void add(std::int64_t exposure, std::string const &path, std::string const &run = "run") {
        auto const type =
            butler::registerDatasetType(repo, "raw", {"instrument", "detector", "exposure"}, "Exposure");
        sql::Transaction transaction(repo.db());
        addExposure(exposure);
        butler::Datasets datasets(repo, type, run, butler::registerRun(repo, run));
        butler::DataId const dataId{std::string("TestCam"), std::int64_t{0}, exposure};
        auto const id = butler::rawUuid(type, run, dataId);
        datasets.insert({{id, dataId, {{.path = path}}, "f", "Exposure", 1}}, 0);
        transaction.commit();
        ids.push_back(id.hex());
    }

    std::vector<butler::RemovedFile> finish(std::string const &id) {
        sql::Transaction transaction(repo.db());
        Trash trash(repo, {id});
        auto out = trash.finish(id);
        trash.sync();
        transaction.commit();
        return out;
    }

    void moveToTrash(std::string const &id) {
        sql::Transaction transaction(repo.db());
        butler::moveToTrash(repo, id);
        transaction.commit();
    }
};

} // namespace

TEST_CASE("files are removed beneath a root only", "[butler][removal]") {
    test::TemporaryFolder const folder;
    auto const root = folder / "root";
    write(root + "/a/b/file");
    write(folder / "outside/file");
    std::filesystem::create_symlink("../outside", root + "/link");
    std::filesystem::create_symlink("file", root + "/a/b/link");
    RootFolder files(root);

    CHECK(files.remove("a/b/file"));
    CHECK_FALSE(files.remove("a/b/file"));
    CHECK_FALSE(files.remove("a/nowhere/file"));
    for (auto const *path :
         {"../outside/file", "a/../../outside/file", "/etc/passwd", "", ".", "a//b", "a/", "link/file"}) {
        CAPTURE(path);
        CHECK(test::errorOf([&] { files.remove(path); }).code() == "OUTSIDE_ROOT");
    }
    CHECK(std::filesystem::exists(folder / "outside/file"));
    // A link itself is a file of the datastore, and what it points to is not.
    CHECK(files.remove("link"));
    CHECK(files.remove("a/b/link"));
    CHECK(std::filesystem::exists(folder / "outside/file"));
    CHECK(test::errorOf([&] { files.remove("a"); }).code() != "OUTSIDE_ROOT"); // a folder is no file
    files.sync();
    CHECK(test::errorOf([&] { RootFolder(folder / "none"); }).code() == "NOT_FOUND");
}

TEST_CASE("stored paths", "[butler][removal]") {
    CHECK(butler::isUri("file:///a/b"));
    CHECK(butler::isUri("s3://bucket/key"));
    CHECK_FALSE(butler::isUri("a/b"));
    CHECK_FALSE(butler::isUri("a/b://c"));
    CHECK(butler::artifactOf("a/b.zip#zip-path=c.json") == "a/b.zip");
    CHECK(butler::artifactOf("a#b") == "a#b");
    CHECK(butler::localFile("/root", "a b/c") == "/root/a b/c");
    CHECK(butler::localFile("/root", "file:///x/a%20b") == "/x/a b");
    CHECK(butler::localFile("/root", "s3://bucket/key").empty());
    CHECK(butler::staysBelow("a/..b/c.."));
    CHECK_FALSE(butler::staysBelow("a/../b"));
}

TEST_CASE("the trash deletes what nobody else has", "[butler][removal]") {
    Stored s;
    s.add(1, "own.fits");
    s.add(2, "shared.fits");
    s.add(2, "shared.fits", "other");
    s.add(3, common::fileUri(s.folder / "direct.fits"));
    s.add(4, "gone.fits");
    s.add(5, "zip#zip-path=a");
    s.add(6, "zip#zip-path=b");
    s.add(7, "byUri.fits");
    s.add(7, common::fileUri(s.root + "/byUri.fits"), "other");
    for (auto const *name : {"own.fits", "shared.fits", "zip", "byUri.fits"}) write(s.root + "/" + name);
    write(s.folder / "direct.fits");

    // What is not in the trash is left alone.
    CHECK(s.finish(s.ids[0]).empty());
    CHECK(std::filesystem::exists(s.root + "/own.fits"));

    auto const fateOf = [&](std::size_t i) {
        CHECK(Trash(s.repo, {s.ids[i]}).plan(s.ids[i]).at(0).fate != Fate::Kept);
        s.moveToTrash(s.ids[i]);
        return s.finish(s.ids[i]).at(0).fate;
    };
    CHECK(fateOf(0) == Fate::Deleted);
    CHECK(fateOf(1) == Fate::InUse);
    CHECK(fateOf(2) == Fate::Deleted);
    CHECK(fateOf(3) == Fate::Outside);
    CHECK(fateOf(4) == Fate::Missing);
    CHECK(fateOf(5) == Fate::InUse);
    CHECK(fateOf(6) == Fate::Deleted);
    CHECK(fateOf(7) == Fate::InUse);
    CHECK(std::filesystem::exists(s.folder / "direct.fits"));
    CHECK(std::filesystem::exists(s.root + "/byUri.fits"));
    for (auto const *name : {"own.fits", "shared.fits", "zip"})
        CHECK_FALSE(std::filesystem::exists(s.root + "/" + name));
    CHECK(s.count("dataset") == 1);
    CHECK(s.count("dataset_location_trash") == 0);
    CHECK(s.count("file_datastore_records") == 1);
}

TEST_CASE("a file stays that a dataset has under another name", "[butler][removal]") {
    Stored s;
    std::filesystem::create_symlink(s.root, s.folder / "linked");
    std::filesystem::create_symlink(s.root + "/5.fits", s.folder / "5.fits");
    std::filesystem::create_symlink("target", s.root + "/6.fits");
    std::vector<std::pair<std::string, std::string>> const others{
        {"1~.fits", "file://" + s.root + "/1%7E.fits"},
        {"2.fits", "file://localhost" + s.folder.path() + "/linked/2.fits"},
        {"3.fits", s.folder / "linked/3.fits"},
        {"4.fits", "file://" + s.root + "/../repo//./4.fits"},
        {"5.fits", "file://" + s.folder.path() + "/5.fits"},
        {"6.fits", "file://" + s.folder.path() + "/linked/6.fits"},
        // Neither of these is the same file.
        {"7.fits", "file://" + s.folder.path() + "/7.fits"},
        {"8.fits", "file:///%00/8.fits"},
    };
    std::int64_t exposure = 0;
    for (auto const &[own, other] : others) {
        s.add(++exposure, own);
        s.add(exposure, other, "other");
        if (own != "6.fits") write(s.root + "/" + own);
    }
    for (std::size_t i = 0; i < others.size(); ++i) {
        auto const &id = s.ids[2 * i];
        CAPTURE(others[i].second);
        auto const want = i < 6 ? Fate::InUse : Fate::Deleted;
        CHECK(Trash(s.repo, {id}).plan(id).at(0).fate == want);
        s.moveToTrash(id);
        CHECK(s.finish(id).at(0).fate == want);
    }
}

TEST_CASE("links of other names are noticed, whatever the dataset that has them", "[butler][removal]") {
    Stored s;
    s.add(1, "run/file");
    s.add(1, "other/link", "other");
    write(s.root + "/run/file");
    std::filesystem::create_directory(s.root + "/other");
    std::filesystem::create_symlink("../run/file", s.root + "/other/link");
    CHECK(Trash(s.repo, {s.ids[0]}).plan(s.ids[0]).at(0).fate == Fate::InUse);
    // Nobody misses a link but who is recorded with it.
    CHECK(Trash(s.repo, {s.ids[1]}).plan(s.ids[1]).at(0).fate == Fate::Deleted);
}

TEST_CASE("the repository's own files are no files of datasets", "[butler][removal]") {
    Stored s;
    auto const &config = s.repo.config();
    std::filesystem::create_symlink(".", s.root + "/here");
    std::filesystem::create_symlink("gen3.sqlite3", s.root + "/alias");
    std::filesystem::create_hard_link(config.file, s.root + "/second name");
    std::filesystem::create_directory(s.root + "/folder");
    write(s.root + "/file");
    butler::OwnFiles const own(config);
    CHECK_FALSE(own.has(s.root + "/file"));
    CHECK_FALSE(own.has(s.root + "/none/file"));
    std::int64_t exposure = 0;
    for (auto const *path :
         {"gen3.sqlite3", "gen3.sqlite3-journal", "gen3.sqlite3-wal", "gen3.sqlite3-shm", "butler.yaml",
          "here/gen3.sqlite3", "here/gen3.sqlite3-journal", "alias", "second name"}) {
        CAPTURE(path);
        CHECK(own.has(s.root + "/" + path));
        s.add(++exposure, path);
    }
    for (auto const *path : {"folder", "", "../file", "/etc/passwd", "folder//file"}) s.add(++exposure, path);
    for (auto const &id : s.ids) {
        auto const e = test::errorOf([&] { Trash(s.repo, {id}).require(id, false); });
        CHECK(e.code() == "REPO_DAMAGED");
        CHECK(e.exitCode() == common::ExitCode::Damaged);
        Trash(s.repo, {id}).require(id, true);
        s.moveToTrash(id);
        CHECK(test::errorOf([&] { s.finish(id); }).code() == "OUTSIDE_ROOT");
    }
    CHECK(s.count("dataset_location_trash") == exposure);
    for (auto const *path : {"gen3.sqlite3", "butler.yaml", "alias", "second name", "folder", "file"})
        CHECK(std::filesystem::exists(s.root + "/" + path));
}

TEST_CASE("datasets that go together do not keep each other's file", "[butler][removal]") {
    Stored s;
    s.add(1, "both.fits");
    s.add(1, "both.fits", "other");
    write(s.root + "/both.fits");
    CHECK(Trash(s.repo, {s.ids[0]}).plan(s.ids[0]).at(0).fate == Fate::InUse);
    CHECK(Trash(s.repo, {s.ids[0], s.ids[1]}).plan(s.ids[0]).at(0).fate == Fate::Deleted);
    // A dataset that is stored again is none to be deleted, whatever the trash says.
    s.repo.db().execute(
        "INSERT INTO dataset_location_trash SELECT dataset_id, datastore_name FROM dataset_location");
    CHECK_FALSE(butler::isInTrash(s.repo, s.ids[0]));
    CHECK(s.finish(s.ids[0]).empty());
    CHECK(std::filesystem::exists(s.root + "/both.fits"));
}

TEST_CASE("files without rows are found, in order", "[butler][removal]") {
    Stored s;
    s.add(1, "a/known.fits");
    s.add(2, "zip#zip-path=a");
    s.add(3, common::fileUri(s.root + "/b/by uri.fits"));
    for (auto const *name : {"a/known.fits", "zip", "b/by uri.fits", "a/z", "a/b/c", "B"})
        write(s.root + "/" + name, "12");
    std::vector<std::string> found;
    butler::forEachOrphan(s.repo, [&](butler::Orphan const &orphan) {
        found.push_back(orphan.path.substr(s.root.size() + 1));
        CHECK(orphan.size_bytes == 2);
    });
    CHECK(found == std::vector<std::string>{"B", "a/b/c", "a/z"});
}
