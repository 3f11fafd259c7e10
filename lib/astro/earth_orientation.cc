#include "astro/earth_orientation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <erfam.h>
#include <string_view>
#include <vector>

extern "C" char const dbb_data_iers_csv_start[];
extern "C" char const dbb_data_iers_csv_end[];

namespace dbb::astro {

namespace {

struct Row {
    double mjd;
    double ut1_minus_utc_s;
    double x_arcsec;
    double y_arcsec;
};

std::vector<Row> parseTable() {
    std::string_view text(dbb_data_iers_csv_start,
                          static_cast<std::size_t>(dbb_data_iers_csv_end - dbb_data_iers_csv_start));
    std::vector<Row> out;
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        double values[4];
        auto const *at = line.data();
        auto const *end = line.data() + line.size();
        bool good = true;
        for (auto &value : values) {
            auto const [p, ec] = std::from_chars(at, end, value);
            good = good && ec == std::errc();
            at = p < end ? p + 1 : end;
        }
        if (good) out.push_back({values[0], values[1], values[2], values[3]});
    }
    return out;
}

std::vector<Row> const &table() {
    static std::vector<Row> const rows = parseTable();
    return rows;
}

double arcsecToRadians(double arcsec) {
    return arcsec * ERFA_DAS2R;
}

} // namespace

EarthOrientation earthOrientation(JulianDate const &utc) {
    auto const &rows = table();
    double const mjd = std::floor(utc.day - 2400000.5 + utc.fraction);
    double const day = utc.day - (2400000.5 + mjd) + utc.fraction;
    auto const next =
        std::upper_bound(rows.begin(), rows.end(), mjd, [](double m, Row const &row) { return m < row.mjd; });
    if (next == rows.begin() || next == rows.end()) {
        return {0.0, arcsecToRadians(0.035), arcsecToRadians(0.29)};
    }
    auto const &a = *(next - 1);
    auto const &b = *next;
    auto between = [&](double u, double v) { return u + day / (b.mjd - a.mjd) * (v - u); };
    // A leap second between the two rows must not be spread over the day.
    double const step = b.ut1_minus_utc_s - a.ut1_minus_utc_s;
    double const ut1 = a.ut1_minus_utc_s + day / (b.mjd - a.mjd) * (step - std::nearbyint(step));
    return {ut1, arcsecToRadians(between(a.x_arcsec, b.x_arcsec)),
            arcsecToRadians(between(a.y_arcsec, b.y_arcsec))};
}

} // namespace dbb::astro
