// Validity, names of collections, data IDs and policies.
#include "common/calendar.h"
#include "common/error.h"
#include "common/yaml.h"
#include "convert/gen2_refcats.h"
#include "gen2/collection_names.h"
#include "gen2/data_id.h"
#include "gen2/policy.h"
#include "gen2/validity.h"

#include <catch2/catch.hpp>

using namespace dbb;
using gen2::DayScale;
using gen2::Validity;

namespace {

std::vector<Validity> settled(std::vector<std::pair<std::string, std::string>> const &ranges,
                              DayScale scale = DayScale::Tai) {
    std::vector<Validity> out;
    for (auto const &[start, end] : ranges) {
        out.emplace_back();
        out.back().start = start;
        out.back().end = end;
    }
    gen2::settle(out, scale);
    return out;
}

std::int64_t day(std::string const &date) {
    return *common::nsFromIso(date + "T00:00:00");
}

gen2::DataId translated(std::string const &mapper, std::string const &type, gen2::Values const &values,
                        std::string const &skymap = "") {
    auto const policy = gen2::Policy::of(mapper);
    return gen2::DataIdTranslation(policy, skymap, {{"HSC-I", "i"}}).translate(*policy.find(type), values);
}

gen2::Values valuesOf(std::string const &json) {
    gen2::Values out;
    auto const object = common::Json::parse(json);
    for (auto const &[key, value] : object.object())
        out.set(key, value.isInt() ? gen2::Value(value.integer()) : gen2::Value(value.string()));
    return out;
}

} // namespace

TEST_CASE("Ranges of validity end where the next begins", "[gen2]") {
    using Adjusted = std::vector<std::string>;
    auto gap = settled({{"2018-01-10", "2018-01-20"}, {"2018-01-01", "2018-01-09"}});
    CHECK(gap[1].end_tai_ns == 1'515'542'400'000'000'000);
    CHECK(gap[1].adjusted == Adjusted{"gap_closed"});
    CHECK(gap[0].adjusted.empty());
    auto const touching = settled({{"2018-01-01", "2018-01-10"}, {"2018-01-10", "2018-01-20"}});
    CHECK(touching[0].adjusted.empty());
    CHECK(touching[0].end_tai_ns == day("2018-01-10"));
    auto const overlap = settled({{"2018-01-10", "2018-01-20"}, {"2018-01-01", "2018-01-11"}});
    CHECK(overlap[1].end_tai_ns == day("2018-01-10"));
    CHECK(overlap[1].adjusted == Adjusted{"overlap_removed"});
    auto const wide = settled({{"2018-01-01", "2018-01-08"}, {"2018-01-10", "2018-01-20"}});
    CHECK(wide[0].end_tai_ns == day("2018-01-08"));
    for (auto const &each : settled({{"2018-01-01", "2018-01-12"}, {"2018-01-10", "2018-01-20"}}))
        CHECK(each.state == Validity::State::Overlap);
}

TEST_CASE("Days beyond the time of Gen3 are unbounded, texts that are no days are no validity", "[gen2]") {
    auto const all = settled({{"1744-12-07", "2292-07-05"}}).front();
    CHECK(all.state == Validity::State::Good);
    CHECK_FALSE(all.begin_tai_ns);
    CHECK_FALSE(all.end_tai_ns);
    CHECK(all.adjusted == std::vector<std::string>{"clamp_begin", "clamp_end"});
    for (auto const &[start, end] :
         std::vector<std::pair<std::string, std::string>>{{"None", "None"},
                                                          {"2018-01-01", "None"},
                                                          {"2018-02-30", "2018-03-01"},
                                                          {"2018-01-02", "2018-01-01"},
                                                          {"2018-01-01", "2018-01-01"},
                                                          {"2018-1-1", "2018-01-09"},
                                                          {"", ""}})
        CHECK(settled({{start, end}}).front().state == Validity::State::BadText);
    // One that is none leaves the others as they are.
    auto const mixed = settled({{"None", "None"}, {"2018-09-21", "2018-09-22"}});
    CHECK(mixed[1].begin_tai_ns == 1'537'488'000'000'000'000);
    CHECK(mixed[1].end_tai_ns == 1'537'574'400'000'000'000);
    CHECK(settled({{"2018-09-21", "2018-09-22"}}, DayScale::Utc)[0].begin_tai_ns
          == 1'537'488'037'000'000'000);
}

