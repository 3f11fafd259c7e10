#include "efd/value_lines.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/text.h"
#include "efd/window_lines.h"

#include <limits>

namespace dbb::efd {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

Error badValue(std::string const &key, Json const &value, std::string const &expected) {
    return Error("BAD_VALUE", "\"" + key + "\" must be " + expected + ", not " + value.dump())
        .cause({.column = key, .value = value.text(), .expected = expected});
}

/// A server's text can't hold the character NUL.
std::string storable(std::string const &key, std::string text) {
    if (text.find('\0') != std::string::npos) throw badValue(key, Json(text), "text without NUL");
    return text;
}

std::string requiredText(Record const &line, std::string const &key) {
    auto out = storable(key, line.text(key));
    if (out.empty()) throw badValue(key, Json(out), "a name");
    return out;
}

sql::Value optionalInteger(Record const &line, std::string const &key,
                           std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                           std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
    auto const out = line.integer(key);
    if (!out) return {};
    if (*out < least || *out > most)
        throw badValue(key, *out, "from " + std::to_string(least) + " to " + std::to_string(most));
    return *out;
}

std::int64_t requiredInteger(Record const &line, std::string const &key, std::int64_t least,
                             std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
    auto const out = optionalInteger(line, key, least, most);
    if (auto const *i = std::get_if<std::int64_t>(&out)) return *i;
    throw Error("MISSING_KEY", "the line has no \"" + key + "\"");
}

sql::Value optionalInstant(Record const &line, std::string const &key) {
    auto const iso = line.get(key);
    if (iso.isNull()) return {};
    auto const ns = iso.isString() ? common::nsFromIso(iso.string()) : std::nullopt;
    if (!ns) throw badValue(key, iso, "an instant such as 2025-04-23T04:07:10.702699721");
    return *ns;
}

sql::Value optionalNumber(Record const &line, std::string const &key) {
    auto const value = line.get(key);
    if (value.isNull()) return {};
    if (!value.isNumber()) throw badValue(key, value, "a number");
    return value.number();
}

void takeInteger(ValueLine &out, std::int64_t v) {
    out.dtype = "number";
    out.cells[Number] = static_cast<double>(v);
    // Others are the same as an integer and as a double, and which of them a line has is jq's affair.
    if (v > manifest::mostExact || v < -manifest::mostExact) out.cells[Integer] = v;
}

void takeText(ValueLine &out, std::string text) {
    // As the lines have integers that jq would round.
    if (auto const v = common::wholeNumber(text);
        v && (*v > manifest::mostExact || *v < -manifest::mostExact) && std::to_string(*v) == text)
        return takeInteger(out, *v);
    out.dtype = "text";
    out.cells[Text] = storable("value", std::move(text));
}

void takeValue(ValueLine &out, Json const &value) {
    if (value.isNull()) return;
    if (value.isInt()) return takeInteger(out, value.integer());
    if (value.isString()) return takeText(out, value.string());
    if (value.isBool()) {
        out.dtype = "boolean";
        out.cells[Number] = value.boolean() ? 1.0 : 0.0;
    } else if (value.isDouble()) {
        out.dtype = "number";
        out.cells[Number] = value.number() + 0.0; // SQLite has no -0.0
    } else {
        throw badValue("value", value, "a number, a text, true, false or null");
    }
}

void takeConfig(ValueLine &out, Record const &line) {
    if (line.get("config").isNull()) return;
    auto const config = line.text("config");
    if (config.size() != 16 || config.find_first_not_of("0123456789abcdef") != std::string::npos)
        throw badValue("config", Json(config), "16 hexadecimal digits");
    out.cells[Config] = config;
}

void takeSettled(ValueLine &out, Json const &settled) {
    if (!settled.isNull() && !settled.isBool()) throw badValue("settled", settled, "true or false");
    out.cells[Settled] = std::int64_t{settled.isNull() || settled.boolean()};
}

WindowId windowIdOf(Record const &line) {
    WindowId out;
    out.instrument = requiredText(line, "instrument");
    out.kind = requiredText(line, "kind");
    if (out.kind != "exposure" && out.kind != "visit" && out.kind != "window")
        throw badValue("kind", Json(out.kind), "exposure, visit or window");
    out.obs_id = requiredInteger(line, "id", std::numeric_limits<std::int64_t>::min());
    return out;
}

} // namespace

ValueLine valueLineOf(Record record) {
    constexpr std::int64_t mostInt = std::numeric_limits<std::int32_t>::max();
    constexpr std::int64_t mostSmall = std::numeric_limits<std::int16_t>::max();
    ValueLine out;
    out.window = windowIdOf(record);
    auto const span = spanOf(record);
    auto const src = record.get("src");
    out.span = {optionalInteger(record, "day_obs", 0, mostInt),
                optionalInteger(record, "seq_num", -1, mostInt), span.begin_ns, span.end_ns,
                src.isNull() ? sql::Value() : storable("src", src.text())};
    out.column = requiredText(record, "column");
    if (record.has("element")) out.element = requiredInteger(record, "element", -1, mostInt);
    takeValue(out, record.get("value"));
    out.cells[Samples] = requiredInteger(record, "n", 0);
    out.cells[Status] = requiredInteger(record, "status", 0, mostSmall);
    out.cells[First] = optionalInstant(record, "t_first_tai");
    out.cells[Last] = optionalInstant(record, "t_last_tai");
    out.cells[Coverage] = optionalNumber(record, "coverage");
    out.cells[MaxGap] = optionalInteger(record, "max_gap_ns");
    out.cells[Gaps] = optionalInteger(record, "n_gaps");
    out.cells[Age] = optionalInteger(record, "age_ns");
    takeConfig(out, record);
    takeSettled(out, record.get("settled"));
    record.erase("load");
    record.erase("error");
    out.text = record.line();
    return out;
}

} // namespace dbb::efd
