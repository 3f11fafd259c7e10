#include "common/error.h"
#include "common/file.h"
#include "common/gzip.h"
#include "net/http.h"
#include "telemetry/influx.h"
#include "telemetry/needs.h"

#include <catch2/catch.hpp>
#include <string>
#include <unistd.h>

using namespace dbb;
using telemetry::Column;
using telemetry::Func;
using telemetry::Window;

namespace {

constexpr std::int64_t s = 1'000'000'000;

Column columnOfFunc(Func func) {
    Column out;
    out.name = "c";
    out.topic = "lsst.sal.MTMount.azimuth";
    out.fields = {"actualPosition"};
    out.func = func;
    out.tolerance_ns = 100 * s;
    out.max_gap_ns = 20 * s;
    return out;
}

std::map<std::string, telemetry::TopicNeeds> needsOf(Column const &column, Window const &window,
                                                     std::int64_t margin_ns) {
    return telemetry::needsOf(
        {column}, telemetry::WindowList({window}), [](std::size_t, std::size_t) { return true; }, margin_ns);
}

/// What a column needs of one window from 1000 s to 1030 s, in seconds; what goes beyond them is counted.
std::pair<std::int64_t, std::int64_t> span(Column const &column, std::int64_t margin_ns = 0) {
    auto const needs = needsOf(column, {1000 * s, 1030 * s}, margin_ns);
    REQUIRE(needs.size() == 1);
    auto const &ranges = needs.begin()->second.ranges;
    REQUIRE_FALSE(ranges.empty());
    return {ranges.front().begin_ns, ranges.back().end_ns};
}

} // namespace

TEST_CASE("What columns need of a window", "[telemetry]") {
    using Span = std::pair<std::int64_t, std::int64_t>;
    CHECK(span(columnOfFunc(Func::Mean)) == Span(1000 * s, 1030 * s));
    auto closed = columnOfFunc(Func::Mean);
    closed.closed = true;
    CHECK(span(closed) == Span(1000 * s, 1030 * s + 1));
    CHECK(span(columnOfFunc(Func::Mean), 5 * s) == Span(995 * s, 1035 * s));
    auto shifted = columnOfFunc(Func::Mean);
    shifted.pre_ns = -2 * s;
    shifted.post_ns = 3 * s;
    CHECK(span(shifted) == Span(998 * s, 1033 * s));
    CHECK(span(columnOfFunc(Func::Asof)) == Span(900 * s, 1000 * s + 1));
    auto forward = columnOfFunc(Func::Asof);
    forward.direction = Column::Direction::Forward;
    forward.at = telemetry::At::End;
    CHECK(span(forward) == Span(1030 * s, 1130 * s + 1));
    auto nearest = forward;
    nearest.direction = Column::Direction::Nearest;
    CHECK(span(nearest) == Span(930 * s, 1130 * s + 1));
    CHECK(span(columnOfFunc(Func::Delta)) == Span(900 * s, 1030 * s + 1));
    auto middle = columnOfFunc(Func::Interp);
    middle.at = telemetry::At::Mid;
    CHECK(span(middle) == Span(995 * s, 1035 * s + 1));
    auto held = columnOfFunc(Func::TimeWeightedMean);
    CHECK(span(held) == Span(900 * s, 1030 * s));
    held.linear = true;
    CHECK(span(held) == Span(900 * s, 1130 * s + 1));
    auto own = columnOfFunc(Func::Mean);
    own.time_field = "timestamp";
    CHECK(span(own) == Span(940 * s, 1090 * s)); // its rows come later than it says
    auto const far = needsOf(columnOfFunc(Func::Asof), {INT64_MIN + 1, INT64_MAX}, 5 * s);
    CHECK(far.begin()->second.ranges.front().begin_ns == INT64_MIN);
}

