#include "manifest/record.h"

#include "manifest/reason.h"

#include <algorithm>
#include <cmath>

namespace dbb::manifest {

using common::Error;
using common::Json;

namespace {

/// Position behind the JSON value that starts at `at` of a text known to be valid JSON.
std::size_t endOfValue(std::string_view text, std::size_t at) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = at; i < text.size(); ++i) {
        char const c = text[i];
        if (quoted) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                quoted = false;
                if (depth == 0) return i + 1;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return i;
            if (--depth == 0) return i + 1;
        } else if (depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\r')) {
            return i;
        }
    }
    return text.size();
}

std::size_t skipWhite(std::string_view text, std::size_t at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')) ++at;
    return at;
}

} // namespace

Record Record::parse(std::string_view line) {
    // The parser checks the whole text; the raw pieces are then cut out of what is known to be valid.
    Json const value = Json::parse(line);
    if (!value.isObject()) {
        throw Error("NOT_AN_OBJECT", "the line is JSON but no object");
    }
    Record out;
    std::size_t at = skipWhite(line, line.find('{') + 1);
    while (at < line.size() && line[at] == '"') {
        auto const keyEnd = endOfValue(line, at);
        auto const key = Json::parse(line.substr(at, keyEnd - at)).string();
        at = skipWhite(line, line.find(':', keyEnd) + 1);
        auto const end = endOfValue(line, at);
        out.erase(key); // of a repeated key the last value counts, as in jq
        out._entries.push_back({key, std::string(line.substr(at, end - at))});
        at = skipWhite(line, end);
        if (at < line.size() && line[at] == ',') at = skipWhite(line, at + 1);
    }
    if (!value["type"].isString()) {
        throw Error("NO_TYPE", "the line has no \"type\"")
            .hint(
                "manifest lines say what they are about, for example \"type\":\"file\"; see dbb-manifest(5)");
    }
    return out;
}

std::string Record::type() const {
    return get("type").isString() ? get("type").string() : std::string();
}

Record::Entry const *Record::find(std::string_view key) const {
    auto const at =
        std::find_if(_entries.begin(), _entries.end(), [&](Entry const &e) { return e.key == key; });
    return at == _entries.end() ? nullptr : &*at;
}

Json Record::get(std::string_view key) const {
    auto const *entry = find(key);
    return entry ? Json::parse(entry->raw) : Json();
}

std::string Record::text(std::string_view key) const {
    auto const value = get(key);
    if (value.isString()) return value.string();
    std::string const name(key);
    if (value.isNull()) throw Error("MISSING_KEY", "the line has no \"" + name + "\"");
    throw Error("BAD_VALUE", "\"" + name + "\" must be a string, not " + value.dump());
}

std::optional<std::int64_t> Record::integer(std::string_view key) const {
    auto value = get(key);
    if (value.isNull()) return std::nullopt;
    if (value.isString()) {
        try {
            value = Json::parse(value.string());
        } catch (Error const &) {
            value = {};
        }
    }
    if (value.isInt()) return value.integer();
    if (value.isDouble() && std::floor(value.number()) == value.number() && std::abs(value.number()) < 9e18) {
        return static_cast<std::int64_t>(value.number());
    }
    throw Error("BAD_VALUE", "\"" + std::string(key) + "\" must be an integer");
}

Record &Record::set(std::string_view key, Json const &value) {
    auto const at =
        std::find_if(_entries.begin(), _entries.end(), [&](Entry const &e) { return e.key == key; });
    if (at != _entries.end()) {
        at->raw = value.dump();
    } else {
        _entries.push_back({std::string(key), value.dump()});
    }
    return *this;
}

void Record::erase(std::string_view key) {
    std::erase_if(_entries, [&](Entry const &e) { return e.key == key; });
}

std::string Record::line() const {
    std::string out;
    char separator = '{';
    for (auto const &entry : _entries) {
        out += separator;
        common::appendQuoted(out, entry.key);
        out += ':';
        out += entry.raw;
        separator = ',';
    }
    return out + (separator == '{' ? "{}" : "}");
}

Json errorObject(Error const &e) {
    auto const &reason = reasonOf(e.code());
    Json out;
    out.set("code", e.code()).set("stage", reason.stage).set("message", e.message());
    if (auto const &c = e.cause(); !c.empty()) {
        Json cause{Json::Object{}};
        if (!c.card.empty()) cause.set("card", c.card);
        if (!c.column.empty()) cause.set("column", c.column);
        if (!c.value.empty()) cause.set("value", c.value);
        if (!c.expected.empty()) cause.set("expected", c.expected);
        out.set("cause", cause);
    }
    auto const hint = e.hint().empty() ? std::string(reason.remedy) : e.hint();
    if (!hint.empty()) out.set("hint", hint);
    return out.set("retry", reason.retry);
}

Record endRecord(std::string_view program) {
    Record out("end");
    out.set("program", program);
    return out;
}

} // namespace dbb::manifest
