// Counts and nights of a verification, worked out by hand. Times are small numbers: only their order counts.
#include "convert/verify_tally.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace dbb;
using namespace dbb::convert;

namespace {

common::Json idOf(std::int64_t detector, char const *filter = nullptr) {
    common::Json out;
    out.set("instrument", "C").set("detector", detector);
    return filter ? out.set("physical_filter", filter) : out;
}

/// `<detector> <first>-<last> <nights>` of each hole.
std::vector<std::string> holes(VerifyTally &tally) {
    std::vector<std::string> out;
    tally.forEachUncovered([&](UncoveredNights const &u) {
        out.push_back(u.data_id["detector"].text() + " " + std::to_string(u.first_day_obs) + "-"
                      + std::to_string(u.last_day_obs) + " " + std::to_string(u.nights));
    });
    return out;
}

CalibrationPlace const place{"C", "C/calib", "flat"};

} // namespace

TEST_CASE("lines are counted by type, filter and night") {
    VerifyTally tally;
    for (int i = 0; i < 3; ++i)
        tally.count(
            {.dataset_type = "raw", .physical_filter = "r", .day_obs = 20200102, .gen2 = 1, .gen3 = i % 2});
    tally.count({.dataset_type = "raw", .physical_filter = "g", .day_obs = 20200102, .left_out = 1});
    tally.count({.dataset_type = "bias", .physical_filter = "", .day_obs = std::nullopt, .gen2 = 1});
    std::vector<std::string> seen;
    tally.forEachCount([&](NightCount const &c) {
        seen.push_back(c.dataset_type + " " + c.physical_filter + " " + std::to_string(c.day_obs.value_or(-1))
                       + " " + std::to_string(c.gen2) + " " + std::to_string(c.gen3) + " "
                       + std::to_string(c.left_out));
    });
    CHECK(seen == std::vector<std::string>{"bias  -1 1 0 0", "raw g 20200102 0 0 1", "raw r 20200102 3 1 0"});
}

TEST_CASE("nights without a calibration are told as runs of nights") {
    VerifyTally tally;
    for (auto const &[day, begin] : {std::pair{1, 10}, {1, 15}, {2, 20}, {4, 40}, {5, 50}, {6, 60}})
        tally.addExposure("C", "r", 20200100 + day, begin);
    tally.addExposure("another camera", "r", 20200103, 30);
    tally.addValidity(place, idOf(0), 20, 41);
    tally.addValidity(place, idOf(0), 0,
                      15); // the night's last exposure began at the end, which is not in it
    tally.addValidity(place, idOf(0), 60, 61);
    CHECK(holes(tally) == std::vector<std::string>{"0 20200101-20200101 1", "0 20200105-20200105 1"});
    tally.addValidity(place, idOf(1), 100, 200);
    tally.addValidity(place, idOf(2), 0, 50); // times that touch, in any order, are one
    tally.addValidity(place, idOf(2), 50, 100);
    CHECK(holes(tally)
          == std::vector<std::string>{"0 20200101-20200101 1", "0 20200105-20200105 1",
                                      "1 20200101-20200106 5"});
}

TEST_CASE("a night needs the calibration for all of its exposures, by one time or by times that touch") {
    VerifyTally tally;
    tally.addExposure("C", "r", 20200101, 10);
    tally.addExposure("C", "r", 20200101, 30);
    tally.addValidity(place, idOf(0), 0, 20);
    tally.addValidity(place, idOf(0), 20, 31);
    tally.addValidity(place, idOf(1), 0, 20);
    tally.addValidity(place, idOf(1), 25, 31);
    CHECK(holes(tally) == std::vector<std::string>{"1 20200101-20200101 1"});
}

TEST_CASE("a calibration of a filter is for the nights of that filter") {
    VerifyTally tally;
    tally.addExposure("C", "r", 20200101, 10);
    tally.addExposure("C", "g", 20200102, 20);
    tally.addValidity(place, idOf(0, "r"), 5, 15);
    tally.addValidity(place, idOf(1, "g"), 5, 15);
    tally.addValidity(place, idOf(2, "z"), 5, 15);
    tally.addValidity(place, idOf(3), 5, 15);
    CHECK(holes(tally) == std::vector<std::string>{"1 20200102-20200102 1", "3 20200102-20200102 1"});
}
