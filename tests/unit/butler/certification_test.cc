#include "butler/certification.h"

#include "test_repo.h"

#include <optional>

using namespace dbb;
using butler::Certifications;
using butler::Certified;
using Found = Certifications::Found;
using OwnTimes = Certifications::OwnTimes;
using test::errorOf;

namespace {

constexpr std::int64_t day = 86'400'000'000'000;

/// A repository with dataset type bias, of which each run has one of each detector.
struct WithBias : test::TestRepo {
    butler::DatasetType bias =
        butler::registerDatasetType(repo, "bias", {"instrument", "detector"}, "ExposureF", true);
    std::int64_t collection = 0;

    WithBias() {
        sql::Transaction transaction(repo.db());
        collection = butler::registerCollection(repo, "calib", butler::CollectionType::Calibration);
        for (auto const *run : {"one", "two"}) {
            butler::Datasets datasets(repo, bias, run, butler::registerRun(repo, run));
            std::vector<butler::NewDataset> all;
            for (std::int64_t detector = 0; detector < 2; ++detector) {
                butler::NewDataset dataset{
                    id(run, detector), dataId(detector), {}, "x.Formatter", "ExposureF"};
                dataset.files.push_back({.path = run + std::to_string(detector)});
                all.push_back(dataset);
            }
            datasets.insert(all, day);
        }
        transaction.commit();
    }

    static butler::DataId dataId(std::int64_t detector) { return {std::string("TestCam"), detector}; }
    common::Uuid id(std::string const &run, std::int64_t detector) const {
        return butler::rawUuid(bias, run, dataId(detector));
    }
    /// \param begin,end  in days
    Certified certified(std::string const &run, std::int64_t detector, std::optional<std::int64_t> begin,
                        std::optional<std::int64_t> end) const {
        auto const ns = [](std::optional<std::int64_t> days) {
            return days ? std::optional(*days * day) : std::nullopt;
        };
        return {id(run, detector), dataId(detector), ns(begin), ns(end)};
    }

    Certifications certifications() const { return {repo, bias, "calib", collection}; }

    std::vector<Certifications::Outcome> insert(std::vector<Certified> const &all,
                                                OwnTimes ownTimes = OwnTimes::Keep) {
        sql::Transaction transaction(repo.db());
        auto out = certifications().insert(all, ownTimes);
        transaction.commit();
        return out;
    }

    /// Detectors and times in days, as text.
    std::string rows() {
        std::string out;
        repo.db()
            .cached("SELECT detector, timespan_begin, timespan_end FROM dataset_calibs_00000001 "
                    "WHERE instrument = 'TestCam' AND collection_id = ? AND dataset_type_id = ? "
                    "ORDER BY detector, timespan_begin")
            .query({collection, bias.id}, [&](auto const &row) {
                out += row.text(0) + ":" + std::to_string(row.integer(1) / day) + "-"
                       + std::to_string(row.integer(2) / day) + " ";
            });
        return out;
    }
};

} // namespace

TEST_CASE("datasets are certified once", "[butler][certification]") {
    WithBias t;
    std::vector<Certified> const all{t.certified("one", 0, {}, 20), t.certified("two", 0, 20, {}),
                                     t.certified("one", 1, {}, {})};
    for (auto const &one : all) CHECK(t.certifications().look(one) == Found::New);
    for (auto const &outcome : t.insert(all)) {
        CHECK_FALSE(outcome.error);
        CHECK(outcome.found == Found::New);
    }
    CHECK(t.rows() == "0:0-20 0:20-47482 1:0-47482 ");
    CHECK(t.count("collection_summary_dataset_type") == 3);
    CHECK(t.count("collection_summary_instrument") == 3);
    for (auto const &outcome : t.insert(all)) CHECK(outcome.found == Found::Same);
    CHECK(t.rows() == "0:0-20 0:20-47482 1:0-47482 ");
    CHECK(t.certifications().look(all[1]) == Found::Same);
    // Beyond what a registry can hold a side is open.
    auto wide = all[2];
    wide.begin_ns = -7 * day;
    wide.end_ns = 50'000 * day;
    CHECK(t.certifications().look(wide) == Found::Same);
    CHECK(t.insert({}).empty());
}

