#include "telemetry/joiner.h"
#include "telemetry/sample_text.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace dbb;
using telemetry::Cell;
using telemetry::Status;

namespace {

/// Seconds of TAI after which what happens in these tests happens.
constexpr std::int64_t start_s = 1'735'689'637;
constexpr std::int64_t second = 1'000'000'000;

/// A sample line of the topic X.tel. \param at_s  after the start \param fields  as JSON has them
std::string sample(double at_s, std::string const &fields) {
    auto const t_ns = start_s * second + static_cast<std::int64_t>(at_s * 1e9);
    return R"({"topic":"X.tel","t_ns":)" + std::to_string(t_ns) + R"(,"scale":"tai","f":{)" + fields + "}}";
}

struct JoinedWindow {
    std::vector<telemetry::Joiner::Element> elements;
    std::vector<Cell> cells;
    std::vector<std::string> values; ///< as far as they are numbers
};

/// Columns of X.tel joined with one window from 0 s to 10 s.
JoinedWindow joinedWith(std::string const &column, std::vector<std::string> const &samples) {
    auto const columns = telemetry::parseColumns("[{name: c, topic: X.tel, " + column + "}]", "columns");
    telemetry::Facts facts;
    telemetry::PackedFacts packed(columns);
    telemetry::TextPool texts;
    for (auto const &line : samples) {
        auto const row = telemetry::sampleLine(line, telemetry::SourceScale::Tai);
        std::vector<std::pair<std::string, telemetry::Value>> fields;
        for (auto const &[name, json] : row.fields)
            fields.emplace_back(name, telemetry::valueOf(json, texts));
        packed.add(row.topic, fields, texts);
    }
    packed.finish(facts);
    telemetry::WindowList windows;
    windows.add({start_s * second, (start_s + 10) * second});
    telemetry::Joiner joiner(columns, windows, {}, facts);
    for (auto const &line : samples)
        telemetry::give(joiner, telemetry::sampleLine(line, telemetry::SourceScale::Tai));
    joiner.finish();
    auto const cells = joiner.results(0);
    JoinedWindow out{joiner.elements(), {cells.begin(), cells.end()}, {}};
    for (auto const &cell : out.cells) {
        out.values.push_back(cell.value.kind == telemetry::Kind::Integer ? std::to_string(cell.value.integer)
                             : cell.value.kind == telemetry::Kind::Double
                                 ? common::Json(cell.value.number).dump()
                                 : "none");
    }
    return out;
}

std::string valueOf(std::string const &column, std::vector<std::string> const &samples) {
    return joinedWith(column, samples).values.front();
}

} // namespace

TEST_CASE("percentiles of integers beyond 2^53 have all digits, also when some are of the other sign",
          "[telemetry]") {
    std::vector<std::string> const wide{sample(1, R"("v":-4611686018427387905)"), sample(2, R"("v":7)"),
                                        sample(3, R"("v":4611686018427387905)")};
    CHECK(valueOf("field: v, func: median", wide) == "7.0");
    CHECK(valueOf("field: v, func: p50_rank", wide) == "7");
    // Both are the same double.
    std::vector<std::string> const near{sample(1, R"("v":9007199254740993)"),
                                        sample(2, R"("v":9007199254740992)")};
    CHECK(valueOf("field: v, func: p100_rank", near) == "9007199254740993");
    CHECK(valueOf("field: v, func: max", {near[0], sample(3, R"("v":9007199254740992.0)")})
          == "9007199254740993");
    CHECK(valueOf("field: v, func: distinct", {near[0], sample(3, R"("v":9007199254740992.0)")}) == "2");
}

TEST_CASE("integers beyond 2^53 keep their digits beside doubles, which means of duplicates are",
          "[telemetry]") {
    // 2^60 at 0 s, its mean with itself at 1 s, 2^60 + 2 at 2 s: it goes up by one a second.
    std::vector<std::string> const samples{
        sample(0, R"("v":1152921504606846976)"), sample(1, R"("v":1152921504606846976)"),
        sample(1, R"("v":1152921504606846976)"), sample(2, R"("v":1152921504606846978)")};
    CHECK(valueOf("field: v, dup: mean, func: slope", samples) == "1.0");
    CHECK(valueOf("field: v, dup: mean, func: range", samples) == "2");
    CHECK(valueOf("field: v, dup: mean, func: rate", samples) == "1.0");
    CHECK(valueOf("field: v, dup: mean, func: increase", samples) == "2.0");
    // Squares of distances from 2/3: 4/9 + 4/9 + 16/9, over two.
    CHECK(valueOf("field: v, dup: mean, func: variance", samples) == "1.3333333333333333");
    CHECK(valueOf("field: v, dup: mean", samples) == "1152921504606846976.0");
    CHECK(valueOf("field: v, dup: mean, func: sum", samples) == "3458764513820540928.0");
    CHECK(valueOf("field: v, func: interp, at: begin", samples) == "1152921504606846976");
}

