#include "butler/dimension_records.h"

#include "test_repo.h"

using namespace dbb;
using butler::SyncResult;
using common::Json;
using test::errorOf;
using SyncKind = SyncResult::Kind;

namespace {

/// A repository with exposure 1, inside a transaction.
struct WithExposure : test::TestRepo {
    sql::Transaction transaction{repo.db()};
    WithExposure() { addExposure(1); }

    SyncResult again(Json const &extra = {}, bool update = false) {
        return records.sync("exposure", exposure(1, extra), update);
    }
    Json stored() { return *records.find("exposure", {"TestCam", 1}); }
};

} // namespace

TEST_CASE("a record is inserted once and then the same", "[butler][records]") {
    WithExposure t;
    CHECK(t.again().kind == SyncKind::Same);
    CHECK(t.count("exposure") == 1);
    CHECK(t.sync("group", R"({"instrument":"TestCam","name":"h"})").kind == SyncKind::Inserted);
}

TEST_CASE("values are stored exactly", "[butler][records]") {
    WithExposure t;
    t.repo.db()
        .cached("SELECT exposure_time, tracking_ra, timespan_begin, timespan_end, has_simulated, dark_time, "
                "can_see_sky, typeof(exposure_time), typeof(has_simulated) FROM exposure")
        .query({}, [](sql::Statement const &row) {
            CHECK(row.column(0) == sql::Value(30.1));
            CHECK(row.column(1) == sql::Value(10.123456789012345));
            CHECK(row.integer(2) == 1612325143789123456);
            CHECK(row.integer(3) == 1612325173789123457);
            CHECK(row.column(4) == sql::Value(std::int64_t{0}));
            CHECK(row.isNull(5));
            CHECK(row.isNull(6));
            CHECK(row.text(7) == "real");
            CHECK(row.text(8) == "integer");
        });
    t.repo.db()
        .cached("SELECT timespan_begin, timespan_end FROM day_obs")
        .query({}, [](sql::Statement const &row) {
            CHECK(row.integer(0) == 1612267200000000000);
            CHECK(row.integer(1) == 1612353600000000000);
        });
    auto const record = t.stored();
    CHECK(record["timespan"].dump()
          == R"({"begin_tai":"2021-02-03T04:05:43.789123456","end_tai":"2021-02-03T04:06:13.789123457"})");
    CHECK(record["has_simulated"] == Json(false));
    CHECK(record["exposure_time"] == Json(30.1));
    CHECK(record["seq_num"] == Json(1));
    CHECK(record["can_see_sky"].isNull());
    CHECK_FALSE(t.records.find("exposure", {"TestCam", 2}).has_value());
}

TEST_CASE("an integer where a float is meant is a float", "[butler][records]") {
    WithExposure t;
    t.again(Json::parse(R"({"exposure_time":30})"), true);
    CHECK(t.again(Json::parse(R"({"exposure_time":30.0})")).kind == SyncKind::Same);
    CHECK(t.stored()["exposure_time"] == Json(30.0));
}

TEST_CASE("the last bit and the last nanosecond count", "[butler][records]") {
    WithExposure t;
    auto const e = errorOf([&] { t.again(Json::parse(R"({"exposure_time":30.100000000000005})")); });
    CHECK(e.code() == "EXPOSURE_CONFLICT");
    CHECK(e.exitCode() == common::ExitCode::SomeFailed);
    CHECK(e.cause().column == "exposure_time");
    CHECK(e.cause().value == "30.100000000000005");
    CHECK(e.cause().expected == "30.1");
    auto const span = errorOf([&] {
        t.again(Json::parse(
            R"({"timespan":{"begin_tai":"2021-02-03T04:05:43.789123457","end_tai":"2021-02-03T04:06:13.789123457"}})"));
    });
    CHECK(span.cause().column == "timespan");
    CHECK(errorOf([&] { t.again(Json::parse(R"({"has_simulated":true})")); }).cause().column
          == "has_simulated");
    CHECK(errorOf([&] { t.again(Json::parse(R"({"has_simulated":null})")); }).cause().column
          == "has_simulated");
    CHECK(errorOf([&] { t.again(Json::parse(R"({"dark_time":0.0})")); }).cause().expected == "null");
    CHECK(t.again().kind == SyncKind::Same); // nothing was changed
}