TEST_CASE("no two datasets are good at the same time", "[butler][certification]") {
    WithBias t;
    t.insert({t.certified("one", 0, 10, 20)});
    auto certifications = t.certifications();
    for (auto const &[begin, end] : {std::pair{19, 21}, {9, 11}, {10, 20}, {12, 13}, {0, 30}}) {
        INFO(begin << "-" << end);
        CHECK(errorOf([&] { certifications.look(t.certified("two", 0, begin, end)); }).code()
              == "CERTIFY_CONFLICT");
    }
    CHECK(errorOf([&] { certifications.look(t.certified("two", 0, {}, {})); }).code() == "CERTIFY_CONFLICT");
    // Times are half open, and of one data ID.
    CHECK(certifications.look(t.certified("two", 0, 20, 21)) == Found::New);
    CHECK(certifications.look(t.certified("two", 0, {}, 10)) == Found::New);
    CHECK(certifications.look(t.certified("two", 1, 10, 20)) == Found::New);
    auto const e = errorOf([&] { certifications.look(t.certified("two", 0, 19, {})); });
    CHECK(
        e.message()
        == "bias {instrument=TestCam, detector=0}: dataset " + t.id("two", 0).text()
               + " can't be certified for [1970-01-20T00:00:00.000000000, unbounded) in collection "
                 "\"calib\", "
                 "since dataset "
               + t.id("one", 0).text()
               + " is certified for [1970-01-11T00:00:00.000000000, 1970-01-21T00:00:00.000000000) already");
    CHECK(e.cause().expected == "[1970-01-11T00:00:00.000000000, 1970-01-21T00:00:00.000000000)");
}

TEST_CASE("a dataset is certified for one time without seams", "[butler][certification]") {
    WithBias t;
    t.insert({t.certified("one", 0, 10, 20)});
    auto certifications = t.certifications();
    for (auto const &[begin, end] : {std::pair{10, 21}, {20, 30}, {0, 10}, {11, 12}}) {
        INFO(begin << "-" << end);
        auto const e = errorOf([&] { certifications.look(t.certified("one", 0, begin, end)); });
        CHECK(e.code() == "CERTIFY_CONFLICT");
        CHECK(e.message().find("since it is certified for [1970-01-11") != std::string::npos);
    }
    CHECK(certifications.look(t.certified("one", 0, 21, 30)) == Found::New);
}

TEST_CASE("of several those are certified that can be", "[butler][certification]") {
    WithBias t;
    t.insert({t.certified("one", 0, 10, 20)});
    auto backwards = t.certified("two", 1, 5, 5);
    auto const outcomes =
        t.insert({t.certified("two", 0, 15, {}), t.certified("one", 0, 10, 20), t.certified("one", 1, 3, 9),
                  t.certified("two", 1, 8, {}), backwards, t.certified("two", 1, 9, 12)});
    REQUIRE(outcomes.size() == 6);
    CHECK(outcomes[0].error->code() == "CERTIFY_CONFLICT");
    CHECK(outcomes[1].found == Found::Same);
    CHECK_FALSE(outcomes[2].error);
    CHECK(outcomes[3].error->message().find(t.id("one", 1).text() + " is certified for")
          != std::string::npos);
    CHECK(outcomes[4].error->code() == "BAD_VALUE");
    CHECK(outcomes[4].error->message().find("ends before it begins") != std::string::npos);
    CHECK_FALSE(outcomes[5].error);
    CHECK(t.rows() == "0:10-20 1:3-9 1:9-12 ");
}

TEST_CASE("other times of a dataset give way, whatever the order", "[butler][certification]") {
    WithBias t;
    t.insert({t.certified("one", 0, {}, {}), t.certified("one", 1, 5, 6), t.certified("one", 1, 8, 9)});
    std::vector<Certified> const all{t.certified("two", 0, 20, {}), t.certified("one", 0, {}, 20),
                                     t.certified("one", 1, 5, 7)};
    for (auto const &outcome : t.certifications().lookEach({all[0], all[2]})) {
        CHECK(outcome.error->code() == "CERTIFY_CONFLICT");
        CHECK(outcome.replaced.empty());
    }
    CHECK(t.certifications().lookEach(all)[0].rival == t.id("one", 0).hex());
    auto const outcomes = t.insert(all, OwnTimes::Replace);
    CHECK(outcomes[0].found == Found::New);
    CHECK(outcomes[1].found == Found::Replaced);
    CHECK(outcomes[1].replaced.size() == 1);
    CHECK(outcomes[2].replaced.size() == 2);
    CHECK(t.rows() == "0:0-20 0:20-47482 1:5-7 ");
    for (auto const &outcome : t.insert(all, OwnTimes::Replace)) {
        CHECK(outcome.found == Found::Same);
        CHECK(outcome.replaced.empty());
    }
    CHECK(t.rows() == "0:0-20 0:20-47482 1:5-7 ");
}

