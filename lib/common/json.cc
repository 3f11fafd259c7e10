// The only file with simdjson. Texts are written here and not by a library because manifests promise the
// shortest number that round-trips, which std::to_chars guarantees.
#include "common/json.h"

#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <simdjson.h>
#include <unordered_map>

namespace dbb::common {

namespace {

/// Tells repeated keys of an object from new ones, also where somebody made a line of a hundred thousand
/// keys.
class KeyPlaces {
public:
    /// The place that an equal key has, or `next`, which is then the place of this one. \param key  a view
    /// that stays valid
    std::size_t placeOf(std::string_view key, std::size_t next) {
        if (next < _few.size()) {
            for (std::size_t i = 0; i < next; ++i) {
                if (_few[i] == key) return i;
            }
            _few[next] = key;
            return next;
        }
        if (_many.empty()) {
            for (std::size_t i = 0; i < _few.size(); ++i) _many.emplace(_few[i], i);
        }
        return _many.emplace(key, next).first->second;
    }

private:
    // Most objects have few keys, which are found fastest one by one and without allocations.
    std::array<std::string_view, 32> _few;
    std::unordered_map<std::string_view, std::size_t> _many;
};

Json fromElement(simdjson::dom::element e) {
    using simdjson::dom::element_type;
    switch (e.type()) {
    case element_type::NULL_VALUE: return {};
    case element_type::BOOL: return bool(e);
    case element_type::INT64: return std::int64_t(e);
    case element_type::UINT64: return double(std::uint64_t(e));
    case element_type::DOUBLE: return double(e);
    case element_type::STRING: return std::string_view(e);
    case element_type::ARRAY: {
        Json::Array out;
        for (auto item : simdjson::dom::array(e)) out.push_back(fromElement(item));
        return out;
    }
    case element_type::OBJECT: {
        Json::Object out;
        KeyPlaces places;
        for (auto field : simdjson::dom::object(e)) {
            auto const place = places.placeOf(field.key, out.size());
            if (place == out.size()) {
                out.emplace_back(field.key, fromElement(field.value));
            } else {
                out[place].second = fromElement(field.value);
            }
        }
        return out;
    }
    }
    return {};
}

/// Takes digits off the front of `text`; false when there are none.
bool takeDigits(std::string_view &text) {
    auto const end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end > 0;
}

bool takeAnyOf(std::string_view &text, std::string_view characters) {
    if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

bool isJsonNumber(std::string_view text) {
    takeAnyOf(text, "-");
    if (!takeAnyOf(text, "0") && !takeDigits(text)) return false;
    if (takeAnyOf(text, ".") && !takeDigits(text)) return false;
    if (takeAnyOf(text, "eE")) {
        takeAnyOf(text, "+-");
        if (!takeDigits(text)) return false;
    }
    return text.empty();
}

template<typename Integer>
bool fits(std::string_view digits) {
    Integer value = 0;
    auto const *end = digits.data() + digits.size();
    auto const [rest, error] = std::from_chars(digits.data(), end, value);
    return error == std::errc() && rest == end;
}

/// A number as simdjson can hold it.
std::string heldNumber(std::string_view token) {
    std::string const text(token);
    if (!isJsonNumber(token) || fits<std::int64_t>(token) || fits<std::uint64_t>(token)) return text;
    double const value = std::strtod(text.c_str(), nullptr);
    if (std::isfinite(value) && token.find_first_of(".eE") != std::string_view::npos) return text;
    std::string out;
    appendDouble(
        out, std::clamp(value, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max()));
    return out;
}

/// Code unit of the `\uXXXX` at a place of the text, -1 when there is none.
int codeUnit(std::string_view text, std::size_t at) {
    if (text.substr(at, 2) != "\\u" || at + 6 > text.size()) return -1;
    int unit = 0;
    auto const [rest, error] = std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16);
    return error == std::errc() && rest == text.data() + at + 6 && unit >= 0 ? unit : -1;
}

/// Take the escape in front over to `out`, half a surrogate pair as U+FFFD. \return its length
std::size_t takeEscape(std::string_view text, std::size_t at, std::string &out) {
    auto const isHigh = [](int unit) { return unit >= 0xD800 && unit < 0xDC00; };
    auto const isLow = [](int unit) { return unit >= 0xDC00 && unit < 0xE000; };
    int const unit = codeUnit(text, at);
    bool const pair = isHigh(unit) && isLow(codeUnit(text, at + 6));
    if (!pair && (isHigh(unit) || isLow(unit))) {
        out += "\\ufffd";
        return 6;
    }
    auto const piece = text.substr(at, pair ? 12 : 2);
    out += piece;
    return piece.size();
}

/// A text with what JSON allows and simdjson refuses replaced: integers beyond 64 bits by doubles, numbers
/// beyond the doubles by the last of these (as jq does), halves of surrogate pairs by U+FFFD.
std::string withinLimits(std::string_view text) {
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size();) {
        char const c = text[i];
        if (quoted && c == '\\') {
            i += takeEscape(text, i, out);
        } else if (!quoted && (c == '-' || (c >= '0' && c <= '9'))) {
            auto const end = std::min(text.find_first_not_of("0123456789.eE+-", i), text.size());
            out += heldNumber(text.substr(i, end - i));
            i = end;
        } else {
            if (c == '"') quoted = !quoted;
            out += c;
            ++i;
        }
    }
    return out;
}

/// \return valid until the next call in this thread
simdjson::dom::element parsed(std::string_view text) {
    // One parser per thread: it keeps its buffers from line to line.
    thread_local simdjson::dom::parser parser;
    simdjson::dom::element root;
    auto err = parser.parse(text.data(), text.size()).get(root);
    if (err == simdjson::NUMBER_ERROR || err == simdjson::STRING_ERROR) {
        err = parser.parse(withinLimits(text)).get(root);
    }
    if (err) throw Error("NOT_JSON", std::string("not a JSON value: ") + simdjson::error_message(err));
    return root;
}

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
        } else if (depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
            return i;
        }
    }
    return text.size();
}

