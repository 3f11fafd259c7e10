#include "intake/raw_line.h"

#include "butler/collections.h"
#include "butler/stored_path.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/uri.h"
#include "fits/header_file.h"
#include "intake/guider.h"

#include <array>
#include <cmath>
#include <regex>

namespace dbb::intake {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

std::string textIn(Json const &object, std::string_view key, char const *where) {
    auto const &value = object[key];
    if (value.isString()) return value.string();
    throw Error(value.isNull() ? "MISSING_KEY" : "BAD_VALUE",
                std::string(where) + " must hold the text \"" + std::string(key) + "\"");
}

/// An integer, also as the double or the text that jq may have made of it.
std::int64_t integerIn(Json const &object, std::string_view key, char const *where) {
    auto const &value = object[key];
    if (value.isInt()) return value.integer();
    if (value.isDouble() && std::floor(value.number()) == value.number() && std::abs(value.number()) < 9e15) {
        return static_cast<std::int64_t>(value.number());
    }
    throw Error(value.isNull() ? "MISSING_KEY" : "BAD_VALUE",
                std::string(where) + " must hold the integer \"" + std::string(key) + "\"");
}

/// The records of a line, parsed unless they are those of the line before.
std::shared_ptr<Json const> recordsOf(Record const &record, RecordsMemory &memory) {
    auto const raw = record.raw("records");
    if (memory.records && raw == memory.text) return memory.records;
    auto const records = std::make_shared<Json const>(record.get("records"));
    for (auto const *element : {"group", "day_obs", "exposure"}) {
        if ((*records)[element].isObject()) continue;
        throw Error("MISSING_KEY", "\"records\" must hold the record of \"" + std::string(element) + "\"");
    }
    memory = {std::string(raw), records};
    return records;
}

Error notRaw(std::string const &type) {
    Error out("BAD_VALUE", "lines of type \"" + type + "\" can't be ingested as raw files");
    if (type == "gen2") out.hint("lines of dbb-gen2-scan go through dbb-convert");
    return out;
}

/// No line of a dry run counts as done.
void checkReceipts(Record const &record, bool dry_run) {
    for (auto const *program : {"ingest", "copy"}) {
        if (!record.has(program)) continue;
        auto const receipt = record.get(program);
        if (!receipt.isObject() && !receipt.isNull()) {
            throw Error("BAD_VALUE",
                        std::string("\"") + program + "\" must be an object, not " + receipt.dump());
        }
        if (!dry_run && receipt["outcome"] == Json("planned")) {
            throw Error("DRY_RUN", std::string("the line was printed by a dry run of dbb-") + program);
        }
    }
}

/// Names that the raw formatters of the Butler accept; a header dump is none, it can only be tried.
void checkName(std::string const &path, bool dry_run) {
    if (dry_run && fits::isDumpName(path)) return;
    for (auto const *ending : {".fits", ".fit", ".fits.gz", ".fits.fz", ".fz"}) {
        if (path.ends_with(ending)) return;
    }
    throw Error("BAD_EXTENSION",
                "\"" + path + "\": the Butler reads raw files named .fits, .fit, .fits.gz or .fits.fz only");
}

/// The size is for other programs; but who wrote nonsense there wrote more of it.
void checkSize(Scanned const &scanned) {
    if (scanned.size_bytes.value_or(0) >= 0) return;
    throw Error("BAD_VALUE", "\"size\" must not be negative")
        .cause({.value = std::to_string(*scanned.size_bytes)});
}

/// The run that the line names, which is not the operator's choice.
std::string runOf(Record const &record) {
    auto run = record.text("run");
    try {
        butler::checkRunName(run);
    } catch (Error const &e) {
        throw Error(e).hint("mend \"run\" of the line, or say with --run where the files shall go");
    }
    return run;
}

void checkDay(Json const &day) {
    auto const id = integerIn(day, "id", "the day_obs record");
    if (common::daysFromYyyymmdd(id)) return;
    throw Error("BAD_VALUE", "the day_obs record has the id " + std::to_string(id) + ", which is no date")
        .cause({.column = "day_obs", .value = std::to_string(id), .expected = "YYYYMMDD"});
}

/// Two places of a line that say the same. \throws Error INCONSISTENT_LINE
void requireSame(char const *place, Json const &value, char const *other, Json const &expected) {
    if (value == expected) return;
    throw Error("INCONSISTENT_LINE", std::string("the line contradicts itself: \"") + place + "\" is "
                                         + value.dump() + ", but \"" + other + "\" is " + expected.dump())
        .cause({.column = place, .value = value.text(), .expected = expected.text()});
}

void checkConsistent(DatasetLine const &line) {
    Json const instrument(line.instrument);
    auto const &group = (*line.records)["group"];
    auto const &day = (*line.records)["day_obs"];
    auto const &exposure = (*line.records)["exposure"];
    char const *const owner = "data_id.instrument";
    requireSame("records.exposure.instrument", exposure["instrument"], owner, instrument);
    requireSame("records.group.instrument", group["instrument"], owner, instrument);
    requireSame("records.day_obs.instrument", day["instrument"], owner, instrument);
    requireSame("records.exposure.id", integerIn(exposure, "id", "the exposure record"), "data_id.exposure",
                line.exposure);
    requireSame("records.exposure.group", exposure["group"], "records.group.name", group["name"]);
    requireSame("records.exposure.day_obs", integerIn(exposure, "day_obs", "the exposure record"),
                "records.day_obs.id", integerIn(day, "id", "the day_obs record"));
    requireSame("records.exposure.physical_filter", exposure["physical_filter"], "physical_filter",
                line.physical_filter);
}

/// What only lines of raw images have.
void readRaw(DatasetLine &out, Record const &record, Json const &dataId, RecordsMemory &memory) {
    out.exposure = integerIn(dataId, "exposure", "\"data_id\"");
    if (out.dataset_type != out.table->dataset_type) {
        throw Error("BAD_VALUE",
                    "\"dataset_type\" must be " + out.table->dataset_type + " for " + out.instrument);
    }
    out.storage_class = out.table->storage_class;
    out.formatter = out.table->formatterOf(static_cast<int>(out.detector));
    out.physical_filter = record.text("physical_filter");
    out.records = recordsOf(record, memory);
    checkConsistent(out);
    checkDay((*out.records)["day_obs"]);
}

void readGuider(DatasetLine &out, Record const &record) {
    out.storage_class = guiderStorageClass;
    out.formatter = guiderFormatter;
    out.obs_id = record.text("obs_id");
    if (out.obs_id.empty()) throw Error("BAD_VALUE", "\"obs_id\" must not be empty");
}

/// What the line of a member says of it. \throws Error NOT_DESCRIBED, BAD_VALUE …
std::shared_ptr<ZippedFile> readZip(Record const &record, std::string const &member) {
    char const *const where = "\"zip\"";
    auto const zip = record.get("zip");
    if (!zip.isObject()) throw Error("NOT_DESCRIBED", "the member of a zip file has not been described");
    auto out = std::make_shared<ZippedFile>();
    out->member = member;
    out->stored_path = textIn(zip, "path", where);
    out->formatter = textIn(zip, "formatter", where);
    out->size_bytes = integerIn(zip, "size", where);
    out->members = integerIn(zip, "members", where);
    if (!zip["checksum"].isNull()) out->checksum = textIn(zip, "checksum", where);
    auto const id = textIn(zip, "id", where);
    out->id = common::Uuid::fromText(id);
    if (!out->id) throw Error("BAD_VALUE", "\"zip\" must hold a UUID as \"id\", not \"" + id + "\"");
    static std::regex const place("zips/([0-9a-f]{4})/\\1[0-9a-f]{4}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.zip");
    if (!std::regex_match(out->stored_path, place))
        throw Error("BAD_VALUE", "\"" + out->stored_path + "\" is no path of a zip file in a datastore");
    if (out->size_bytes < 0 || out->members < 1 || out->formatter.empty())
        throw Error("BAD_VALUE", "\"zip\" must hold a size, a number of members and a formatter");
    if (!butler::staysBelow(member) || !common::isUtf8(member))
        throw Error("BAD_VALUE", "\"" + common::printable(member) + "\" is no name of a zip file's member");
    return out;
}

/// What its index says of a member takes the place of what files of its kind have.
void applyZip(DatasetLine &out, std::shared_ptr<ZippedFile> zip, Record const &record) {
    // In another run it is another dataset.
    if (out.run != record.text("run")) zip->id.reset();
    out.zip = std::move(zip);
    out.formatter = out.zip->formatter;
}

} // namespace

