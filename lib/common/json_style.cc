#include "common/json_style.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace dbb::common {

namespace {

/// The shortest digits that read back, without a point, and the place of the point behind the first digit.
struct Digits {
    std::string text;
    int point = 0;
};

Digits digitsOf(double v) {
    std::array<char, 32> buffer{};
    auto const end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::scientific).ptr;
    std::string text(buffer.data(), end);
    auto const e = text.find('e');
    auto const exponent = std::stoi(text.substr(e + 1));
    text.resize(e);
    std::erase(text, '.');
    return {text, exponent + 1};
}

/// d.ddde-07 (Python) or d.ddde-7 (pydantic)
std::string scientific(Digits const &digits, JsonStyle style) {
    auto out = digits.text.substr(0, 1);
    if (digits.text.size() > 1) out += "." + digits.text.substr(1);
    auto const exponent = std::to_string(std::abs(digits.point - 1));
    bool const python = style == JsonStyle::Python;
    out += digits.point < 1 ? "e-" : "e+";
    return out + (python && exponent.size() < 2 ? "0" : "") + exponent;
}

std::string positional(Digits digits) {
    auto const size = static_cast<int>(digits.text.size());
    if (digits.point <= 0)
        return "0." + std::string(static_cast<std::size_t>(-digits.point), '0') + digits.text;
    if (digits.point >= size)
        return digits.text + std::string(static_cast<std::size_t>(digits.point - size), '0') + ".0";
    digits.text.insert(static_cast<std::size_t>(digits.point), ".");
    return digits.text;
}

std::string floatText(double v, JsonStyle style) {
    if (std::isnan(v)) return "NaN";
    if (std::isinf(v)) return v < 0 ? "-Infinity" : "Infinity";
    if (v == 0) return std::signbit(v) ? "-0.0" : "0.0";
    auto const digits = digitsOf(std::abs(v));
    constexpr int most = 16;
    int const least = style == JsonStyle::Python ? -3 : -4;
    bool const plain = digits.point >= least && digits.point <= most;
    return (v < 0 ? "-" : "") + (plain ? positional(digits) : scientific(digits, style));
}

void appendUnit(std::string &out, unsigned unit) {
    constexpr char hex[] = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += hex[unit >> shift & 15];
}

/// A literal of appendQuoted, in ASCII only: characters beyond as one UTF-16 escape or two.
std::string asciiLiteral(std::string const &literal) {
    std::string out;
    for (std::size_t i = 0; i < literal.size();) {
        auto const c = static_cast<unsigned char>(literal[i]);
        if (c < 0x80) {
            out += literal[i++];
            continue;
        }
        int const more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        unsigned code = c & (0x3FU >> more);
        ++i;
        for (int k = 0; k < more && i < literal.size(); ++k)
            code = code << 6 | (static_cast<unsigned char>(literal[i++]) & 0x3FU);
        if (code < 0x10000) {
            appendUnit(out, code);
        } else {
            appendUnit(out, 0xD800 + ((code - 0x10000) >> 10));
            appendUnit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
        }
    }
    return out;
}

std::string literalOf(std::string const &text, JsonStyle style) {
    std::string literal;
    appendQuoted(literal, text);
    return style == JsonStyle::Python ? asciiLiteral(literal) : literal;
}

void append(std::string &out, Json const &value, JsonStyle style) {
    std::string_view const comma = style == JsonStyle::Python ? ", " : ",";
    std::string_view const colon = style == JsonStyle::Python ? ": " : ":";
    if (value.isDouble()) {
        out += floatText(value.number(), style);
    } else if (value.isString()) {
        out += literalOf(value.string(), style);
    } else if (value.isArray()) {
        std::string_view separator;
        out += '[';
        for (auto const &item : value.array()) {
            out += std::exchange(separator, comma);
            append(out, item, style);
        }
        out += ']';
    } else if (value.isObject()) {
        std::string_view separator;
        out += '{';
        for (auto const &[key, item] : value.object()) {
            out += std::exchange(separator, comma);
            out += literalOf(key, style);
            out += colon;
            append(out, item, style);
        }
        out += '}';
    } else {
        value.dumpTo(out);
    }
}

/// Python's names of numbers that JSON has not.
struct Constant {
    std::string_view name;
    double value;
};
constexpr std::array constants{Constant{"NaN", std::numeric_limits<double>::quiet_NaN()},
                               Constant{"-Infinity", -std::numeric_limits<double>::infinity()},
                               Constant{"Infinity", std::numeric_limits<double>::infinity()}};

/// Stands in front of the name of a constant in a text that takes its place; no other text begins so.
constexpr std::string_view mark{"\0", 1};
constexpr std::string_view markEscape = "\\u0000";

/// The text with constants as texts.
std::string withMarks(std::string_view text) {
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size();) {
        char const c = text[i];
        auto const *constant = std::find_if(constants.begin(), constants.end(), [&](Constant const &k) {
            return !quoted && text.substr(i).starts_with(k.name);
        });
        if (constant != constants.end()) {
            out.append("\"").append(markEscape).append(constant->name).append("\"");
            i += constant->name.size();
            continue;
        }
        if (c == '"') quoted = !quoted;
        auto const length = quoted && c == '\\' ? std::size_t{2} : std::size_t{1};
        out += text.substr(i, length);
        i += length;
    }
    return out;
}

void replaceMarks(Json &value) {
    if (value.isArray()) {
        for (auto &item : value.array()) replaceMarks(item);
    } else if (value.isObject()) {
        for (auto &[key, item] : value.object()) replaceMarks(item);
    } else if (value.isString() && value.string().starts_with(mark)) {
        for (auto const &constant : constants) {
            if (value.string().substr(mark.size()) == constant.name) {
                value = constant.value;
                return;
            }
        }
    }
}

} // namespace

Json parsePythonJson(std::string_view text) {
    if (text.find("NaN") == std::string_view::npos && text.find("Infinity") == std::string_view::npos)
        return Json::parse(text);
    auto out = Json::parse(withMarks(text));
    replaceMarks(out);
    return out;
}

std::string dumpJson(Json const &value, JsonStyle style) {
    std::string out;
    append(out, value, style);
    return out;
}

} // namespace dbb::common