TEST_CASE("what is refused keeps its time, which is in the way of others", "[butler][certification]") {
    WithBias t;
    t.insert({t.certified("one", 0, 10, 20), t.certified("two", 0, 20, 30)});
    auto const before = t.rows();
    // two can't have [5, 15) for one's sake, hence stays where one would go
    auto const outcomes =
        t.insert({t.certified("one", 0, 10, 25), t.certified("two", 0, 5, 15)}, OwnTimes::Replace);
    for (auto const &outcome : outcomes) CHECK(outcome.error->code() == "CERTIFY_CONFLICT");
    CHECK(t.rows() == before);
}

TEST_CASE("a dry run builds on what it has planned", "[butler][certification]") {
    WithBias t;
    t.insert({t.certified("one", 0, {}, {})});
    auto const db = sql::openSqlite("", sql::OpenMode::Create);
    butler::PlannedCertifications planned(*db);
    auto const plan = [&](Certified const &one) {
        return t.certifications().plan({one}, OwnTimes::Replace, planned).front();
    };
    CHECK(plan(t.certified("two", 0, 20, {})).error->code() == "CERTIFY_CONFLICT");
    CHECK(plan(t.certified("one", 0, {}, 20)).found == Found::Replaced);
    CHECK(plan(t.certified("one", 0, {}, 20)).found == Found::Same);
    CHECK(plan(t.certified("two", 0, 20, {})).found == Found::New);
    CHECK(t.rows() == "0:0-47482 ");
    // Nothing is registered.
    Certifications none(t.repo, t.bias, "new", {});
    CHECK(none.plan({t.certified("one", 0, {}, {})}, OwnTimes::Keep, planned).front().found == Found::New);
    CHECK(none.plan({t.certified("two", 0, {}, {})}, OwnTimes::Keep, planned).front().error->code()
          == "CERTIFY_CONFLICT");
}

TEST_CASE("a time that ends before it begins leaves no trace", "[butler][certification]") {
    WithBias t;
    auto const before = t.count("collection_summary_dataset_type");
    CHECK(t.insert({t.certified("one", 0, 9, 8)})[0].error->code() == "BAD_VALUE");
    CHECK(t.insert({t.certified("one", 0, {}, -1)})[0].error->code() == "BAD_VALUE");
    CHECK(t.count("collection_summary_dataset_type") == before);
    CHECK(t.rows().empty());
}

TEST_CASE("other types and collections are not in the way", "[butler][certification]") {
    WithBias t;
    t.insert({t.certified("one", 0, {}, {})});
    auto const dark =
        butler::registerDatasetType(t.repo, "dark", {"instrument", "detector"}, "ExposureF", true);
    REQUIRE(dark.calibs_table == t.bias.calibs_table);
    sql::Transaction transaction(t.repo.db());
    auto const other = butler::registerCollection(t.repo, "other", butler::CollectionType::Calibration);
    CHECK(Certifications(t.repo, dark, "calib", t.collection).look(t.certified("two", 0, {}, {}))
          == Found::New);
    CHECK(Certifications(t.repo, t.bias, "other", other).look(t.certified("two", 0, {}, {})) == Found::New);
}

TEST_CASE("only calibrations can be certified", "[butler][certification]") {
    WithBias t;
    auto const raw = butler::registerDatasetType(t.repo, "raw", {"instrument", "detector"}, "Exposure");
    auto const e = errorOf([&] { Certifications(t.repo, raw, "calib", t.collection); });
    CHECK(e.code() == "DATASET_TYPE_CONFLICT");
    CHECK(e.message().find("\"raw\" is registered as none of calibrations") != std::string::npos);
}
