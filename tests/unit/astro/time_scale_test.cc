// Expected values: astropy 8.0.2 through the recipes' vectors of the Butler's time tests and the published
// leap second table.
#include "astro/time_scale.h"
#include "common/calendar.h"

#include <catch2/catch.hpp>

using namespace dbb;
using astro::Scale;

TEST_CASE("a Modified Julian Date keeps its rounding noise") {
    // MJD-BEG of a real LSSTCam header and the nanoseconds that astropy and the Butler make of it.
    CHECK(astro::nsFromTai(astro::fromMjd(61114.95202352386)) == 1773615054832461476);
    CHECK(astro::nsFromTai(astro::fromMjd(40587.0)) == 0);
}

TEST_CASE("ISO texts of UTC become TAI") {
    auto const t = astro::parseIso("2021-02-03T04:05:06.789123456", Scale::Utc, false);
    REQUIRE(t);
    CHECK(astro::nsFromTai(astro::taiFrom(*t, Scale::Utc)) == 1612325143789123456);
    auto const tai = astro::parseIso("2026-03-15T22:50:59.846", Scale::Tai, false);
    REQUIRE(tai);
    CHECK(astro::nsFromTai(*tai) == *common::nsFromIso("2026-03-15T22:50:59.846"));
}

TEST_CASE("texts that are no dates are refused") {
    for (auto const *text :
         {"", "2025", "2025-4-22", "2025-04-22T", "2025-04-22T01", "2025-13-01", "2025-02-30",
          "2025-04-22T25:00:00", "2025-04-22 01:02:03", "2025-04-22T01:02:03.4x", "2025-04-22T01:02:03Z",
          "20250422T010203", "2025-04-22T01:02:03.456 "}) {
        INFO(text);
        CHECK_FALSE(astro::parseIso(text, Scale::Tai, false));
    }
    CHECK(astro::parseIso("2025-04-22", Scale::Tai, false));
    CHECK(astro::parseIso("2025-04-22T01:02", Scale::Tai, false));
    CHECK(astro::parseIso("2025-04-22T01:02:03Z", Scale::Utc, false));
}

TEST_CASE("leap seconds are counted") {
    // TAI - UTC was 36 s before and 37 s after the end of 2016.
    auto seconds = [](char const *utc) {
        return astro::nsFromTai(astro::taiFrom(*astro::parseIso(utc, Scale::Utc, false), Scale::Utc))
               / 1'000'000'000;
    };
    CHECK(seconds("2017-01-01T00:00:00") - seconds("2016-12-31T23:59:59") == 2);
    CHECK(seconds("2016-12-31T23:59:60") - seconds("2016-12-31T23:59:59") == 1);
    CHECK(astro::taiNsFromUtcNs(1'700'000'000'000'000'000) == 1'700'000'037'000'000'000);
}

TEST_CASE("seconds are added in TAI") {
    auto const t = *astro::parseIso("2025-04-22T23:59:50.5", Scale::Tai, false);
    CHECK(common::isoFromNs(astro::nsFromTai(astro::addSeconds(t, 15.25)))
          == "2025-04-23T00:00:05.750000000");
    CHECK(astro::difference(astro::addSeconds(t, 1e-6), t) > 0);
}

TEST_CASE("California keeps summer time") {
    auto offset = [](char const *utc) {
        return astro::pacificOffsetSeconds(
            astro::taiFrom(*astro::parseIso(utc, Scale::Utc, false), Scale::Utc));
    };
    // 2019: from 10 March 10:00 UTC to 3 November 09:00 UTC.
    CHECK(offset("2019-03-10T09:59:59") == 28800);
    CHECK(offset("2019-03-10T10:00:00") == 25200);
    CHECK(offset("2019-11-03T08:59:59") == 25200);
    CHECK(offset("2019-11-03T09:00:00") == 28800);
}
