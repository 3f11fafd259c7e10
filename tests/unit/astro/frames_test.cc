// Vectors: astropy 8.0.2 (see tests/data/README.md); exact bits.
#include "astro/earth_orientation.h"
#include "astro/frames.h"
#include "common/file.h"
#include "common/json.h"
#include "common/text.h"

#include "unit/test_data.h"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace dbb;

namespace {

std::vector<common::Json> vectors(std::string const &name) {
    std::vector<common::Json> out;
    for (auto const &line : common::split(common::readFile(tests::data(name)), '\n')) {
        if (!line.empty()) out.push_back(common::Json::parse(line));
    }
    return out;
}

double number(common::Json const &row, char const *key) {
    return std::strtod(row[key].string().c_str(), nullptr);
}

} // namespace

TEST_CASE("FK5 J2000 becomes ICRS as in astropy") {
    auto const rows = vectors("fk5-vectors.jsonl");
    REQUIRE(rows.size() == 40);
    for (auto const &row : rows) {
        INFO(row.dump());
        auto const icrs = astro::icrsFromFk5({number(row, "fk5_ra_deg"), number(row, "fk5_dec_deg")});
        CHECK(icrs.lon_deg == number(row, "icrs_ra_deg"));
        CHECK(icrs.lat_deg == number(row, "icrs_dec_deg"));
    }
}

TEST_CASE("horizontal coordinates become ICRS as in astropy, and come back") {
    auto const rows = vectors("altaz-vectors.jsonl");
    REQUIRE(rows.size() == 20);
    auto const site = astro::siteFromGeodetic(-70.747698, -30.244728, 2663.0);
    for (auto const &row : rows) {
        INFO(row.dump());
        auto const tai = astro::fromMjd(number(row, "mjd_tai"));
        astro::Direction const altaz{number(row, "az_deg"), number(row, "el_deg")};
        auto const icrs = astro::icrsFromAltAz(altaz, tai, site);
        CHECK(icrs.lon_deg == number(row, "icrs_ra_deg"));
        CHECK(icrs.lat_deg == number(row, "icrs_dec_deg"));
        auto const back = astro::altAzFromIcrs(icrs, tai, site);
        CHECK(back.lon_deg == Approx(altaz.lon_deg).margin(1e-9));
        CHECK(back.lat_deg == Approx(altaz.lat_deg).margin(1e-9));
    }
}

TEST_CASE("angles wrap into their range") {
    CHECK(astro::wrapDegrees(-75.25) == 284.75);
    CHECK(astro::wrapDegrees(360.0) == 0.0);
    CHECK(astro::wrapDegrees(359.5) == 359.5);
    CHECK(astro::wrapDegrees(725.0) == 5.0);
    CHECK(astro::wrapDegreesSigned(180.0) == -180.0);
    CHECK(astro::wrapDegreesSigned(138.5) == 138.5);
    CHECK(astro::wrapDegreesSigned(-190.0) == 170.0);
}

TEST_CASE("outside the table of the IERS the Earth is at its mean place") {
    // Rows of the table itself at 0h; the mean pole is astropy's.
    auto const first = astro::earthOrientation(astro::fromMjd(58119.0));
    CHECK(first.ut1_minus_utc_s == 0.2163567);
    auto const before = astro::earthOrientation(astro::fromMjd(58118.5));
    auto const after = astro::earthOrientation(astro::fromMjd(70000.0));
    CHECK(before.ut1_minus_utc_s == 0.0);
    CHECK(after.ut1_minus_utc_s == 0.0);
    CHECK(after.pole_y_rad == Approx(0.29 / 206264.80624709636));
}