TEST_CASE("What windows have in common is asked for once", "[telemetry]") {
    auto const ranges = telemetry::merged({{50, 60}, {10, 20}, {20, 30}, {5, 12}, {40, 40}, {55, 58}});
    REQUIRE(ranges.size() == 2);
    CHECK((ranges[0].begin_ns == 5 && ranges[0].end_ns == 30));
    CHECK((ranges[1].begin_ns == 50 && ranges[1].end_ns == 60));
    auto const pieces = telemetry::cut({-15, 25}, 10);
    REQUIRE(pieces.size() == 5);
    CHECK((pieces[0].begin_ns == -15 && pieces[0].end_ns == -10));
    CHECK((pieces[1].begin_ns == -10 && pieces[1].end_ns == 0));
    CHECK((pieces[4].begin_ns == 20 && pieces[4].end_ns == 25));
}

TEST_CASE("Fields of a topic", "[telemetry]") {
    telemetry::TopicSchema schema;
    for (auto const *name : {"a", "b", "MTMountID", "p0", "p1", "p10", "px", "p"})
        schema.fields[name] = {name, telemetry::FieldType::Float, false};
    std::vector<std::string> missing, names;
    telemetry::TopicNeeds needs{.fields = {"b", "none"}, .packed = {"p", "q"}, .ranges = {}};
    for (auto const &field : telemetry::fieldsFor("lsst.sal.MTMount.azimuth", needs, schema, missing))
        names.push_back(field.name);
    CHECK(names == std::vector<std::string>{"b", "p0", "p1", "p10", "MTMountID"});
    CHECK(missing == std::vector<std::string>{"none", "q0"});
    missing.clear();
    CHECK(
        telemetry::fieldsFor("t", {.fields = {"none"}, .packed = {}, .ranges = {}}, schema, missing).empty());
    CHECK(telemetry::fieldsFor("t", {}, schema, missing).size() == schema.fields.size());
}

TEST_CASE("Names and texts in InfluxQL", "[telemetry]") {
    CHECK(telemetry::quotedIdentifier(R"(a "b" \ c')") == R"("a \"b\" \\ c'")");
    CHECK(telemetry::quotedText("it's \"\\\n") == R"('it\'s "\\\n')");
}

TEST_CASE("URLs of servers", "[net]") {
    CHECK(net::serverUrl("https://h:443//a//b/", "--influx") == "https://h:443/a/b");
    CHECK(net::serverUrl("http://[::1]:8086", "--influx") == "http://[::1]:8086");
    CHECK(net::hostOf("https://h:443/a") == "h:443");
    CHECK(net::isOpenToReaders("http://example.org/x"));
    CHECK(net::isOpenToReaders("http://example.org:80"));
    CHECK_FALSE(net::isOpenToReaders("https://example.org"));
    for (auto const *own :
         {"http://localhost", "http://127.0.0.1:8086/x", "http://[::1]:8086", "http://[::1]"})
        CHECK_FALSE(net::isOpenToReaders(own));
    for (auto const *bad :
         {"h", "ftp://h", "file:///x", "http://", "https://u:p@h", "http://h/?q", "http://h/#f"})
        CHECK_THROWS_AS(net::serverUrl(bad, "--influx"), common::Error);
}

TEST_CASE("What is deflated is inflated", "[common]") {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919) + " ";
    auto const fd = common::temporaryFile();
    {
        common::GzipWriter writer(fd.get(), "t");
        writer.write(std::string_view(text).substr(0, 1000));
        writer.write({});
        writer.write(std::string_view(text).substr(1000));
        writer.finish();
    }
    std::string back(text.size() + 10, '\0');
    common::GzipReader reader(fd.get(), "t");
    back.resize(reader.read(back.data(), back.size()));
    CHECK(back == text);
    REQUIRE(::ftruncate(fd.get(), 1000) == 0);
    common::GzipReader cut(fd.get(), "t");
    CHECK_THROWS_AS(cut.read(back.data(), back.size()), common::Error);
}
