// Every real header and every edited one gives the records that upstream's translators gave, to the last bit.
// Expected values: tests/data/expected (see its README), made by the Python packages.
#include "common/calendar.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "common/json_style.h"
#include "common/text.h"
#include "common/yaml.h"
#include "instrument/observation.h"
#include "instrument/translated.h"

#include "unit/test_data.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

using namespace dbb;
using common::Json;

namespace {

/// Header of a dump with edits of mutations.json applied.
fits::Header headerOf(std::string const &name, Json const &edits = {}) {
    auto const path = tests::data("headers/" + name);
    auto header = fits::fromDump(common::readYaml(path), path);
    if (edits["set"].isObject()) {
        Json dump = edits["set"];
        if (!dump.object().empty()) header.merge(fits::fromDump(dump, name));
    }
    if (edits["delete"].isArray()) {
        for (auto const &key : edits["delete"].array()) header.erase(key.string());
    }
    return header;
}

/// The value that a record of ours must hold for an expected one: floats from their exact hexadecimal text.
Json exact(Json const &expected) {
    if (!expected.isObject()) return expected;
    if (auto const *hex = expected.find("hex")) return std::strtod(hex->string().c_str(), nullptr);
    if (expected.find("begin_ns")) {
        Json out;
        out.set("begin_tai", common::isoFromNs(expected["begin_ns"].integer()));
        return out.set("end_tai", common::isoFromNs(expected["end_ns"].integer()));
    }
    return expected;
}

void compareRecord(Json const &ours, Json const &expected) {
    REQUIRE(expected.isObject());
    CHECK(ours.object().size() == expected.object().size());
    for (auto const &[column, value] : expected.object()) {
        INFO("column " << column << ": ours " << ours[column].dump() << ", expected " << exact(value).dump());
        REQUIRE(ours.find(column));
        CHECK(ours[column] == exact(value));
    }
}

void compareObservation(instrument::Observation const &ours, Json const &expected) {
    CHECK(Json(ours.instrument) == expected["data_id"]["instrument"]);
    CHECK(Json(ours.exposure) == expected["data_id"]["exposure"]);
    CHECK(Json(ours.detector) == expected["data_id"]["detector"]);
    CHECK(Json(ours.physical_filter) == expected["physical_filter"]);
    compareRecord(ours.exposure_record, expected["exposure_record"]);
    compareRecord(ours.group, expected["group_record"]);
    compareRecord(ours.day_obs, expected["day_obs_record"]);
}

/// A file that holds properties, no header.
bool isSidecar(std::string const &path) {
    return path.ends_with(".json") && Json::parse(common::readFile(path)).find("_translator");
}

/// Upstream keeps the convention of long keywords in their names.
std::string const hierarch = "HIERARCH ";
std::string withoutHierarch(std::string const &card) {
    return card.starts_with(hierarch) ? card.substr(hierarch.size()) : card;
}

instrument::Observation observeHeader(fits::Header header, bool properties = false) {
    auto const *table = instrument::recognise(header);
    if (!table) throw common::Error("UNKNOWN_INSTRUMENT", "no instrument recognises the header");
    common::Json explain;
    return instrument::observe(*table, header, {}, {.explain = &explain, .properties = properties});
}

common::Json formOf(instrument::Observation const &o) {
    REQUIRE(o.properties.has_value());
    return instrument::translatedForm(*o.table, *o.properties);
}

/// Headers of the folder that upstream translates, and what it makes of them.
std::vector<std::pair<fits::Header, Json>> translatedHeaders() {
    std::vector<std::pair<fits::Header, Json>> out;
    for (auto const &entry : std::filesystem::directory_iterator(tests::data("headers"))) {
        if (entry.path().extension() == ".md" || isSidecar(entry.path().string())) continue;
        auto expected =
            Json::parse(common::readFile(tests::data("expected/" + entry.path().stem().string() + ".json")));
        if (expected["ingest"].isObject())
            out.emplace_back(headerOf(entry.path().filename().string()), std::move(expected));
    }
    std::string const file = "lsst_a_204595_f3_R11_S02_E000";
    auto phosim = headerOf("phosim-hdu0-" + file + ".yaml");
    phosim.merge(headerOf("phosim-hdu1-" + file + ".yaml"));
    out.emplace_back(phosim, Json::parse(common::readFile(
                                 tests::data("expected/phosim-merged-hdu0-hdu1-" + file + ".json"))));
    return out;
}

/// A property of observation_info in the unit of the translated form.
Json inFormUnit(Json const &value) {
    if (!value.isObject()) return value;
    if (value.find("az_deg")) return Json::Array{exact(value["az_deg"]), exact(value["alt_deg"])};
    auto const number = exact(value).number();
    auto const unit = value["unit"].isString() ? value["unit"].string() : "";
    if (unit == "mm") return number * 0.001;
    if (unit == "deg_C") return number + 273.15;
    if (unit == "Pa") return number * 0.01;
    return number;
}

std::string codeOf(fits::Header const &header) {
    try {
        observeHeader(header);
    } catch (common::Error const &e) {
        return e.code();
    }
    return "none";
}

/// Case name to our code, written by hand.
std::map<std::string, std::string> expectedCodes() {
    std::map<std::string, std::string> out;
    for (auto const &line : common::split(common::readFile(tests::data("error_codes.tsv")), '\n')) {
        auto const fields = common::split(line, '\t');
        if (fields.size() >= 4 && !line.starts_with("#") && fields[0] != "case") out[fields[0]] = fields[3];
    }
    return out;
}

} // namespace

