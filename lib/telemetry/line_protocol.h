/// \file
/// InfluxDB's line protocol: `measurement,tag=v field=1.5,other=2i 1735689600000000000`.
#pragma once

#include "telemetry/value.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dbb::telemetry {

/// The front of `text` as a double, as std::from_chars reads it. \return behind it; nullptr when there is
/// none
char const *parseDouble(char const *begin, char const *end, double &out);

/// Reads lines into topics of a sink. A sink has `Topic *topic(std::string_view)`, which gives nullptr for
/// topics that nobody asks for, and `TextPool &texts()`; its topics have placeOf(), begin(), set() and
/// commit(), as telemetry::Topic.
template<typename Sink, typename Topic, typename Scale>
class LineProtocol {
public:
    /// \param unit_ns  nanoseconds of one unit of the time stamps
    /// \param bad  is told of lines that can't be read: number and reason
    LineProtocol(Sink &sink, Scale scale, std::int64_t unit_ns,
                 std::function<void(std::int64_t, std::string const &)> bad)
        : _sink(sink), _scale(scale), _unit_ns(unit_ns), _bad(std::move(bad)) {}

    /// The next part of the text. What is no whole line yet is kept.
    void feed(std::string_view text) {
        if (!_rest.empty()) {
            auto const newline = text.find('\n');
            if (newline == std::string_view::npos) {
                _rest += text;
                return;
            }
            _rest += text.substr(0, newline + 1);
            auto const whole = std::exchange(_rest, std::string());
            lines(whole);
            text.remove_prefix(newline + 1);
            if (!_rest.empty()) return feed(text); // a text that goes over several lines
        }
        lines(text);
    }
    void finish() {
        if (_rest.empty()) return;
        auto const last = std::exchange(_rest, std::string()) + "\n";
        lines(last);
        if (!_rest.empty()) fail("it ends within a text");
        _rest.clear();
    }
    std::int64_t rows() const { return _rows; }

private:
    using Layout = std::vector<std::pair<std::string, std::size_t>>;

    void lines(std::string_view text) {
        auto const *p = text.data();
        auto const *const end = p + text.size();
        while (p < end) {
            auto const *newline =
                static_cast<char const *>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
            if (!newline) break;
            auto const *stop = newline;
            // A quote may open a text in which lines end.
            while (isOpen({p, static_cast<std::size_t>(stop - p)})) {
                stop = stop + 1 < end ? static_cast<char const *>(
                           std::memchr(stop + 1, '\n', static_cast<std::size_t>(end - stop - 1)))
                                      : nullptr;
                if (!stop) {
                    _rest.assign(p, end);
                    return;
                }
            }
            ++_number;
            line(p, stop);
            p = stop + 1;
        }
        _rest.assign(p, end);
    }

