#include "efd/sample_parts.h"

#include "common/error.h"
#include "telemetry/sample_text.h"

#include <catch2/catch.hpp>
#include <string>

using namespace dbb;

namespace {

using Parser = telemetry::CsvSamples<efd::BlockSink, efd::BlockSink::Topic>;

std::size_t rowsOf(efd::SamplePart const &part) {
    std::size_t out = 0;
    for (auto const &[topic, block] : part.blocks) out += block.size();
    return out;
}

} // namespace

TEST_CASE("rows of a part that can't be read are in no other part", "[efd][parts]") {
    auto const columns = telemetry::parseColumns("- {name: n, topic: X.tel, field: v, func: count}", "test");
    telemetry::WindowList windows;
    windows.add({0, 1});
    telemetry::Facts const facts;
    telemetry::Joiner joiner(columns, windows, {}, facts);
    std::string const header = "name,tags,time,v\n";
    efd::ParserOfParts<Parser> reader(joiner, header, [](efd::BlockSink &sink, auto const &bad) {
        return Parser(sink, telemetry::SourceScale::Tai, 1, "", "time", bad);
    });
    auto const partOf = [&](std::string const &text) {
        efd::SamplePart out;
        out.source = {text, 0, text.size()};
        out.blockBefore = reader.block();
        return out;
    };
    auto good = partOf("X.tel,,1,1\nX.tel,,2,2\n");
    reader.read(good);
    CHECK(rowsOf(good) == 2);
    auto bad = partOf("X.tel,,3,3\nX.tel,,4,4\n\nno,header\n");
    bad.blockBefore = good.blockBehind;
    CHECK_THROWS_AS(reader.read(bad), common::Error);
    auto next = partOf("X.tel,,5,5\n");
    next.blockBefore = good.blockBehind;
    reader.read(next);
    CHECK(rowsOf(next) == 1);
    CHECK(next.lines == 1);
}
