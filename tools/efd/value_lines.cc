#include "efd/value_lines.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/text.h"
#include "efd/window_lines.h"

#include <algorithm>
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

std::string requiredText(Json const &value, std::string const &key) {
    auto out = storable(key, manifest::textOf(value, key));
    if (out.empty()) throw badValue(key, Json(out), "a name");
    return out;
}

sql::Value optionalInteger(Json const &value, std::string const &key,
                           std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                           std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
    auto const out = manifest::integerOf(value, key);
    if (!out) return {};
    if (*out < least || *out > most)
        throw badValue(key, *out, "from " + std::to_string(least) + " to " + std::to_string(most));
    return *out;
}

std::int64_t requiredInteger(Json const &value, std::string const &key, std::int64_t least,
                             std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
    auto const out = optionalInteger(value, key, least, most);
    if (auto const *i = std::get_if<std::int64_t>(&out)) return *i;
    throw Error("MISSING_KEY", "the line has no \"" + key + "\"");
}

sql::Value optionalInstant(Json const &iso, std::string const &key) {
    if (iso.isNull()) return {};
    auto const ns = iso.isString() ? common::nsFromIso(iso.string()) : std::nullopt;
    if (!ns) throw badValue(key, iso, "an instant such as 2025-04-23T04:07:10.702699721");
    return *ns;
}

sql::Value optionalNumber(Json const &value, std::string const &key) {
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

void takeConfig(ValueLine &out, Json const &value) {
    if (value.isNull()) return;
    auto const config = manifest::textOf(value, "config");
    if (config.size() != 16 || config.find_first_not_of("0123456789abcdef") != std::string::npos)
        throw badValue("config", Json(config), "16 hexadecimal digits");
    out.cells[Config] = config;
}

void takeSettled(ValueLine &out, Json const &settled) {
    if (!settled.isNull() && !settled.isBool()) throw badValue("settled", settled, "true or false");
    out.cells[Settled] = std::int64_t{settled.isNull() || settled.boolean()};
}

constexpr std::int64_t mostInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t mostSmall = std::numeric_limits<std::int16_t>::max();

std::shared_ptr<LineWindow const> windowOfValue(Record const &line) {
    auto out = std::make_shared<LineWindow>();
    auto &id = out->id;
    id.instrument = requiredText(line.get("instrument"), "instrument");
    id.kind = requiredText(line.get("kind"), "kind");
    if (id.kind != "exposure" && id.kind != "visit" && id.kind != "window")
        throw badValue("kind", Json(id.kind), "exposure, visit or window");
    id.obs_id = requiredInteger(line.get("id"), "id", std::numeric_limits<std::int64_t>::min());
    out->key = {id.instrument, id.kind, id.obs_id};
    auto const span = spanOf(line);
    auto const src = line.get("src");
    out->span = {optionalInteger(line.get("day_obs"), "day_obs", 0, mostInt),
                 optionalInteger(line.get("seq_num"), "seq_num", -1, mostInt), span.begin_ns, span.end_ns,
                 src.isNull() ? sql::Value() : storable("src", src.text())};
    return out;
}

/// Keys of a value, in the order in which dbb-efd-join prints them.
enum KeyPlace : std::size_t {
    ColumnKey,
    ElementKey,
    ConfigKey,
    ContentKey,
    SamplesKey,
    StatusKey,
    FirstKey,
    LastKey,
    MaxGapKey,
    GapsKey,
    CoverageKey,
    AgeKey,
    SettledKey,
    KeyPlaceCount
};
constexpr std::array<char const *, KeyPlaceCount> valueKeys{
    "column",     "element",    "config", "value",    "n",      "status", "t_first_tai",
    "t_last_tai", "max_gap_ns", "n_gaps", "coverage", "age_ns", "settled"};
/// Other keys that say something here: of the line, of its window, of what befell it before.
constexpr std::array<std::string_view, 13> otherKeys{
    "type",    "instrument", "kind",         "id",         "day_obs", "seq_num", "begin_tai",
    "end_tai", "src",        "begin_tai_ns", "end_tai_ns", "load",    "error"};

/// Values of the keys as JSON texts; empty where the line has no such key.
using ValueTexts = std::array<std::string_view, KeyPlaceCount>;

/// All but the window and the text.
ValueLine valueOf(ValueTexts const &texts) {
    auto const json = [&](std::size_t key) { return texts[key].empty() ? Json() : Json::parse(texts[key]); };
    auto const read = [&](auto const &how, std::size_t key, auto const &...limits) {
        return how(json(key), valueKeys[key], limits...);
    };
    auto const integer = [&](std::size_t key) { return optionalInteger(json(key), valueKeys[key]); };
    ValueLine out;
    out.column = read(requiredText, ColumnKey);
    if (!texts[ElementKey].empty()) out.element = read(requiredInteger, ElementKey, -1, mostInt);
    takeValue(out, json(ContentKey));
    out.cells[Samples] = requiredInteger(json(SamplesKey), "n", 0);
    out.cells[Status] = read(requiredInteger, StatusKey, 0, mostSmall);
    out.cells[First] = read(optionalInstant, FirstKey);
    out.cells[Last] = read(optionalInstant, LastKey);
    out.cells[Coverage] = read(optionalNumber, CoverageKey);
    out.cells[MaxGap] = integer(MaxGapKey);
    out.cells[Gaps] = integer(GapsKey);
    out.cells[Age] = integer(AgeKey);
    takeConfig(out, json(ConfigKey));
    takeSettled(out, json(SettledKey));
    return out;
}

/// The texts of an object, or of the rest of one, that has plain values and no other key that matters here.
std::optional<ValueTexts> plainTexts(std::string_view text) {
    ValueTexts out{};
    std::size_t next = 0; // place of the key that is likely to come
    auto const take = [&](std::string_view key, std::string_view value) {
        auto at = next < KeyPlaceCount && key == valueKeys[next] ? next : std::size_t{0};
        while (at < KeyPlaceCount && key != valueKeys[at]) ++at;
        if (at == KeyPlaceCount) return std::find(otherKeys.begin(), otherKeys.end(), key) == otherKeys.end();
        next = at + 1;
        bool const isNew = out[at].empty();
        out[at] = value;
        return isNew;
    };
    if (!common::splitPlain(text, take)) return std::nullopt;
    return out;
}

} // namespace