void requireRunOption(std::string const &run) {
    if (run.empty()) return;
    try {
        butler::checkRunName(run);
    } catch (Error const &e) {
        throw common::usageError("--run: " + e.message());
    }
}

DatasetLine parseRawLine(Record const &record, std::string const &run, bool dry_run, RecordsMemory &memory) {
    if (record.type() != "file") throw notRaw(record.type());
    checkReceipts(record, dry_run);
    DatasetLine out;
    out.scanned = Scanned::of(record);
    checkSize(out.scanned);
    auto const uri = record.text("uri");
    out.file = common::absolutePath(common::pathOfUri(uri));
    auto const member = common::memberOfUri(uri);
    out.path = member.empty() ? out.file : common::memberPath(out.file, member);
    auto const dataId = record.get("data_id");
    if (!dataId.isObject()) throw Error("NOT_DESCRIBED", "\"" + out.path + "\" has not been described");
    checkName(out.path, dry_run);
    out.instrument = textIn(dataId, "instrument", "\"data_id\"");
    out.detector = integerIn(dataId, "detector", "\"data_id\"");
    out.table = &instrument::tableOf(out.instrument);
    out.dataset_type = record.text("dataset_type");
    out.run = run.empty() ? runOf(record) : run;
    if (out.dataset_type == guiderType) {
        readGuider(out, record);
    } else {
        readRaw(out, record, dataId, memory);
    }
    if (!member.empty()) applyZip(out, readZip(record, member), record);
    return out;
}

} // namespace dbb::intake
