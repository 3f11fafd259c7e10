/// \file
/// Folders, data files and small repositories for the tests of lib/butler.
#pragma once

#include "butler/dimension_records.h"
#include "butler/embedded.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace dbb::test {

/// Required dimensions of raw images.
inline std::vector<std::string> const rawDimensions{"instrument", "detector", "exposure"};

/// Path of a file below tests/data.
inline std::string dataFile(std::string const &name) {
    auto const *folder = std::getenv("DBB_TEST_DATA");
    return std::string(folder ? folder : "tests/data") + "/" + name;
}

inline std::string data(std::string const &name) {
    return common::readFile(dataFile(name));
}

/// Lines of a JSON Lines file below tests/data.
inline std::vector<common::Json> jsonLines(std::string const &name) {
    std::vector<common::Json> out;
    auto const text = data(name);
    for (std::size_t at = 0; at < text.size();) {
        auto const end = text.find('\n', at);
        out.push_back(common::Json::parse(std::string_view(text).substr(at, end - at)));
        at = end + 1;
    }
    return out;
}

/// A folder that goes away with its content.
class TemporaryFolder {
public:
    TemporaryFolder() {
        auto const pattern = (std::filesystem::temp_directory_path() / "dbb-test-XXXXXX").string();
        std::vector<char> name(pattern.begin(), pattern.end());
        name.push_back('\0');
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        _path = name.data();
    }
    ~TemporaryFolder() { std::filesystem::remove_all(_path); }
    TemporaryFolder(TemporaryFolder const &) = delete;
    TemporaryFolder &operator=(TemporaryFolder const &) = delete;

    std::string const &path() const { return _path; }
    std::string operator/(std::string const &name) const { return _path + "/" + name; }

private:
    std::string _path;
};

/// An error of an action, for looking at its parts.
template<class F>
common::Error errorOf(F const &action) {
    try {
        action();
    } catch (common::Error const &e) {
        return e;
    }
    FAIL("no error was thrown");
    return {"", ""};
}

/// An empty repository of an older universe, in a folder of its own, opened for writing.
inline butler::Repository repoOfUniverse(TemporaryFolder const &folder, int version) {
    butler::Repository::create(folder.path());
    std::filesystem::remove(folder / "gen3.sqlite3");
    {
        auto const db = sql::openSqlite(folder / "gen3.sqlite3", sql::OpenMode::Create);
        auto const text = data("butler/dimensions-universe" + std::to_string(version) + ".json");
        for (auto const &statement :
             butler::staticTables(butler::Universe::parse(text), sql::Dialect::Sqlite)) {
            db->execute(statement);
        }
        auto const attributes = common::Json::parse(butler::embedded::butlerAttributes());
        auto &insert = db->cached("INSERT INTO butler_attributes VALUES (?, ?)");
        for (auto const &[name, value] : attributes.object()) insert.run({name, value.string()});
        insert.run({"config:dimensions.json", text});
    }
    return butler::Repository::open(folder.path(), butler::Access::ReadWrite);
}

/// A fresh repository with instrument TestCam, detectors 0 and 1, filter r_01, opened for writing.
struct TestRepo {
    TemporaryFolder folder;
    butler::Repository repo;
    butler::DimensionRecords records;

    TestRepo() : repo(made(folder / "repo")), records(repo) {
        sql::Transaction transaction(repo.db());
        sync("instrument", R"({"name":"TestCam","visit_max":100,"visit_system":0,"exposure_max":100,
                               "detector_max":10,"class_name":"x.TestCam"})");
        sync("detector", R"({"instrument":"TestCam","id":0,"full_name":"R00_S00","purpose":"SCIENCE"})");
        sync("detector", R"({"instrument":"TestCam","id":1,"full_name":"R00_S01","purpose":"SCIENCE"})");
        sync("physical_filter", R"({"instrument":"TestCam","name":"r_01","band":"r"})");
        transaction.commit();
    }

    butler::SyncResult sync(char const *element, std::string const &json, bool update = false) {
        return records.sync(element, common::Json::parse(json), update);
    }

    /// Number of rows of a table.
    std::int64_t count(std::string const &table) {
        std::int64_t out = 0;
        repo.db()
            .cached("SELECT count(*) FROM " + sql::quoteIdentifier(table))
            .query({}, [&](auto const &row) { out = row.integer(0); });
        return out;
    }

    /// Records of one exposure and what it needs; `extra` replaces or adds members of the exposure.
    void addExposure(std::int64_t id, common::Json const &extra = {}) {
        sync("group", R"({"instrument":"TestCam","name":"g"})");
        sync("day_obs", R"({"instrument":"TestCam","id":20210202,"timespan":
            {"begin_tai":"2021-02-02T12:00:00.000000000","end_tai":"2021-02-03T12:00:00.000000000"}})");
        records.sync("exposure", exposure(id, extra), false);
    }

    static common::Json exposure(std::int64_t id, common::Json const &extra = {}) {
        auto out = common::Json::parse(R"({"instrument":"TestCam","id":0,"day_obs":20210202,"group":"g",
            "physical_filter":"r_01","obs_id":"","exposure_time":30.1,"dark_time":null,"observation_type":"science",
            "seq_num":1,"tracking_ra":10.123456789012345,"has_simulated":false,"timespan":
            {"begin_tai":"2021-02-03T04:05:43.789123456","end_tai":"2021-02-03T04:06:13.789123457"}})");
        out.set("id", id).set("obs_id", "TC_O_" + std::to_string(id));
        if (extra.isObject()) {
            for (auto const &[key, value] : extra.object()) out.set(key, value);
        }
        return out;
    }

private:
    static butler::Repository made(std::string const &path) {
        butler::Repository::create(path);
        return butler::Repository::open(path, butler::Access::ReadWrite);
    }
};

} // namespace dbb::test
