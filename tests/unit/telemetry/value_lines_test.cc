#include "common/error.h"
#include "efd/value_lines.h"

#include <catch2/catch.hpp>
#include <string>

using namespace dbb;
using efd::ValueLine;
using efd::ValueLineReader;

namespace {

std::string const headOfWindow =
    R"({"type":"value","instrument":"LSSTCam","kind":"exposure","id":7,"day_obs":20250423,"begin_tai":"2025-04-23T04:07:07.7","end_tai":"2025-04-23T04:07:37")";

std::string lineOfValue(std::string const &rest) {
    return headOfWindow + R"(,"column":"c",)" + rest + "}";
}

ValueLine readAsRecord(std::string const &line) {
    return ValueLineReader().read(manifest::Record::parse(line));
}

/// A reader that has had a line of the window.
ValueLineReader readerInWindow() {
    ValueLineReader out;
    out.read(manifest::Record::parse(lineOfValue(R"("value":1,"n":1,"status":0)")));
    return out;
}

} // namespace

TEST_CASE("a further line of a window is read as a line by itself", "[efd]") {
    auto const reader = readerInWindow();
    for (
        auto const *rest : {
            R"("value":-73.12715117751975,"n":600,"status":0,"t_first_tai":"2025-04-23T04:07:08.5","t_last_tai":null,"coverage":0.99,"settled":true)",
            R"("element":3,"value":true,"n":9007199254740993,"status":32767,"max_gap_ns":51000000,"n_gaps":0,"age_ns":"9223372036854775807","settled":false)",
            R"("value":"9007199254740993","n":0,"status":20,"config":"00000000000000aa","else":"kept, as it is")",
            R"("status":1,"n":0,"value":null,"coverage":1)",
            R"("value":-0.0,"n":1,"status":0)",
            R"("value":5e-324,"n":1.0,"status":0)",
        }) {
        INFO(rest);
        auto const line = lineOfValue(rest);
        auto const fast = reader.readNext(line);
        REQUIRE(fast);
        auto const slow = readAsRecord(line);
        CHECK(fast->window->id == slow.window->id);
        CHECK(fast->window->key == slow.window->key);
        CHECK(fast->window->span == slow.window->span);
        CHECK(fast->column == slow.column);
        CHECK(fast->element == slow.element);
        CHECK(std::string(fast->dtype) == slow.dtype);
        CHECK(fast->cells == slow.cells);
        CHECK(fast->text == slow.text);
    }
}

TEST_CASE("what is not plainly a further line of a window is left to the slow way", "[efd]") {
    auto const reader = readerInWindow();
    for (auto const *rest : {
             R"("value":1,"n":1,"status":0,"id":8)",
             R"("value":1,"n":1,"status":0,"end_tai_ns":8)",
             R"("value":1,"n":1,"status":0,"load":{"outcome":"planned"})",
             R"("value":1,"n":1,"status":0,"error":null)",
             R"("value":1,"n":1,"status":0,"n":2)",
             R"("value":1,"n":1, "status":0)",
             R"("value":1,"n":1,"status":0,"else":{})",
             R"("value":"\u0041","n":1,"status":0)",
             R"("value":"é","n":1,"status":0)",
             R"("value":1e400,"n":1,"status":01)",
             R"("value":1,"n":1)",
             R"("value":1,"n":-1,"status":0)",
             R"("value":1,"n":1,"status":0} {)",
         }) {
        INFO(rest);
        CHECK_FALSE(reader.readNext(lineOfValue(rest)));
    }
    auto other = lineOfValue(R"("value":1,"n":1,"status":0)");
    CHECK(reader.readNext(other));
    other.replace(other.find("\"id\":7"), 6, "\"id\":8");
    CHECK_FALSE(reader.readNext(other));
    CHECK_FALSE(ValueLineReader().readNext(other));
}

TEST_CASE("lines that tell their window elsewhere are no pattern for others", "[efd]") {
    std::string const value = R"(,"column":"c","value":1,"n":1,"status":0)";
    for (auto const &line :
         {headOfWindow + value + R"(,"seq_num":5})", headOfWindow + R"(,"n_gaps":5)" + value + "}",
          headOfWindow + R"(,"else":{"a":1,"column":2})" + value + "}"}) {
        INFO(line);
        ValueLineReader reader;
        reader.read(manifest::Record::parse(line));
        CHECK_FALSE(reader.readNext(line));
    }
}
