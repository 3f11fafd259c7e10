#include "astro/earth_orientation.h"

#include "common/error.h"
#include "common/file.h"
#include "common/text.h"

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
    double mjd = 0;
    double ut1_minus_utc_s = 0;
    double x_arcsec = 0;
    double y_arcsec = 0;
};

struct Table {
    std::string version; ///< what the first line says behind '#', or the file's name
    std::vector<Row> rows;
};

/// The number at the begin of a text, behind blanks; false when there is none.
bool numberAt(std::string_view text, double &value) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
}

/// `mjd,ut1_minus_utc_s,x_arcsec,y_arcsec`
bool readCsv(std::string_view line, Row &row) {
    for (auto *value : {&row.mjd, &row.ut1_minus_utc_s, &row.x_arcsec, &row.y_arcsec}) {
        if (!numberAt(line, *value)) return false;
        line.remove_prefix(std::min(line.find(','), line.size() - 1) + 1);
    }
    return true;
}

/// A line of the IERS's finals2000A files: fixed columns, of which those of Bulletin B are final. Format:
/// readme.finals2000A of the IERS.
bool readFinals(std::string_view line, Row &row) {
    struct Column {
        std::size_t first; ///< from 0
        std::size_t size;
    };
    auto const number = [&](Column const &column, double &value) {
        return line.size() > column.first && numberAt(line.substr(column.first, column.size), value);
    };
    auto const either = [&](Column const &final, Column const &rapid, double &value) {
        return number(final, value) || number(rapid, value);
    };
    return number({7, 8}, row.mjd) && either({154, 11}, {58, 10}, row.ut1_minus_utc_s)
           && either({134, 10}, {18, 9}, row.x_arcsec) && either({144, 10}, {37, 9}, row.y_arcsec);
}

Table parseTable(std::string_view text, std::string const &name) {
    Table out{name, {}};
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.starts_with('#') && out.rows.empty()) out.version = common::strip(line.substr(1));
        Row row;
        bool const good =
            line.find(',') != std::string_view::npos ? readCsv(line, row) : readFinals(line, row);
        if (!good) continue;
        if (!out.rows.empty() && row.mjd <= out.rows.back().mjd)
            throw common::Error("BAD_TABLE",
                                "its days are not in order at MJD " + std::string(line.substr(0, 16)));
        out.rows.push_back(row);
    }
    return out;
}

Table &table() {
    static Table read = parseTable(
        {dbb_data_iers_csv_start, static_cast<std::size_t>(dbb_data_iers_csv_end - dbb_data_iers_csv_start)},
        "unknown");
    return read;
}

double arcsecToRadians(double arcsec) {
    return arcsec * ERFA_DAS2R;
}

} // namespace

std::string earthOrientationVersion() {
    auto const &read = table();
    auto const day = [](Row const &row) { return std::to_string(static_cast<int>(row.mjd)); };
    return read.version + ", MJD " + day(read.rows.front()) + " to " + day(read.rows.back());
}

void useEarthOrientation(std::string const &file) {
    try {
        auto read = parseTable(common::readFile(file), common::nameOf(file));
        if (read.rows.size() < 2) throw common::Error("BAD_TABLE", "it has no rows of an IERS table");
        table() = std::move(read);
    } catch (common::Error const &e) {
        throw common::usageError(
            "--iers \"" + file + "\": " + e.message(),
            "give a finals2000A file of the IERS, or lines mjd,ut1_minus_utc_s,x_arcsec,y_arcsec");
    }
}

EarthOrientation earthOrientation(JulianDate const &utc) {
    auto const &rows = table().rows;
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
