/// \file
/// What a field of a telemetry sample holds.
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dbb::telemetry {

/// Kinds of values, as InfluxDB has them. NotFinite: NaN and infinities, which InfluxDB can't hold and files
/// can.
enum class Kind : std::uint8_t { Absent, Null, NotFinite, Double, Integer, Boolean, Text };

/// One value. Texts are numbers in a TextPool.
struct Value {
    Kind kind = Kind::Absent;
    union {
        double number;
        std::int64_t integer = 0;
        bool boolean;
        std::uint32_t text;
    };

    static Value of(double v) {
        auto out = ofFinite(v);
        if (!std::isfinite(v)) out.kind = Kind::NotFinite;
        return out;
    }
    static Value ofFinite(double v) {
        auto out = made(Kind::Double, 0);
        out.number = v;
        return out;
    }
    static Value ofInteger(std::int64_t v) { return made(Kind::Integer, v); }
    static Value ofBoolean(bool v) { return made(Kind::Boolean, v ? 1 : 0); }
    static Value ofText(std::uint32_t v) { return made(Kind::Text, v); }
    static Value null() { return made(Kind::Null, 0); }

    /// Whether functions may see it: neither null nor NaN.
    bool isValid() const { return kind >= Kind::Double; }
    bool isNumber() const { return kind == Kind::Double || kind == Kind::Integer; }
    /// A number or a truth value as a double.
    double asDouble() const {
        return kind == Kind::Double ? number : static_cast<double>(kind == Kind::Boolean ? boolean : integer);
    }

    /// Likewise, with all digits of integers.
    long double asLongDouble() const {
        return kind == Kind::Integer ? static_cast<long double>(integer)
                                     : static_cast<long double>(asDouble());
    }

private:
    static Value made(Kind kind, std::int64_t content) {
        Value out;
        out.kind = kind;
        out.integer = content;
        return out;
    }
};

/// Equal kind and content; a number and an integer of equal value are equal.
bool operator==(Value const &a, Value const &b);

/// Texts of values, each once. Several threads may add some.
class TextPool {
public:
    std::uint32_t add(std::string_view text);
    /// When none is added any more.
    std::string const &at(std::uint32_t number) const { return _texts[number]; }

private:
    std::mutex _mutex;
    std::deque<std::string> _texts;
    std::unordered_map<std::string_view, std::uint32_t> _numbers;
};

} // namespace dbb::telemetry