bool isPlain(char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/// A number with a point or an exponent that a double holds.
bool readDouble(std::string_view text, Json &out) {
    if (text.find_first_of(".eE") == std::string_view::npos || !isJsonNumber(text)) return false;
    double number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return false;
    out = number;
    return true;
}

/// A null, a truth value, a number or a text in plain ASCII: most values of lines, for which the parser takes
/// far longer. \return false for all else, which may be right or wrong
bool readPlain(std::string_view text, Json &out) {
    if (text == "null") return true;
    if (text == "true" || text == "false") {
        out = text == "true";
        return true;
    }
    constexpr std::size_t surelyInt64 = 18;
    auto const digits = text.substr(text.starts_with('-') ? 1 : 0);
    auto const isDigit = [](char c) { return c >= '0' && c <= '9'; };
    if (!digits.empty() && digits.size() <= surelyInt64 && std::all_of(digits.begin(), digits.end(), isDigit)
        && (digits.front() != '0' || text == "0")) {
        std::int64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        out = number;
        return true;
    }
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return readDouble(text, out);
    auto const inner = text.substr(1, text.size() - 2);
    if (!std::all_of(inner.begin(), inner.end(), isPlain)) return false;
    out = std::string(inner);
    return true;
}

} // namespace

Json Json::parse(std::string_view text) {
    Json out;
    return readPlain(text, out) ? out : fromElement(parsed(text));
}

std::size_t plainLength(std::string_view text) {
    if (text.starts_with('"')) {
        std::size_t i = 1;
        while (i < text.size() && isPlain(text[i])) ++i;
        return i < text.size() && text[i] == '"' ? i + 1 : 0;
    }
    for (std::string_view const word : {"null", "true", "false"}) {
        if (text.starts_with(word)) return word.size();
    }
    auto const length = std::min(text.find_first_of(",}"), text.size());
    return isJsonNumber(text.substr(0, length)) ? length : 0;
}