    /// Whether a text value is not closed at the end.
    static bool isOpen(std::string_view text) {
        if (std::memchr(text.data(), '"', text.size()) == nullptr || text.front() == '#') return false;
        bool quoted = false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\\') {
                ++i;
            } else if (text[i] == '"') {
                quoted = !quoted;
            }
        }
        return quoted;
    }

    void fail(std::string const &reason) { _bad(_number, reason); }

    void line(char const *p, char const *end) {
        if (end > p && end[-1] == '\r') --end;
        while (p < end && *p == ' ') ++p;
        if (p == end || *p == '#') return;
        auto const *const head = p;
        p = scan(p, end, " ,");
        if (!choose({head, static_cast<std::size_t>(p - head)})) return;
        _topic->begin();
        while (p < end && *p == ',') {
            auto const *key = ++p;
            p = scan(p, end, "=, ");
            if (p == end || *p != '=') return fail("a tag has no value");
            std::string_view const name(key, static_cast<std::size_t>(p - key));
            auto const *value = ++p;
            p = scan(p, end, ", ");
            auto const place = placeOf(name);
            if (place != none)
                _topic->set(place, Value::ofText(_sink.texts().add(
                                       unescaped({value, static_cast<std::size_t>(p - value)}))));
        }
        if (p == end) return fail("it has no fields");
        while (p < end && *p == ' ') ++p;
        if (!fields(p, end)) return;
        while (p < end && *p == ' ') ++p;
        std::int64_t stamp = 0;
        auto const [behind, error] = std::from_chars(p, end, stamp);
        auto const *rest = behind;
        while (rest < end && *rest == ' ') ++rest;
        if (error != std::errc() || rest != end) return fail("it has no time stamp");
        if (_unit_ns != 1 && __builtin_mul_overflow(stamp, _unit_ns, &stamp))
            return fail("its time stamp is too large");
        ++_rows;
        _topic->commit(stamp, _scale);
    }

    bool choose(std::string_view name) {
        if (name != _name) {
            _name = name;
            auto const plain = unescaped(name);
            _topic = _sink.topic(plain);
            _layout = _topic ? &_layouts[_topic] : nullptr;
        }
        _next = 0;
        return _topic != nullptr;
    }

    /// Fields of a topic mostly come in the same order.
    std::size_t placeOf(std::string_view name) {
        if (_next < _layout->size() && (*_layout)[_next].first == name) return (*_layout)[_next++].second;
        auto const place = _topic->placeOf(unescaped(name));
        if (_next < _layout->size()) {
            (*_layout)[_next] = {std::string(name), place};
        } else if (_layout->size() < 20'000) {
            _layout->emplace_back(std::string(name), place);
        }
        ++_next;
        return place;
    }

    bool fields(char const *&p, char const *end) {
        for (;;) {
            auto const *key = p;
            std::size_t place = none;
            if (_next < _layout->size() && matches((*_layout)[_next].first, p, end)) {
                place = (*_layout)[_next].second;
                p += (*_layout)[_next].first.size();
                ++_next;
            } else {
                p = scan(p, end, "=, ");
                if (p == end || *p != '=' || p == key) return fail("a field has no value"), false;
                place = placeOf({key, static_cast<std::size_t>(p - key)});
            }
            ++p;
            if (!value(p, end, place)) return false;
            if (p < end && *p == ',') {
                ++p;
                continue;
            }
            if (p < end && *p != ' ') return fail("a value is none"), false;
            return true;
        }
    }

    static bool matches(std::string const &name, char const *p, char const *end) {
        auto const n = name.size();
        return static_cast<std::size_t>(end - p) > n && p[n] == '=' && std::memcmp(p, name.data(), n) == 0;
    }

    bool value(char const *&p, char const *end, std::size_t place) {
        if (p == end) return fail("a field has no value"), false;
        auto const c = *p;
        if (c == '"') return text(p, end, place);
        if (c == 't' || c == 'T' || c == 'f' || c == 'F') {
            auto const *from = p;
            while (p < end && *p != ',' && *p != ' ') ++p;
            std::string_view const word(from, static_cast<std::size_t>(p - from));
            bool const yes = word == "t" || word == "T" || word == "true" || word == "True" || word == "TRUE";
            if (!yes && word != "f" && word != "F" && word != "false" && word != "False" && word != "FALSE")
                return fail("a value is none"), false;
            if (place != none) _topic->set(place, Value::ofBoolean(yes));
            return true;
        }
        if (place == none) {
            while (p < end && *p != ',' && *p != ' ') ++p;
            return true;
        }
        double number = 0;
        auto const *behind = parseDouble(p, end, number);
        if (!behind) return fail("a value is no number"), false;
        if (behind < end && (*behind == 'i' || *behind == 'u')) {
            std::int64_t integer = 0;
            auto const result = std::from_chars(p, behind, integer);
            if (result.ptr != behind || result.ec != std::errc()) {
                if (*behind != 'u' || result.ec != std::errc::result_out_of_range)
                    return fail("a value is no integer"), false;
                _topic->set(place, Value::of(number)); // unsigned and beyond int64
            } else {
                _topic->set(place, Value::ofInteger(integer));
            }
            p = behind + 1;
            return true;
        }
        _topic->set(place, Value::of(number));
        p = behind;
        return true;
    }

    bool text(char const *&p, char const *end, std::size_t place) {
        std::string out;
        for (++p; p < end && *p != '"'; ++p) {
            if (*p == '\\' && p + 1 < end && (p[1] == '"' || p[1] == '\\')) ++p;
            out.push_back(*p);
        }
        if (p == end) return fail("a text is not closed"), false;
        ++p;
        if (place != none) _topic->set(place, Value::ofText(_sink.texts().add(out)));
        return true;
    }

    /// To the first of some characters that no backslash stands before.
    static char const *scan(char const *p, char const *end, char const *stops) {
        for (; p < end; ++p) {
            if (*p == '\\') {
                if (++p == end) break;
            } else if (std::strchr(stops, *p)) {
                break;
            }
        }
        return p;
    }

    static std::string unescaped(std::string_view name) {
        std::string out;
        for (std::size_t i = 0; i < name.size(); ++i) {
            if (name[i] == '\\' && i + 1 < name.size() && std::strchr(" ,=\\", name[i + 1])) ++i;
            out.push_back(name[i]);
        }
        return out;
    }

    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    Sink &_sink;
    Scale _scale;
    std::int64_t _unit_ns;
    std::function<void(std::int64_t, std::string const &)> _bad;
    std::string _rest; ///< of a line that is not here as a whole
    std::string _name; ///< as it is written
    Topic *_topic = nullptr;
    Layout *_layout = nullptr;
    std::size_t _next = 0;
    std::unordered_map<Topic *, Layout> _layouts;
    std::int64_t _number = 0;
    std::int64_t _rows = 0;
};

} // namespace dbb::telemetry