TEST_CASE("a conflict names all columns that differ", "[butler][records]") {
    WithExposure t;
    auto const e = errorOf([&] { t.again(Json::parse(R"({"seq_num":2,"observation_type":"dark"})")); });
    CHECK(e.message()
          == "exposure (instrument=\"TestCam\", id=1) is registered with other values: observation_type is "
             "\"science\" "
             "there and \"dark\" here, seq_num is 1 there and 2 here");
    CHECK(e.cause().column == "observation_type");
    auto const day =
        errorOf([&] { t.sync("day_obs", R"({"instrument":"TestCam","id":20210202,"timespan":null})"); });
    CHECK(day.code() == "DAY_OBS_CONFLICT");
}

TEST_CASE("an update changes what differs and tells what was", "[butler][records]") {
    WithExposure t;
    auto const change = Json::parse(R"({"seq_num":2,"dark_time":31.5,
        "timespan":{"begin_tai":null,"end_tai":"2021-02-03T04:06:13.789123457"}})");
    auto const result = t.again(change, true);
    CHECK(result.kind == SyncKind::Updated);
    CHECK(result.old_values.dump()
          == R"({"dark_time":null,"seq_num":1,"timespan":{"begin_tai":"2021-02-03T04:05:43.789123456",)"
             R"("end_tai":"2021-02-03T04:06:13.789123457"}})");
    CHECK(t.again(change).kind == SyncKind::Same);
    CHECK(t.again(change, true).kind == SyncKind::Same);
}

TEST_CASE("an obs_id belongs to one exposure", "[butler][records]") {
    WithExposure t;
    auto const e = errorOf([&] { t.addExposure(2, Json::parse(R"({"obs_id":"TC_O_1"})")); });
    CHECK(e.code() == "OBS_ID_TAKEN");
    CHECK(e.message()
          == "exposure (instrument=\"TestCam\", id=2) has obs_id \"TC_O_1\", which exposure 1 has already");
    CHECK(e.cause().column == "obs_id");
    t.addExposure(2);
    CHECK(errorOf([&] {
              t.records.sync("exposure", t.exposure(2, Json::parse(R"({"obs_id":"TC_O_1"})")), true);
          }).code()
          == "OBS_ID_TAKEN");
    CHECK(errorOf([&] {
              t.sync("detector", R"({"instrument":"TestCam","id":7,"full_name":"R00_S00"})");
          }).code()
          == "KEY_TAKEN");
}

TEST_CASE("a record that is referred to must be there", "[butler][records]") {
    WithExposure t;
    auto const e = errorOf([&] { t.addExposure(2, Json::parse(R"({"physical_filter":"z_09"})")); });
    CHECK(e.code() == "MISSING_RECORD");
    CHECK(e.message()
          == "exposure (instrument=\"TestCam\", id=2) refers to physical_filter \"z_09\", which is not "
             "registered in "
             "this repository");
    CHECK(e.cause().column == "physical_filter");
    CHECK(errorOf([&] { t.sync("group", R"({"instrument":"Nix","name":"g"})"); }).cause().column
          == "instrument");
    CHECK(errorOf([&] { t.addExposure(3, Json::parse(R"({"day_obs":20210203})")); }).cause().value
          == "20210203");
}

