#include "common/calendar.h"
#include "ingest/why_answer.h"
#include "ingest/why_exposure.h"
#include "ingest/why_failures.h"
#include "ingest/why_stored.h"
#include "manifest/reason.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace dbb;
using namespace dbb::ingest;
using State = DetectorState::State;

TEST_CASE("every stage of the catalogue is one that dbb-why walks") {
    for (auto const &reason : manifest::reasons()) {
        INFO(reason.code);
        CHECK(std::count(whyStages().begin(), whyStages().end(), reason.stage) == 1);
    }
}

TEST_CASE("a file stops at the stage of the step in which its error arose") {
    CHECK(stageOfError(WalkStep::Describe, "NOT_FITS") == "read");
    CHECK(stageOfError(WalkStep::Describe, "BAD_DATE") == "translate");
    CHECK(stageOfError(WalkStep::Describe, "NAME_NOT_UTF8") == "read");
    CHECK(stageOfError(WalkStep::Describe, "BAD_URI") == "read");
    CHECK(stageOfError(WalkStep::Ingest, "OUTSIDE_ROOT") == "transfer");
    CHECK(stageOfError(WalkStep::Ingest, "PERMISSION") == "transfer");
    CHECK(stageOfError(WalkStep::Ingest, "BAD_VALUE") == "register");
    CHECK(stageOfError(WalkStep::Ingest, "REPO_LOCKED") == "commit");
}

TEST_CASE("dates of ingest are shown in UTC") {
    auto const utc = [](char const *tai) { return utcOfIngestDate(*common::nsFromIso(tai)); };
    CHECK(utc("2025-04-15T00:00:37.123456") == "2025-04-15T00:00:00.123456000");
    // Before and after the leap second at the end of 2016.
    CHECK(utc("2017-01-01T00:00:35") == "2016-12-31T23:59:59.000000000");
    CHECK(utc("2017-01-01T00:00:37") == "2017-01-01T00:00:00.000000000");
    CHECK(utcOfIngestDate(std::string("2021-02-03 04:05:06.789")) == "2021-02-03T04:05:06.789000000");
    CHECK(utcOfIngestDate(std::string("2021-02-03 04:05:06")) == "2021-02-03T04:05:06.000000000");
    CHECK(utcOfIngestDate(std::int64_t{0}).empty());
    CHECK(utcOfIngestDate(std::monostate{}).empty());
    CHECK(shownUtc("2021-02-03T04:05:06.789000000") == "2021-02-03 04:05:06 UTC");
}

TEST_CASE("neighbours in the camera are written as a range") {
    std::vector<DetectorState> detectors;
    for (auto const *name : {"a", "b", "c", "d", "e", "f"}) detectors.push_back({0, name, "SCIENCE"});
    CHECK(compactNames(detectors, State::Missing) == "a..f");
    CHECK(compactNames(detectors, State::There).empty());
    detectors[3].state = State::There;
    CHECK(compactNames(detectors, State::Missing) == "a..c, e, f");
    CHECK(compactNames(detectors, State::There) == "d");
}

TEST_CASE("an exposure may be named by its number") {
    auto const name = exposureByNumber("LSSTCam/2025041500060");
    REQUIRE(name);
    CHECK(name->instrument == "LSSTCam");
    CHECK(name->id == 2025041500060);
    for (auto const *other : {"LSSTCam", "LSSTCam/", "/12", "./12", "a/b/12", "raw/12.fits", "LSSTCam/-1"}) {
        INFO(other);
        CHECK_FALSE(exposureByNumber(other));
    }
}

TEST_CASE("a rejected line belongs to an exposure by its data ID, its obs_id or its file's name") {
    ExposureName const exposure{"LSSTCam", 2025041500060, "MC_O_20250415_000060"};
    std::vector<std::string> const others{"LATISS"};
    auto const about = [&](char const *line) {
        return isAbout(manifest::Record::parse(line), exposure, others);
    };
    CHECK(about(R"({"type":"file","data_id":{"instrument":"LSSTCam","exposure":2025041500060}})"));
    CHECK(about(R"({"type":"file","data_id":{"instrument":"LSSTCam","exposure":"2025041500060"}})"));
    CHECK_FALSE(about(R"({"type":"file","data_id":{"instrument":"LATISS","exposure":2025041500060}})"));
    CHECK_FALSE(about(R"({"type":"file","uri":"/MC_O_20250415_000060.fits",)"
                      R"("data_id":{"instrument":"LSSTCam","exposure":2025041500061}})"));
    CHECK(about(R"({"type":"file","records":{"exposure":{"obs_id":"MC_O_20250415_000060"}}})"));
    CHECK(about(R"({"type":"file","uri":"/a/MC_O_20250415_000060_R22_S11.fits"})"));
    CHECK(about(R"({"type":"text","line":3,"text":"/a/MC-O-20250415-000060.fits"})"));
    CHECK_FALSE(about(R"({"type":"file","uri":"/a/XMC_O_20250415_000060.fits"})"));
    CHECK(about(R"({"type":"file","uri":"/a/2025041500060-R22-S11-det094.fits"})"));
    CHECK_FALSE(about(R"({"type":"file","uri":"/LATISS/2025041500060-det000.fits"})"));
    CHECK_FALSE(about(R"({"type":"file","uri":"/a/12025041500060.fits"})"));
}
