/// \file
/// A JSON value: what header dumps, instrument tables, configuration files and manifest lines are read into.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dbb::common {

/// A JSON value that owns its content. Objects keep the order of their keys; integers are exact int64.
class Json {
public:
    using Array = std::vector<Json>;
    using Object = std::vector<std::pair<std::string, Json>>;

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool v) : _v(v) {}
    Json(int v) : _v(std::int64_t{v}) {}
    Json(std::int64_t v) : _v(v) {}
    Json(double v) : _v(v) {}
    Json(char const *v) : _v(std::string(v)) {}
    Json(std::string_view v) : _v(std::string(v)) {}
    Json(std::string v) : _v(std::move(v)) {}
    Json(Array v) : _v(std::move(v)) {}
    Json(Object v) : _v(std::move(v)) {}

    /// Parse exactly one JSON text (RFC 8259, UTF-8, nested 1024 levels at most). As in jq, a repeated key
    /// has its last value and a number beyond the doubles is the last of these; integers beyond int64 are
    /// doubles, half a surrogate pair is U+FFFD. \throws Error NOT_JSON with the reason, also when text
    /// follows the value
    static Json parse(std::string_view text);

    bool isNull() const { return std::holds_alternative<std::monostate>(_v); }
    bool isBool() const { return std::holds_alternative<bool>(_v); }
    bool isInt() const { return std::holds_alternative<std::int64_t>(_v); }
    bool isDouble() const { return std::holds_alternative<double>(_v); }
    bool isNumber() const { return isInt() || isDouble(); }
    bool isString() const { return std::holds_alternative<std::string>(_v); }
    bool isArray() const { return std::holds_alternative<Array>(_v); }
    bool isObject() const { return std::holds_alternative<Object>(_v); }

    /// The content; the caller has checked the kind (else std::bad_variant_access).
    bool boolean() const { return std::get<bool>(_v); }
    std::int64_t integer() const { return std::get<std::int64_t>(_v); }
    /// A number as double; integers are converted, since jq prints 30.0 as 30.
    double number() const { return isInt() ? static_cast<double>(integer()) : std::get<double>(_v); }
    std::string const &string() const { return std::get<std::string>(_v); }
    Array const &array() const { return std::get<Array>(_v); }
    Array &array() { return std::get<Array>(_v); }
    Object const &object() const { return std::get<Object>(_v); }
    Object &object() { return std::get<Object>(_v); }
    /// For people: a string as it is, anything else as JSON.
    std::string text() const { return isString() ? string() : dump(); }

    /// Member of an object; nullptr when absent or when this is no object.
    Json const *find(std::string_view key) const;
    /// Member of an object; a shared null when absent.
    Json const &operator[](std::string_view key) const;
    /// Set a member, appended when new; a null value becomes an object first.
    Json &set(std::string_view key, Json value);

    /// One line: no white space, shortest numbers that round-trip (30.0 keeps its point), UTF-8 unescaped.
    /// NaN and infinities, which JSON has not, become null.
    std::string dump() const;
    void dumpTo(std::string &out) const;

    /// Equal kind and content; an integer and a double of equal value differ. Key order counts.
    bool operator==(Json const &) const = default;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> _v;
};

/// For people: a member of an object as Json::text has it; empty when it is absent or null.
std::string textIn(Json const &object, std::string_view key);

/// A key of an object as what it says and as it is written, and its value as it is written.
struct Member {
    std::string key;
    std::string_view key_text; ///< with quotes
    std::string_view value;
};

/// Check that `text` is one JSON object and cut it at its top level: its members as views into `text`, in
/// order. A repeated key has its first place and its last value, as in jq. \throws Error NOT_JSON;
/// NOT_AN_OBJECT for another JSON value
std::vector<Member> splitObject(std::string_view text);

/// Cut an object of plain values at its top level in a fraction of the time: ASCII texts without escapes,
/// numbers, true, false and null, and no white space, as our own programs print most lines. \param text  the
/// object, or the rest of one from a comma on \param take  gets each key without its quotes and its value as
/// it is written; false ends the cutting \return whether it got to the end; false also for anything else than
/// such values, right or wrong
template<typename F>
bool splitPlain(std::string_view text, F const &take);

/// Length of the plain text with its quotes, number, true, false or null at the beginning of `text`; 0: there
/// is none.
std::size_t plainLength(std::string_view text);

/// Append `text` as a JSON string literal with quotes. Bytes that are no UTF-8 become U+FFFD.
void appendQuoted(std::string &out, std::string_view text);

/// Append the shortest decimal that reads back as `v`, with a point or exponent so that it stays a float.
void appendDouble(std::string &out, double v);

/// True for well-formed UTF-8.
bool isUtf8(std::string_view text);

template<typename F>
bool splitPlain(std::string_view text, F const &take) {
    if (text.empty() || (text.front() != '{' && text.front() != ',')) return false;
    for (;;) {
        text.remove_prefix(1);
        auto const keyLength = text.starts_with('"') ? plainLength(text) : 0;
        if (keyLength == 0 || !text.substr(keyLength).starts_with(':')) return false;
        auto const key = text.substr(1, keyLength - 2);
        text.remove_prefix(keyLength + 1);
        auto const length = plainLength(text);
        if (length == 0 || length == text.size() || !take(key, text.substr(0, length))) return false;
        text.remove_prefix(length);
        if (text == "}") return true;
        if (text.front() != ',') return false;
    }
}

} // namespace dbb::common