TEST_CASE("lengths of text are those that the registry checks", "[butler][records]") {
    WithExposure t;
    std::string const sixteen = "\xC3\xA9xxxxxxxxxxxxxxx"; // characters, not bytes
    CHECK_NOTHROW(t.again(Json::Object{{"observation_type", sixteen}}, true));
    auto const e = errorOf([&] { t.again(Json::Object{{"observation_type", sixteen + "x"}}); });
    CHECK(e.code() == "VALUE_TOO_LONG");
    CHECK(e.cause().column == "observation_type");
    CHECK(e.cause().expected == "1 to 16 characters");
    CHECK(errorOf([&] { t.again(Json::parse(R"({"observation_type":""})")); }).code() == "VALUE_EMPTY");
    // Longer columns have no check: neither for length nor for emptiness.
    CHECK_NOTHROW(
        t.again(Json::Object{{"target_name", std::string(500, 'x')}, {"science_program", ""}}, true));
    CHECK(
        errorOf([&] { t.sync("physical_filter", R"({"instrument":"TestCam","name":"","band":"r"})"); }).code()
        == "VALUE_EMPTY");
}

TEST_CASE("values of a wrong type", "[butler][records]") {
    WithExposure t;
    auto const extra = GENERATE(
        as<std::string>{}, R"({"seq_num":1.5})", R"({"seq_num":"one"})", R"({"seq_num":""})",
        R"({"seq_num":true})", R"({"seq_num":1e300})", R"({"exposure_time":"30"})", R"({"has_simulated":0})",
        R"({"observation_type":7})", R"({"target_name":["x"]})", R"({"target_name":"a\u0000b"})",
        R"({"timespan":"now"})", R"({"timespan":{}})", R"({"timespan":{"begin_tai":"2021-02-03T04:05:43"}})",
        R"({"timespan":{"begin_tai":1,"end_tai":null}})",
        R"({"timespan":{"begin_tai":"2021-02-03T04:05:43","end_tai":"2021-02-03T04:05:42"}})",
        R"({"timespan":{"begin_tai":"yesterday","end_tai":null}})", R"({"day_obs":null})",
        R"({"group":null})", R"({"odd_column":1})", R"({"id":null})");
    CAPTURE(extra);
    auto const e = errorOf([&] { t.again(Json::parse(extra)); });
    CHECK(e.code() == "BAD_VALUE");
    CHECK_FALSE(e.cause().column.empty());
}

TEST_CASE("integers may be text or whole doubles", "[butler][records]") {
    WithExposure t;
    CHECK(t.again(Json::parse(R"({"id":"1","seq_num":1.0})")).kind == SyncKind::Same);
    t.sync("visit_system", R"({"instrument":"TestCam","id":"9007199254740993","name":"big"})");
    CHECK(t.records.find("visit_system", {"TestCam", std::int64_t{9007199254740993}}).has_value());
}

TEST_CASE("time spans without a side, without length, and outside the range", "[butler][records]") {
    WithExposure t;
    std::int64_t id = 20210300;
    auto const stored = [&](std::string const &span) {
        ++id;
        auto record = Json::parse(R"({"instrument":"TestCam","id":0,"timespan":)" + span + "}");
        t.records.sync("day_obs", record.set("id", id), false);
        std::pair<std::int64_t, std::int64_t> out;
        t.repo.db()
            .cached("SELECT timespan_begin, timespan_end FROM day_obs WHERE id = ?")
            .query({id}, [&](auto const &r) {
                out = {r.integer(0), r.integer(1)};
            });
        return out;
    };
    using Pair = std::pair<std::int64_t, std::int64_t>;
    constexpr std::int64_t end = 4102444800000000000;
    CHECK(stored(R"({"begin_tai":null,"end_tai":null})") == Pair(0, end));
    CHECK(t.records.find("day_obs", {"TestCam", id})->operator[]("timespan").dump()
          == R"({"begin_tai":null,"end_tai":null})");
    CHECK(stored(R"({"begin_tai":"2021-01-01T00:00:00","end_tai":null})") == Pair(1609459200000000000, end));
    CHECK(stored(R"({"begin_tai":"2021-01-01T00:00:00","end_tai":"2021-01-01T00:00:00.000000000"})")
          == Pair(1609459200000000000, 1609459200000000001));
    CHECK(stored(R"({"begin_tai":"1970-01-01T00:00:00","end_tai":"2100-01-01T00:00:00"})") == Pair(0, end));
    for (auto const *instant : {"1969-12-31T23:59:59.999999999", "2100-01-01T00:00:00.000000001",
                                "1600-01-01T00:00:00", "9999-12-31T00:00:00", "0000-01-01T00:00:00"}) {
        INFO(instant);
        auto const span = R"({"begin_tai":")" + std::string(instant) + R"(","end_tai":null})";
        CHECK(errorOf([&] { stored(span); }).code() == "BAD_VALUE");
    }
    CHECK(stored(R"({"empty":true})") == Pair(end, 0));
    CHECK(t.records.find("day_obs", {"TestCam", id})->operator[]("timespan").dump() == R"({"empty":true})");
}

