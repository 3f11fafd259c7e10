#include "convert/cross_check.h"

#include "common/yaml.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace dbb::convert {

using common::Json;

namespace {

/// Seconds; registries round exposure times in their own way.
constexpr double sameTime_s = 1e-3;

/// `2018-09-20` as the Butler's day_obs, 20180920.
std::string compactDay(std::string text) {
    std::erase(text, '-');
    return text;
}

/// A number, also as text.
std::optional<double> numberOf(Json const &value) {
    auto const plain = value.isString() ? common::plainScalar(value.string()) : value;
    if (plain.isInt()) return static_cast<double>(plain.integer());
    if (plain.isDouble()) return plain.number();
    return std::nullopt;
}

bool same(Json const &gen2, Json const &gen3) {
    auto const a = numberOf(gen2);
    auto const b = numberOf(gen3);
    return a && b ? std::abs(*a - *b) <= sameTime_s : gen2.text() == gen3.text();
}

} // namespace

std::vector<std::string> mismatches(Json const &row, manifest::Record const &described) {
    std::vector<std::string> out;
    auto const dataId = described.get("data_id");
    auto const records = described.get("records");
    auto const &exposure = records["exposure"];
    // HSC has text in expId; its exposure is the visit. Both are the exposure elsewhere.
    bool const textual = row["expId"].isString();
    struct Pair {
        char const *column;
        Json gen2;
        Json gen3;
    };
    Pair const pairs[] = {
        {"expId", textual ? Json() : row["expId"], dataId["exposure"]},
        {"visit", row["visit"], dataId["exposure"]},
        {"detector", row["detector"], dataId["detector"]},
        {"ccd", row["ccd"], dataId["detector"]},
        {"filter", row["filter"], described.get("physical_filter")},
        {"dayObs", row["dayObs"].isNull() ? Json() : Json(compactDay(row["dayObs"].text())),
         exposure["day_obs"]},
        {"obsid", row["obsid"], exposure["obs_id"]},
        {"expTime", row["expTime"], exposure["exposure_time"]},
    };
    for (auto const &pair : pairs) {
        if (pair.gen2.isNull() || same(pair.gen2, pair.gen3)) continue;
        out.push_back(std::string("the Gen2 registry has ") + pair.column + " " + pair.gen2.text()
                      + ", the header " + pair.gen3.text());
    }
    return out;
}

} // namespace dbb::convert
