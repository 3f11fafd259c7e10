#include "manifest/record.h"

#include "manifest/reason.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace dbb::manifest {

using common::Error;
using common::Json;

Record Record::parse(std::string_view line, std::string_view assumed) {
    Record out;
    for (auto &member : common::splitObject(line))
        out._entries.push_back(
            {std::move(member.key), std::string(member.key_text), std::string(member.value)});
    auto const *type = out.find("type");
    if (!type && !assumed.empty()) {
        Record typed(assumed);
        std::move(out._entries.begin(), out._entries.end(), std::back_inserter(typed._entries));
        return typed;
    }
    if (!type || !type->raw.starts_with('"')) {
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

std::string_view Record::raw(std::string_view key) const {
    auto const *entry = find(key);
    return entry ? std::string_view(entry->raw) : std::string_view();
}

std::string Record::text(std::string_view key) const {
    return textOf(get(key), key);
}

std::optional<std::int64_t> Record::integer(std::string_view key) const {
    return integerOf(get(key), key);
}

std::string textOf(Json const &value, std::string_view key) {
    if (value.isString()) return value.string();
    std::string const name(key);
    if (value.isNull()) throw Error("MISSING_KEY", "the line has no \"" + name + "\"");
    throw Error("BAD_VALUE", "\"" + name + "\" must be a string, not " + value.dump());
}

std::optional<std::int64_t> integerOf(Json const &value, std::string_view key) {
    if (value.isNull()) return std::nullopt;
    if (value.isInt()) return value.integer();
    if (value.isString()) {
        try {
            if (auto const inner = Json::parse(value.string()); inner.isNumber())
                return integerOf(inner, key);
        } catch (Error const &) {
            // It is no number, which is said below.
        }
    }
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
        _entries.push_back({std::string(key), Json(key).dump(), value.dump()});
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
        out += entry.key_text;
        out += ':';
        out += entry.raw;
        separator = ',';
    }
    return out + (separator == '{' ? "{}" : "}");
}

std::size_t Record::length() const {
    std::size_t out = _entries.empty() ? 2 : 1;
    for (auto const &entry : _entries) out += entry.key_text.size() + entry.raw.size() + 2;
    return out;
}

Json errorObject(Error const &e) {
    auto const &reason = reasonOf(e.code());
    Json out;
    out.set("code", e.code())
        .set("stage", e.stage().empty() ? reason.stage : std::string_view(e.stage()))
        .set("message", e.message());
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

common::Json numberOrText(std::int64_t number) {
    return number > mostExact || number < -mostExact ? common::Json(std::to_string(number))
                                                     : common::Json(number);
}

Record endRecord(std::string_view program) {
    Record out("end");
    out.set("program", program);
    return out;
}

} // namespace dbb::manifest