TEST_CASE("an instrument and a skymap bring the rows that regions need", "[butler][records]") {
    test::TestRepo t;
    auto const has = [&](std::string const &table, std::string const &column, std::string const &value) {
        bool found = false;
        t.repo.db()
            .cached("SELECT 1 FROM " + table + " WHERE skypix_system = 'htm' AND skypix_level = 7 AND "
                    + column + " = ?")
            .query({value}, [&](auto const &) { found = true; });
        return found;
    };
    CHECK(has("visit_skypix_overlap_summary", "instrument", "TestCam"));
    CHECK(has("visit_detector_region_skypix_overlap_summary", "instrument", "TestCam"));
    CHECK(t.count("tract_skypix_overlap_summary") == 0);
    t.sync("skymap", R"({"name":"sky","hash":"AAAA","tract_max":1})");
    CHECK(has("tract_skypix_overlap_summary", "skymap", "sky"));
    CHECK(has("patch_skypix_overlap_summary", "skymap", "sky"));
    CHECK(t.count("visit_skypix_overlap_summary") == 1);
}

TEST_CASE("regions are indexed, or refused", "[butler][records]") {
    test::TestRepo t;
    t.sync("skymap", R"({"name":"sky","hash":"AAAA"})");
    CHECK(errorOf([&] { t.sync("tract", R"({"skymap":"sky","id":1,"region":"cAAA"})"); }).code()
          == "BAD_VALUE");
    // a box
    CHECK(errorOf([&] {
              t.sync("tract",
                     R"({"skymap":"sky","id":1,"region":"YtuHmKI2XPg/skcrfXZi+D9JO2+lAJHtP6Q6ug8Aqu0/"})");
          }).code()
          == "REGION_UNSUPPORTED");
    CHECK(t.sync("tract", R"({"skymap":"sky","id":1})").kind == SyncKind::Inserted);
    CHECK(t.count("tract_skypix_overlap") == 0);
    // a circle that touches six trixels; without it they are gone again
    std::string const circle =
        R"({"skymap":"sky","id":1,"region":"Y5hvUpYkX8u/0XmyJaNa2z/Fe62m5Bvsv3KuwfA/9PQ+oLbeLW5Pcj8="})";
    CHECK(t.records.sync("tract", Json::parse(circle), true).kind == SyncKind::Updated);
    CHECK(t.count("tract_skypix_overlap") == 6);
    CHECK(t.records.sync("tract", Json::parse(R"({"skymap":"sky","id":1})"), true).kind == SyncKind::Updated);
    CHECK(t.count("tract_skypix_overlap") == 0);
    t.sync("tract",
           R"({"skymap":"sky","id":2,"region":"Y5hvUpYkX8u/0XmyJaNa2z/Fe62m5Bvsv3KuwfA/9PQ+oLbeLW5Pcj8="})");
    CHECK(t.count("tract_skypix_overlap") == 6);
}