TEST_CASE("real headers translate to upstream's records") {
    std::size_t compared = 0;
    std::vector<std::filesystem::path> files;
    for (auto const &entry : std::filesystem::directory_iterator(tests::data("headers")))
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (auto const &file : files) {
        auto const name = file.filename().string();
        auto const expectedPath = tests::data("expected/" + file.stem().string() + ".json");
        if (file.extension() == ".md") continue;
        INFO(name);
        auto const expected = Json::parse(common::readFile(expectedPath));
        if (isSidecar(file.string())) continue;
        if (!expected["ingest"].isObject()) { // half a header: the other half is in another HDU
            CHECK(codeOf(headerOf(name)) != "none");
            continue;
        }
        compareObservation(observeHeader(headerOf(name)), expected["ingest"]);
        ++compared;
    }
    CHECK(compared == 42);
}

TEST_CASE("two headers of a PhoSim file are one") {
    std::string const file = "lsst_a_204595_f3_R11_S02_E000";
    auto header = headerOf("phosim-hdu0-" + file + ".yaml");
    auto const *table = instrument::recognise(header);
    REQUIRE(table);
    CHECK(table->merges_extension);
    header.merge(headerOf("phosim-hdu1-" + file + ".yaml"));
    auto const path = tests::data("expected/phosim-merged-hdu0-hdu1-" + file + ".json");
    compareObservation(observeHeader(header), Json::parse(common::readFile(path))["ingest"]);
}

TEST_CASE("translated forms are upstream's, byte for byte") {
    std::size_t compared = 0;
    for (auto const &[header, expected] : translatedHeaders()) {
        INFO(expected["source"].dump());
        auto const form = formOf(observeHeader(header, true));
        CHECK(common::dumpJson(form, common::JsonStyle::Pydantic)
              == expected["sidecar_translated_text"].string());
        ++compared;
    }
    CHECK(compared == 43);
}

TEST_CASE("a translated form gives the records of its header") {
    for (auto const &[header, expected] : translatedHeaders()) {
        INFO(expected["source"].dump());
        auto const form = common::parsePythonJson(expected["sidecar_translated_text"].string());
        auto const &table = instrument::tableOf(form["instrument"].string());
        compareObservation(instrument::observeTranslated(table, instrument::propertiesOf(form)),
                           expected["ingest"]);
    }
}