ValueLine ValueLineReader::read(Record record) {
    _head.clear();
    auto const window = windowOfValue(record);
    ValueTexts texts;
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = record.raw(valueKeys[i]);
    auto out = valueOf(texts);
    out.window = window;
    record.erase("load");
    record.erase("error");
    out.text = record.line();
    rememberHead(out);
    return out;
}

/// What lines of one window begin with, when it tells the window and the rest of the line tells nothing of
/// it.
void ValueLineReader::rememberHead(ValueLine const &line) {
    constexpr std::string_view behind = ",\"column\":";
    auto const at = line.text.find(behind);
    if (at == std::string::npos) return;
    auto const head = line.text.substr(0, at);
    auto const tellsNoValue = [](std::string_view key, std::string_view) {
        return std::find(valueKeys.begin(), valueKeys.end(), key) == valueKeys.end();
    };
    if (!common::splitPlain(head + "}", tellsNoValue) || !plainTexts(line.text.substr(at))) return;
    _head = head;
    _window = line.window;
}

std::optional<ValueLine> ValueLineReader::readNext(std::string_view line) const {
    if (_head.empty() || !line.starts_with(_head)) return std::nullopt;
    auto const texts = plainTexts(line.substr(_head.size()));
    if (!texts) return std::nullopt;
    try {
        auto out = valueOf(*texts);
        out.window = _window;
        out.text = line;
        return out;
    } catch (Error const &) {
        return std::nullopt;
    }
}

} // namespace dbb::efd