TEST_CASE("truth values have no mean: of duplicates in one of several fields the column has none",
          "[telemetry]") {
    std::vector<std::string> const samples{sample(1, R"("v":1,"b":true)"), sample(1, R"("v":3,"b":true)")};
    auto const each = joinedWith("fields: [v, b], dup: mean, func: last", samples);
    REQUIRE(each.cells.size() == 2);
    CHECK(each.cells[0].status == Status::TypeError);
    CHECK(each.cells[1].status == Status::TypeError);
    CHECK(valueOf("field: v, dup: mean, func: last", samples) == "2.0");
}

TEST_CASE("what takes no truth values says so before it looks for duplicates", "[telemetry]") {
    std::vector<std::string> const samples{sample(0, R"("b":true)"), sample(0, R"("b":false)"),
                                           sample(10, R"("b":true)")};
    auto const status = [&](std::string const &column) {
        return joinedWith(column, samples).cells.front().status;
    };
    CHECK(status("field: b, dup: error, func: interp, at: begin") == Status::TypeError);
    CHECK(status("field: b, dup: error, func: delta") == Status::TypeError);
    CHECK(status("field: b, dup: error, func: asof") == Status::SourceError);
}

TEST_CASE("duplicates are none for asof either when it takes nulls", "[telemetry]") {
    std::vector<std::string> const samples{sample(0, R"("v":1,"b":true)"), sample(0, R"("v":2,"b":true)"),
                                           sample(0, R"("v":null)")};
    auto const status = [&](std::string const &column) {
        return joinedWith(column + ", func: asof", samples).cells.front().status;
    };
    CHECK(status("field: v, nulls: take, dup: error") == Status::SourceError);
    CHECK(status("field: v, nulls: take") == Status::AllNan);
    CHECK(status("field: v, nulls: take, dup: all") == Status::AllNan);
    CHECK(status("field: b, nulls: take, dup: mean") == Status::TypeError);
    CHECK(valueOf("field: v, dup: first, func: asof", samples) == "1");
}

TEST_CASE("instances may be told apart by texts", "[telemetry]") {
    std::vector<std::string> const samples{sample(1, R"("v":1,"sensor":"a")"),
                                           sample(1, R"("v":3,"sensor":"b")"),
                                           sample(1, R"("v":5,"sensor":"a")")};
    auto const any = joinedWith("field: v, index_field: sensor, index: any", samples);
    CHECK(any.values.front() == "4.0");
    CHECK(any.cells.front().n == 2);
    CHECK(any.cells.front().n_dup == 1);
    CHECK(joinedWith("field: v, index_field: sensor", samples).cells.front().status == Status::MixedIndex);
}

TEST_CASE("packed rows have the distance of those of their own instance, whatever tells it", "[telemetry]") {
    auto const row = [](int at_s, std::string const &index, std::string const &values) {
        return sample(at_s, R"("cRIO_timestamp":)" + std::to_string(start_s + at_s) + index + values);
    };
    // Rows of a every 2 s, of b every 4 s.
    auto const rows = [&](std::string const &a, std::string const &b) {
        return std::vector{row(0, a, R"(,"v0":1,"v1":2)"), row(0, b, R"(,"v0":10,"v1":20)"),
                           row(2, a, R"(,"v0":3,"v1":4)"), row(4, b, R"(,"v0":30,"v1":40)")};
    };
    auto const lastBefore = [](double at_s) {
        return "field: v, packed: {base: v}, index: any, func: last, post: " + std::to_string(at_s - 10)
               + "s";
    };
    auto const texts = rows(R"(,"sensor":"a")", R"(,"sensor":"b")");
    CHECK(valueOf(lastBefore(1.5) + ", index_field: sensor", texts) == "2");   // at 1 s
    CHECK(valueOf(lastBefore(2.01) + ", index_field: sensor", texts) == "3");  // at 2 s, after b's 20
    CHECK(valueOf(lastBefore(6.01) + ", index_field: sensor", texts) == "40"); // at 6 s
    // Rows without salIndex have none, although XID is there.
    auto const mixed = rows(R"(,"XID":7)", R"(,"salIndex":8,"XID":7)");
    CHECK(valueOf(lastBefore(1.5), mixed) == "2");
    CHECK(valueOf(lastBefore(6.01), mixed) == "40");
    auto const halves = rows(R"(,"salIndex":0.5)", R"(,"salIndex":0.5)");
    CHECK(joinedWith(lastBefore(10), halves).cells.front().status == Status::Ok);
}

TEST_CASE("samples of packed rows at one time count in the order in which their rows came", "[telemetry]") {
    auto const row = [](int at_s, std::string const &values) {
        return sample(at_s, R"("cRIO_timestamp":)" + std::to_string(start_s + at_s) + values);
    };
    // Both have a sample at 1 s; the younger row came first.
    std::vector<std::string> const rows{row(1, R"(,"v0":3,"v1":4)"), row(0, R"(,"v0":1,"v1":2)")};
    CHECK(valueOf("field: v, packed: {base: v, dt: 1}, func: max", rows) == "4");
    CHECK(valueOf("field: v, packed: {base: v, dt: 1}, func: last, post: -8.5s", rows) == "2");
    CHECK(valueOf("field: v, packed: {base: v, dt: 1}, func: last, post: -8.5s", {rows[1], rows[0]}) == "3");
    CHECK(valueOf("field: v, packed: {base: v, dt: 1}, func: sum, dup: all", rows) == "10");
}