std::vector<Member> splitObject(std::string_view text) {
    simdjson::dom::object object;
    if (parsed(text).get(object)) throw Error("NOT_AN_OBJECT", "the text is JSON but no object");
    std::vector<Member> out;
    out.reserve(object.size());
    KeyPlaces places;
    std::size_t at = text.find('{') + 1;
    for (auto const field : object) {
        // The parser has checked the text, so the pieces can be found by looking for a few characters.
        auto const keyStart = text.find('"', at);
        auto const keyEnd = endOfValue(text, keyStart);
        auto const start = text.find_first_not_of(" \t\r\n", text.find(':', keyEnd) + 1);
        at = endOfValue(text, start);
        auto const value = text.substr(start, at - start);
        auto const place = places.placeOf(field.key, out.size());
        if (place == out.size()) {
            out.push_back({std::string(field.key), text.substr(keyStart, keyEnd - keyStart), value});
        } else {
            out[place].value = value;
        }
    }
    return out;
}

Json const *Json::find(std::string_view key) const {
    auto const *object = std::get_if<Object>(&_v);
    if (!object) return nullptr;
    for (auto const &[k, v] : *object) {
        if (k == key) return &v;
    }
    return nullptr;
}

Json const &Json::operator[](std::string_view key) const {
    static Json const null;
    auto const *found = find(key);
    return found ? *found : null;
}

std::string textIn(Json const &object, std::string_view key) {
    auto const &value = object[key];
    return value.isNull() ? std::string() : value.text();
}

Json &Json::set(std::string_view key, Json value) {
    if (isNull()) _v = Object{};
    for (auto &[k, v] : object()) {
        if (k == key) {
            v = std::move(value);
            return *this;
        }
    }
    object().emplace_back(std::string(key), std::move(value));
    return *this;
}

std::string Json::dump() const {
    std::string out;
    dumpTo(out);
    return out;
}

void Json::dumpTo(std::string &out) const {
    if (isNull()) {
        out += "null";
    } else if (isBool()) {
        out += boolean() ? "true" : "false";
    } else if (isInt()) {
        out += std::to_string(integer());
    } else if (isDouble()) {
        appendDouble(out, std::get<double>(_v));
    } else if (isString()) {
        appendQuoted(out, string());
    } else if (isArray()) {
        char separator = '[';
        for (auto const &item : array()) {
            out += separator;
            item.dumpTo(out);
            separator = ',';
        }
        out += separator == '[' ? "[]" : "]";
    } else {
        char separator = '{';
        for (auto const &[key, value] : object()) {
            out += separator;
            appendQuoted(out, key);
            out += ':';
            value.dumpTo(out);
            separator = ',';
        }
        out += separator == '{' ? "{}" : "}";
    }
}

void appendDouble(std::string &out, double v) {
    if (!std::isfinite(v)) {
        out += "null";
        return;
    }
    auto const begin = out.size();
    appendNumber(out, v);
    if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

namespace {

void appendEscape(std::string &out, unsigned char c) {
    constexpr char hex[] = "0123456789abcdef";
    switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
    }
    out += "\\u00";
    out += hex[c >> 4];
    out += hex[c & 15];
}

} // namespace

void appendQuoted(std::string &out, std::string_view text) {
    out += '"';
    std::size_t plain = 0; // beginning of what needs no care
    for (std::size_t i = 0; i < text.size();) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            ++i;
            continue;
        }
        auto const length = characterLength(text.substr(i));
        if (c >= 0x80 && length > 0) {
            i += length;
            continue;
        }
        out += text.substr(plain, i - plain);
        if (c >= 0x80) {
            out += "\xEF\xBF\xBD";
        } else {
            appendEscape(out, c);
        }
        plain = ++i;
    }
    out += text.substr(plain);
    out += '"';
}

bool isUtf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto const n = characterLength(text.substr(i));
        if (n == 0) return false;
        i += n;
    }
    return true;
}

} // namespace dbb::common