TEST_CASE("what is no translated form is named") {
    auto const refuse = [](std::string const &text) {
        try {
            instrument::propertiesOf(Json::parse(text));
        } catch (common::Error const &e) {
            return e.code() + " " + e.message();
        }
        return std::string("none");
    };
    CHECK(refuse(R"({"exposure_id":3,"colour":1})") == R"(BAD_SIDECAR there is no property "colour")");
    CHECK(refuse(R"({"exposure_id":"3"})") == R"(BAD_SIDECAR exposure_id is "3", expected an integer)");
    CHECK(refuse(R"({"exposure_id":3.5})") == "BAD_SIDECAR exposure_id is 3.5, expected an integer");
    CHECK(refuse(R"({"exposure_id":3.0})") == "none");
    CHECK(refuse(R"({"datetime_begin":[1]})")
          == "BAD_SIDECAR datetime_begin is [1], expected a list of 2 numbers");
    CHECK(refuse(R"({"can_see_sky":1})") == "BAD_SIDECAR can_see_sky is 1, expected true or false");
    CHECK(refuse(R"({"object":1})") == "BAD_SIDECAR object is 1, expected a text");
    CHECK(refuse(R"({"exposure_time":"1"})") == R"(BAD_SIDECAR exposure_time is "1", expected a number)");
    CHECK_THROWS_WITH(
        instrument::observeTranslated(instrument::tableOf("LATISS"),
                                      instrument::propertiesOf(Json::parse(R"({"observation_id":"x"})"))),
        Catch::Contains("exposure_id"));
}

TEST_CASE("properties of edited headers that no registry stores are upstream's") {
    auto const cases = Json::parse(common::readFile(tests::data("expected/mutations.json")));
    std::size_t compared = 0;
    for (auto const &edit : cases.array()) {
        auto const &result = edit["result"];
        if (!result["ingest"].isObject() || result["property_errors"].isObject()) continue;
        INFO(edit["name"].string());
        auto const form = formOf(observeHeader(headerOf(edit["base_header"].string(), edit), true));
        for (auto const *name :
             {"telescope", "visit_id", "exposure_time", "boresight_airmass", "detector_name",
              "detector_unique_name", "detector_serial", "detector_group", "detector_exposure_id", "focus_z",
              "temperature", "pressure", "relative_humidity", "altaz_end"}) {
            INFO(name);
            CHECK(form[name] == inFormUnit(result["observation_info"][name]));
            ++compared;
        }
    }
    CHECK(compared > 400);
}

TEST_CASE("corrections change the cards that upstream changes") {
    for (auto const &entry : std::filesystem::directory_iterator(tests::data("headers"))) {
        if (entry.path().extension() == ".md" || isSidecar(entry.path().string())) continue;
        auto const name = entry.path().filename().string();
        INFO(name);
        auto const expected = Json::parse(common::readFile(
            tests::data("expected/" + entry.path().stem().string() + ".json")))["fix_header"];
        auto header = headerOf(name);
        auto const *table = instrument::recognise(header);
        REQUIRE(table);
        auto const before = header;
        instrument::correct(*table, header, {});
        for (auto const &[shown, change] : expected["changes"].object()) {
            INFO(shown << " " << change.dump());
            auto const card = withoutHierarch(shown);
            REQUIRE(header.find(card));
            CHECK(fits::toJson(*header.find(card)) == change["new"]);
        }
        for (auto const &card : header.cards()) {
            auto const *old = before.find(card.key);
            if (old && *old == card.value) continue;
            INFO("changed by us alone: " << card.key);
            CHECK((expected["changes"].find(card.key) || expected["changes"].find(hierarch + card.key)));
        }
    }
}

TEST_CASE("edited headers translate or fail as upstream") {
    auto const codes = expectedCodes();
    std::set<std::string> failed;
    auto const cases = Json::parse(common::readFile(tests::data("expected/mutations.json")));
    CHECK(cases.array().size() == 59);
    for (auto const &edit : cases.array()) {
        auto const name = edit["name"].string();
        INFO(name);
        auto const header = headerOf(edit["base_header"].string(), edit);
        auto const &result = edit["result"];
        if (result["ingest"].isObject()) {
            compareObservation(observeHeader(header), result["ingest"]);
        } else {
            REQUIRE(codes.count(name));
            CHECK(codeOf(header) == codes.at(name));
            failed.insert(name);
        }
    }
    CHECK(failed.size() == codes.size());
}
