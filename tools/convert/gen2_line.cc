#include "convert/gen2_line.h"

#include "butler/collections.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/uri.h"

#include <algorithm>
#include <array>
#include <map>

namespace dbb::convert {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

std::map<std::string, Action, std::less<>> const actions{{"convert", Action::Convert},
                                                         {"skip", Action::Skip},
                                                         {"review", Action::Review},
                                                         {"undecided", Action::Undecided},
                                                         {"error", Action::Error}};

/// An instant of the line's validity; null is none.
std::optional<std::int64_t> instantIn(Json const &validity, char const *key) {
    auto const *value = validity.find(key);
    if (!value) throw Error("MISSING_KEY", std::string("\"validity\" must hold \"") + key + "\"");
    if (value->isNull()) return std::nullopt;
    auto const ns = value->isString() ? common::nsFromIso(value->string()) : std::nullopt;
    if (ns) return ns;
    throw Error("BAD_VALUE",
                std::string("\"validity\": ") + key + " is " + value->dump() + ", which is no instant")
        .cause({.column = key, .value = value->text(), .expected = "YYYY-MM-DDThh:mm:ss, TAI, or null"});
}

std::vector<std::string> dimensionsOf(Record const &line) {
    auto const dimensions = line.get("dimensions");
    if (!dimensions.isArray()) throw Error("MISSING_KEY", "the line must hold the list \"dimensions\"");
    std::vector<std::string> out;
    for (auto const &name : dimensions.array()) {
        if (!name.isString()) throw Error("BAD_VALUE", "\"dimensions\" must be a list of names");
        out.push_back(name.string());
    }
    return out;
}

/// A name of Python; storage classes are called so as well.
bool isPythonName(std::string_view name) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    return !name.empty() && letters.find(name.front()) != std::string_view::npos
           && std::ranges::all_of(name, [&](char c) {
                  return (c >= '0' && c <= '9') || letters.find(c) != std::string_view::npos;
              });
}

bool isPythonClass(std::string const &text) {
    auto const parts = common::split(text, '.');
    return parts.size() > 1 && std::ranges::all_of(parts, isPythonName);
}

/// A key's text, of which a condition must hold.
std::string checkedText(Record const &line, char const *key, bool (*isGood)(std::string const &),
                        char const *expected) {
    auto text = line.text(key);
    if (isGood(text)) return text;
    throw Error("BAD_VALUE", std::string("\"") + key + "\" is \"" + text + "\", which is no " + expected)
        .cause({.column = key, .value = text, .expected = expected});
}

/// The line's instrument, which its data ID may have as well.
std::string instrumentOf(Record const &line, Json const &dataId) {
    auto out = line.text("instrument");
    auto const *other = dataId.find("instrument");
    if (!other || other->isNull() || *other == Json(out)) return out;
    throw Error("INCONSISTENT_LINE",
                "\"instrument\" is \"" + out + "\", but that of the \"data_id\" " + other->dump())
        .cause({.column = "instrument", .value = out, .expected = other->text()});
}

/// A number that is not negative.
std::optional<std::int64_t> countIn(std::string_view text) {
    auto const out = common::wholeNumber(text);
    return out && *out >= 0 ? out : std::nullopt;
}

} // namespace

Validity validityOf(Record const &line) {
    auto const validity = line.get("validity");
    if (!validity.isObject())
        throw Error("MISSING_KEY", "a line with a \"calibration\" must hold its \"validity\"");
    Validity const out{instantIn(validity, "begin_tai"), instantIn(validity, "end_tai")};
    if (out.begin_ns && out.end_ns && *out.begin_ns >= *out.end_ns)
        throw Error("BAD_VALUE", "\"validity\" ends before it begins")
            .cause({.column = "validity", .value = validity.dump()});
    return out;
}

namespace {

/// Its type's validity ranges and what it says of its own.
void readCalibration(intake::OtherDataset &out, Record const &line) {
    auto const flag = line.get("is_calibration");
    if (!flag.isNull() && !flag.isBool())
        throw Error("BAD_VALUE", "\"is_calibration\" must be true or false");
    out.is_calibration = flag == Json(true);
    if (!line.has("calibration") || line.get("calibration").isNull()) return;
    out.calibration = line.text("calibration");
    butler::checkRunName(out.calibration);
    if (!out.is_calibration)
        throw Error("INCONSISTENT_LINE",
                    "the line has a \"calibration\", but its \"is_calibration\" is not true");
    auto const validity = validityOf(line);
    out.begin_ns = validity.begin_ns;
    out.end_ns = validity.end_ns;
}

} // namespace