TEST_CASE("elements without records", "[butler][records]") {
    test::TestRepo t;
    CHECK(errorOf([&] { t.sync("band", R"({"name":"r"})"); }).code() == "BAD_VALUE");
    CHECK(errorOf([&] { t.sync("htm7", R"({"id":1})"); }).code() == "BAD_VALUE");
    CHECK(errorOf([&] { t.sync("exposur", R"({"id":1})"); }).hint() == "did you mean exposure?");
    CHECK(errorOf([&] { t.records.sync("group", Json::Array{}, false); }).code() == "BAD_VALUE");
    CHECK(errorOf([&] { t.records.find("exposure", {"TestCam"}); }).code() == "BAD_VALUE");
}

TEST_CASE("records are listed by key and condition", "[butler][records]") {
    WithExposure t;
    for (std::int64_t id = 5000; id > 1; --id) t.addExposure(id);
    std::int64_t last = 0;
    t.records.forEach("exposure", "", [&](Json const &record) { CHECK(record["id"].integer() == ++last); });
    CHECK(last == 5000);
    int found = 0;
    t.records.forEach("exposure", "id IN (10..19) AND timespan_begin > 0 AND obs_id <> 'TC_O_11'",
                      [&](Json const &) { ++found; });
    CHECK(found == 9);
    t.sync("physical_filter", R"({"instrument":"TestCam","name":"r_02","band":"r"})");
    t.sync("physical_filter", R"({"instrument":"TestCam","name":"g_01","band":"g"})");
    std::string bands;
    t.records.forEach("band", "", [&](Json const &record) { bands += record["name"].string(); });
    CHECK(bands == "gr");
    CHECK(errorOf([&] { t.records.forEach("exposure", "foo = 1", [](Json const &) {}); }).code() == "USAGE");
    CHECK(errorOf([&] { t.records.forEach("htm7", "", [](Json const &) {}); }).code() == "BAD_VALUE");
}

TEST_CASE("records are found in the order of their keys", "[butler][records]") {
    WithExposure t;
    t.addExposure(2);
    auto const found =
        t.records.findEach("exposure", {{"TestCam", 2}, {"TestCam", 7}, {"TestCam", 1}, {"TestCam", 2}});
    REQUIRE(found.size() == 4);
    CHECK(found[0].value()["id"] == Json(2));
    CHECK_FALSE(found[1]);
    CHECK(found[2] == t.stored());
    CHECK(found[3] == found[0]);
    CHECK(t.records.findEach("exposure", {}).empty());
    CHECK(errorOf([&] { t.records.findEach("exposure", {{"TestCam"}}); }).code() == "BAD_VALUE");
}

TEST_CASE("old universes have other columns", "[butler][records]") {
    test::TemporaryFolder const folder;
    auto const repo = test::repoOfUniverse(folder, 0);
    CHECK(repo.universe().version() == 0);
    CHECK(repo.universe().find("day_obs") == nullptr);
    butler::DimensionRecords records(repo);
    sql::Transaction const transaction(repo.db());
    auto const sync = [&](char const *element, char const *json) {
        return records.sync(element, Json::parse(json), false).kind;
    };
    CHECK(sync("instrument", R"({"name":"TestCam","exposure_max":10})") == SyncKind::Inserted);
    CHECK(sync("physical_filter", R"({"instrument":"TestCam","name":"r_01","band":"r"})")
          == SyncKind::Inserted);
    auto const *exposure =
        R"({"instrument":"TestCam","id":1,"physical_filter":"r_01","obs_id":"x","day_obs":20210202,
        "group_name":"g","group_id":1,"exposure_time":30.0})";
    CHECK(sync("exposure", exposure) == SyncKind::Inserted);
    CHECK(sync("exposure", exposure) == SyncKind::Same);
    CHECK(errorOf([&] {
              sync("instrument", R"({"name":"TestCam","exposure_max":10,"visit_system":0})");
          }).code()
          == "BAD_VALUE");
}
