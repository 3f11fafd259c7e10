#include "telemetry/definition.h"

#include <catch2/catch.hpp>
#include <set>

using namespace dbb;

namespace {

telemetry::Column columnOf(std::string const &yaml) {
    return telemetry::parseColumns("[{name: c, topic: X.tel, " + yaml + "}]", "columns").front();
}
std::string hashOf(std::string const &yaml) {
    return telemetry::configHash(columnOf(yaml));
}

} // namespace

TEST_CASE("a column's digest stays the same from run to run and version to version", "[telemetry]") {
    CHECK(hashOf("field: v") == "8e2f4f5e1b276dfd");
    CHECK(hashOf("fields: [v, w], func: p99.9, index: [1, 2], pre: -2s, dup: all, hold_max: 250ms, "
                 "min_coverage: 0.25")
          == "43e54d2112ef529f");
}

TEST_CASE("a column's digest does not depend on its name and on what is for people", "[telemetry]") {
    CHECK(hashOf("field: v, unit: deg, ucd: pos, description: text") == hashOf("field: v"));
    auto renamed = columnOf("field: v");
    renamed.name = "d";
    CHECK(telemetry::configHash(renamed) == hashOf("field: v"));
    CHECK(hashOf("field: v, func: mean, ddof: 1, closed: left, tolerance: 1h, args: {dup: last}")
          == hashOf("field: v"));
    CHECK(hashOf("field: v, func: p95.0") == hashOf("field: v, func: p95"));
}

TEST_CASE("all that a value depends on changes the digest", "[telemetry]") {
    std::vector<std::string> const different{
        "field: v",
        "field: w",
        "fields: [v]",
        "fields: [v, w]",
        "fields: [w, v]",
        "fields: [v, w], reduce: pool",
        "field: v, index: any",
        "field: v, index: 1",
        "field: v, index: 2",
        "field: v, index: [1, 2]",
        "field: v, index: 1, index_field: i",
        "field: v, func: max",
        "field: v, func: p95",
        "field: v, func: p95_rank",
        "field: v, func: p99.9",
        "field: v, func: stddev",
        "field: v, func: stddev, ddof: 0",
        "field: v, func: polyrms",
        "field: v, func: polyrms, degree: 2",
        "field: v, func: polyrms, basis: index",
        "field: v, func: twmean",
        "field: v, func: twmean, mode: linear",
        "field: v, pre: -1s",
        "field: v, post: -1s",
        "field: v, closed: right",
        "field: v, dup: first",
        "field: v, func: asof",
        "field: v, func: asof, at: end",
        "field: v, func: asof, dir: nearest",
        "field: v, func: asof, strict: true",
        "field: v, func: asof, nulls: take",
        "field: v, func: asof, tolerance: 1s",
        "field: v, func: interp",
        "field: v, func: interp, max_gap: 1s",
        "field: v, gap_max: 1s",
        "field: v, hold_max: 1s",
        "field: v, min_coverage: 0",
        "field: v, time_field: t",
        "field: v, time_field: t, time_scale: utc",
        "field: v, packed: {base: a}",
        "field: v, packed: {base: a, n: 4}",
        "field: v, packed: {base: a, dt: 1s}",
        "field: v, packed: {base: a, time_field: t}",
    };
    std::set<std::string> hashes;
    for (auto const &yaml : different) {
        INFO(yaml);
        CHECK(hashes.insert(hashOf(yaml)).second);
    }
    auto other = columnOf("field: v");
    other.topic = "Y.tel";
    CHECK(hashes.insert(telemetry::configHash(other)).second);
}

TEST_CASE("arguments are told as a configuration has them", "[telemetry]") {
    auto const column =
        columnOf("field: v, func: p99.9, index: [3, 4], dup: mean, pre: -2s, packed: {base: a, dt: 250ms}");
    CHECK(nameOf(column) == "p99.9");
    CHECK(indexOf(column).dump() == "[3,4]");
    CHECK(argumentsOf(column).dump()
          == R"({"pre_ns":-2000000000,"dup":"mean","packed":{"base":"a","dt_ns":250000000}})");
    CHECK(indexOf(columnOf("field: v")).isNull());
    CHECK(argumentsOf(columnOf("field: v")).dump() == "{}");
}