TEST_CASE("Collections have the names that upstream gave them", "[gen2]") {
    CHECK(gen2::rerunRun("HSC", "private/u1/t") == "u/u1/t/direct");
    CHECK(gen2::rerunChain("HSC", "shared/t") == "HSC/runs/t");
    CHECK(gen2::rerunChain("HSC", "RC/w_2021_02/DM-28282-sfm") == "HSC/runs/RC/w_2021_02/DM-28282-sfm");
    CHECK(gen2::calibrationRun("LATISS", "2018-09-21") == "LATISS/calib/20180921T000000Z");
    CHECK(gen2::calibrationRun("LATISS", "2018-09-21T01:02:03.5") == "LATISS/calib/20180921T010203Z");
    CHECK_FALSE(gen2::calibrationRun("LATISS", "yesterday"));
}

// gen2to3 gave outputs of obs_lsst that are keyed by expId the data ID of their detector alone.
TEST_CASE("Outputs keyed by expId keep their exposure", "[gen2]") {
    auto const id = translated(
        "lsst.obs.lsst.LsstCamMapper", "calexp",
        valuesOf(
            R"({"expId":3019031900001,"filter":"r","raftName":"R22","detectorName":"S11","detector":94})"));
    CHECK(id.values.dump() == R"({"instrument":"LSSTCam","detector":94,"exposure":3019031900001})");
    CHECK(id.lost.empty());
}

// gen2to3 dropped keys without a rule, so that several datasets got one data ID.
TEST_CASE("Keys that tell datasets apart are not dropped in silence", "[gen2]") {
    auto const id =
        translated("lsst.obs.lsst.LsstCamMapper", "dcrCoadd",
                   valuesOf(R"({"filter":"r","subfilter":1,"numSubfilters":3,"tract":9813,"patch":"3,2"})"));
    CHECK(id.lost == std::vector<std::string>{"subfilter", "numSubfilters"});
}

TEST_CASE("Coadds have a band, a tract of the skymap that was named, and a patch", "[gen2]") {
    auto const values = valuesOf(R"({"filter":"HSC-I","tract":9813,"patch":"3,2"})");
    auto const id = translated("lsst.obs.hsc.HscMapper", "deepCoadd_calexp", values, "rings");
    CHECK(id.values.dump() == R"({"band":"i","skymap":"rings","tract":9813})");
    CHECK(id.patch_xy == "3,2");
    CHECK_FALSE(id.needs_skymap);
    CHECK(translated("lsst.obs.hsc.HscMapper", "deepCoadd_calexp", values).needs_skymap);
}

TEST_CASE("Every mapper has a policy whose templates can be read", "[gen2]") {
    CHECK(gen2::knownMappers().size() >= 10);
    for (auto const &mapper : gen2::knownMappers()) {
        auto const policy = gen2::Policy::of(mapper);
        INFO(mapper);
        REQUIRE(policy.raw());
        CHECK_FALSE(policy.detector_key.empty());
        CHECK(policy.find("bias"));
        CHECK(policy.find("calexp"));
        CHECK_FALSE(policy.ignored_files.empty());
        for (auto const &type : policy.types)
            if (type.kind == gen2::Kind::Output && !type.storage_class.empty())
                CHECK_FALSE(type.formatter.empty());
    }
    CHECK_THROWS_AS(gen2::Policy::of("lsst.obs.suprimecam.SuprimecamMapper"), common::Error);
}

TEST_CASE("Overrides win key by key, and unknown keys are refused", "[gen2]") {
    auto const overrides =
        common::parseYaml("types: {sky: {template: 'S/%(calibDate)s-%(detector)d.fits'}}", "t");
    auto const policy = gen2::Policy::of("lsst.obs.lsst.LsstCamMapper", overrides);
    REQUIRE(policy.find("sky"));
    CHECK(policy.find("sky")->templates.size() == 1);
    CHECK(policy.find("sky")->storage_class == "ExposureF");
    CHECK_THROWS_AS(gen2::Policy::of("lsst.obs.lsst.LsstCamMapper", common::parseYaml("type: {}", "t")),
                    common::Error);
}

TEST_CASE("The depth of a reference catalogue is read out of its configuration as text", "[gen2]") {
    CHECK(convert::htmDepth("config.indexer['HTM'].depth=8\n") == 8);
    CHECK(convert::htmDepth("import x\nconfig.indexer[\"HTM\"].depth = 9  # deep\r\n") == 9);
    CHECK(convert::htmDepth("config.other=3\n") == 7);
    CHECK(convert::htmDepth("# config.indexer['HTM'].depth=8\n") == 7);
    CHECK_FALSE(convert::htmDepth("config.indexer['HTM'].depth=int('8')\n"));
    CHECK_FALSE(convert::htmDepth("config.indexer['HTM'].depth=-1\n"));
}

TEST_CASE("A class in YAML is the name in its tag", "[gen2]") {
    auto const yaml = common::parseYaml("a: &x !!python/name:lsst.obs.X ''\nb: *x\nc: !!str ''\n", "t");
    CHECK(yaml.dump() == R"({"a":"lsst.obs.X","b":"lsst.obs.X","c":""})");
}