Action actionOf(Record const &line) {
    std::string const expected = "convert, skip, review, undecided or error";
    auto const word = line.get("action");
    if (word.isNull()) {
        throw Error("MISSING_KEY", "the line has no \"action\", which is " + expected)
            .cause({.column = "action", .expected = expected});
    }
    auto const at = word.isString() ? actions.find(word.string()) : actions.end();
    if (at != actions.end()) return at->second;
    throw Error("BAD_VALUE", "\"action\" is " + word.dump() + ", not " + expected)
        .cause({.column = "action", .value = word.text(), .expected = expected});
}

Error refusalOf(Record const &line, Action action) {
    auto const reason = line.get("reason").text();
    std::string why =
        "\"" + common::pathOfUri(line.text("uri")) + "\": " + (reason.empty() ? "no reason given" : reason);
    for (auto const &note : line.get("notes").isArray() ? line.get("notes").array() : Json::Array{})
        why += "; " + note.text();
    auto const *code = action == Action::Review      ? "NEEDS_REVIEW"
                       : action == Action::Undecided ? "UNDECIDED"
                                                     : "NOT_CONVERTIBLE";
    auto out = Error(code, why).cause({.column = "reason", .value = reason});
    if (action == Action::Review && reason == "needs_skymap") {
        out.hint(
            "scan again with dbb-gen2-scan --skymap NAME, or let a rule with reasons: [needs_skymap] include "
            "it (dbb-rules(5))");
    }
    return out;
}

bool isIncomplete(std::string_view code) {
    static constexpr std::array<std::string_view, 6> codes{"NEEDS_REVIEW", "UNDECIDED",
                                                           "NEEDS_VISIT",  "NEEDS_EXPOSURE",
                                                           "NEEDS_SKYMAP", "SKYMAP_NOT_REGISTERED"};
    return std::ranges::find(codes, code) != codes.end();
}

bool isRaw(Record const &line) {
    return line.get("dataset_type") == Json("raw");
}

Record fileLineOf(Record const &line) {
    Record out("file");
    for (auto const *key : {"uri", "size", "mtime"}) {
        if (line.has(key)) out.set(key, line.get(key));
    }
    return out;
}

bool isOfAnother(Record const &line, Record const &described) {
    auto const scanned = line.get("data_id"), read = described.get("data_id");
    for (auto const *key : {"exposure", "detector"})
        if (!scanned[key].isNull() && scanned[key] != read[key]) return true;
    return false;
}

std::optional<intake::Transfer> transferOf(Record const &line) {
    if (!line.has("transfer") || line.get("transfer").isNull()) return std::nullopt;
    auto const word = line.text("transfer");
    try {
        return intake::transferNamed(word);
    } catch (Error const &e) {
        throw Error("BAD_VALUE", "\"transfer\": " + e.message()).cause({.column = "transfer", .value = word});
    }
}

std::optional<PatchCell> patchOf(Record const &line) {
    if (!line.has("patch_xy") || line.get("patch_xy").isNull()) return std::nullopt;
    auto const text = line.text("patch_xy");
    auto const comma = text.find(',');
    auto const x = countIn(std::string_view(text).substr(0, comma));
    auto const y =
        comma == std::string::npos ? std::nullopt : countIn(std::string_view(text).substr(comma + 1));
    if (x && y) return PatchCell{*x, *y};
    throw Error("BAD_VALUE", "\"patch_xy\" is \"" + text + "\"")
        .cause({.column = "patch_xy", .value = text, .expected = "x,y"});
}

intake::DatasetLine parseOther(Record const &line, Json dataId) {
    intake::DatasetLine out;
    auto other = std::make_shared<intake::OtherDataset>();
    out.scanned = intake::Scanned::of(line);
    out.path = out.file = common::absolutePath(common::pathOfUri(line.text("uri")));
    if (!dataId.isObject()) throw Error("MISSING_KEY", "the line must hold the object \"data_id\"");
    out.instrument = instrumentOf(line, dataId);
    out.dataset_type = line.text("dataset_type");
    out.run = line.text("run");
    butler::checkRunName(out.run);
    other->dimensions = dimensionsOf(line);
    other->data_id = std::move(dataId);
    other->storage_class = checkedText(
        line, "storage_class", [](std::string const &text) { return isPythonName(text); }, "storage class");
    other->formatter = checkedText(line, "formatter", isPythonClass, "Python class with its module");
    readCalibration(*other, line);
    out.storage_class = other->storage_class;
    out.formatter = other->formatter;
    out.other = std::move(other);
    return out;
}

} // namespace dbb::convert
