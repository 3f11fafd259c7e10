/// \file
/// InfluxDB's line protocol: `measurement,tag=v field=1.5,other=2i 1735689600000000000`.
#pragma once

#include "telemetry/cells.h"
#include "telemetry/characters.h"
#include "telemetry/decimal.h"
#include "telemetry/instants.h"
#include "telemetry/tags.h"
#include "telemetry/value.h"

#include <algorithm>
#include <bit>
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
        if (!_rest.empty() || _tooLong) {
            auto const newline = text.find('\n');
            keep(text.substr(0, newline));
            if (newline == std::string_view::npos) {
                if (_rest.size() > maxLine) lines(std::exchange(_rest, std::string()), false);
                return;
            }
            text.remove_prefix(newline + 1);
            endKept(false);
            if (!_rest.empty()) { // a text that goes over several lines
                _rest += text;
                return lines(std::exchange(_rest, std::string()), false);
            }
        }
        lines(text, false);
    }
    void finish() {
        if (!_rest.empty() || _tooLong) endKept(true);
    }
    /// Whom to tell of comments, which begin with #.
    void onComment(std::function<void(std::string_view)> function) { _comment = std::move(function); }

    std::int64_t rows() const { return _rows; }
    /// Of any kind.
    std::int64_t lines() const { return _number; }
    /// So many lines before the next one were read by others.
    void skipped(std::int64_t lines) { _number += lines; }
    /// Of the last line with one, in its own unit; that of a line which ends with the input may be cut.
    std::int64_t lastStamp() const { return _lastStamp; }
    /// What comes is behind lines that others read.
    void follow(std::int64_t lastStamp) { _lastStamp = lastStamp; }
    /// Whether no text has come, in which lines may end, and nothing else that concerns more than its line.
    bool isPlain() const { return _plain; }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    static constexpr std::size_t maxLine = std::size_t{1} << 20;
    static constexpr std::ptrdiff_t longest = maxLine;
    static constexpr char const *noValue = "a value is no number, text in quotes, true or false";

    /// A field as lines begin it, `name=`, and its place.
    class Key {
    public:
        Key(std::string_view name, std::size_t place)
            : _text(std::string(name) + "="), _size(_text.size()), _place(place) {
            auto const n = std::min(_size, sizeof _front);
            std::memcpy(&_front, _text.data(), n);
            std::memset(&_mask, 0xFF, n);
        }
        std::size_t size() const { return _size; }
        std::size_t place() const { return _place; }
        /// \param limit  of what can be read, also behind the end of the line
        [[gnu::always_inline]] bool isAt(char const *p, char const *end, char const *limit) const {
            if (end - p < static_cast<std::ptrdiff_t>(_size)) return false;
            if (limit - p < static_cast<std::ptrdiff_t>(sizeof _front))
                return std::memcmp(p, _text.data(), _size) == 0;
            std::uint64_t front = 0;
            std::memcpy(&front, p, sizeof front);
            if ((front & _mask) != _front) return false;
            return _size <= sizeof front
                   || std::memcmp(p + sizeof front, _text.data() + sizeof front, _size - sizeof front) == 0;
        }

    private:
        std::uint64_t _front = 0, _mask = 0; ///< the first eight characters
        std::string _text;
        std::size_t _size, _place;
    };
    /// Fields of a topic in the order of the line before: most lines have the same.
    using Layout = std::vector<Key>;

    /// What stands before the fields, measurement and tags, and what it says.
    struct Head {
        Topic *topic = nullptr;
        Layout *layout = nullptr;
        std::vector<std::pair<std::size_t, Value>> tags{};
        std::string problem{};
    };

    void keep(std::string_view text) {
        if (!_tooLong) _rest += text;
        // A text over several lines is left to lines().
        if (_rest.size() <= maxLine || _rest.find('\n') != std::string::npos) return;
        _tooLong = true;
        _rest.clear();
    }
    /// The line that was kept is at its end, and the input with it, perhaps.
    void endKept(bool last) {
        auto const kept = std::exchange(_rest, std::string()) + "\n";
        if (std::exchange(_tooLong, false)) {
            ++_number;
            fail("it is too long");
        } else {
            _uncertain = last;
            lines(kept, last);
            _uncertain = false;
        }
    }

    /// \param last  nothing comes behind them
    void lines(std::string_view text, bool last) {
        auto const *p = text.data();
        auto const *const end = p + text.size();
        _begin = p;
        _limit = end;
        auto const *quote = findCharacter(p, end, '"');
        if (quote < end) _plain = false;
        while (p < end) {
            auto const *const newline = findCharacter(p, end, '\n');
            if (newline == end) break;
            auto const *stop = newline;
            if (quote < p) quote = findCharacter(p, end, '"');
            // A quote may open a text in which lines end; when it is never closed, or so late that the line
            // is no line, it costs its own one only.
            auto const *const far = end - p > longest ? p + longest : end;
            if (quote < stop && *p != '#' && newline < far) {
                stop = closedEnd(p, newline, far);
                if (stop == far && far == end && !last) break;
                if (stop == far) stop = newline;
            }
            ++_number;
            // Also one that happens to be here as a whole.
            if (stop - p > longest) {
                fail("it is too long");
            } else {
                line(p, stop);
            }
            if (stop != newline) _number += std::count(newline, stop, '\n');
            p = stop + 1;
        }
        _rest.assign(p, end);
    }

    /// The first end of a line that is in no text; the end of all when there is none.
    static char const *closedEnd(char const *p, char const *newline, char const *end) {
        bool quoted = false;
        for (auto const *from = p; newline != end; newline = findCharacter(from, end, '\n')) {
            for (; from < newline; ++from) {
                if (*from == '\\') {
                    ++from;
                } else if (*from == '"') {
                    quoted = !quoted;
                }
            }
            if (!quoted) return newline;
            from = std::max(from, newline + 1);
        }
        return end;
    }

    void fail(std::string const &reason) { _bad(_number, reason); }

    void comment(std::string_view text) {
        if (_comment) return _comment(text);
        // What dbb-efd-fetch could not get: it is for whoever hears of it.
        if (text.starts_with("# incomplete ")) _plain = false;
    }

    /// A line; its end and what is behind it up to _limit can be read.
    void line(char const *p, char const *end) {
        if (end > p && end[-1] == '\r') --end;
        while (p < end && *p == ' ') ++p;
        if (p == end) return;
        if (*p == '#') return comment({p, static_cast<std::size_t>(end - p)});
        takeHead(p, end);
        auto const &head = *_head;
        if (!head.topic) {
            // What is no line protocol at all is not passed over in silence. Exports begin with CREATE
            // DATABASE.
            if (_headText != "CREATE" && findCharacter(p, end, '=') == end) fail("it has no fields");
            return;
        }
        head.topic->begin();
        if (!head.problem.empty()) return fail(head.problem);
        for (auto const &[place, value] : head.tags) head.topic->set(place, value);
        if (p == end) return fail("it has no fields");
        while (p < end && *p == ' ') ++p;
        if (!fields(p, end, *head.topic, *head.layout)) return;
        while (p < end && *p == ' ') ++p;
        std::int64_t stamp = 0;
        auto const *rest = parseInteger(p, _limit, stamp);
        while (rest && rest < end && *rest == ' ') ++rest;
        if (rest != end) return fail("it has no time stamp");
        if (_unit_ns != 1 && __builtin_mul_overflow(stamp, _unit_ns, &stamp))
            return fail("its time stamp is too large");
        if (!isDated(stamp, _scale)) return fail("its time stamp " + std::string(notDated(_scale)));
        // Without its last digit it is a tenth of what it was.
        if (_uncertain && stamp >= 0 && stamp < _lastStamp / 2)
            return fail("the input ends within its time stamp");
        _lastStamp = stamp;
        ++_rows;
        head.topic->commit(stamp, _scale);
    }

    /// What stands before the fields is mostly that of the line before, or of an earlier one.
    void takeHead(char const *&p, char const *end) {
        auto const n = _headText.size();
        // Behind a backslash at the end of a line there was no space.
        if (_head && static_cast<std::size_t>(end - p) > n && p[n] == ' ' && p[n - 1] != '\\'
            && std::memcmp(p, _headText.data(), n) == 0) {
            p += n;
            return;
        }
        auto const *const from = p;
        p = scanTo(" ", p, end);
        _headText.assign(from, p);
        auto const known = _heads.find(_headText);
        if (known != _heads.end()) {
            _head = &known->second;
            return;
        }
        constexpr std::size_t mostHeads = 10'000, mostBytes = std::size_t{4} << 20;
        if (_heads.size() >= mostHeads || _headBytes > mostBytes) {
            _heads.clear();
            _headBytes = 0;
        }
        _headBytes += _headText.size();
        _head = &_heads.emplace(_headText, headOf(from, p)).first->second;
    }

    Head headOf(char const *p, char const *end) {
        Head out;
        auto const *const name = p;
        p = scanTo(",", p, end);
        out.topic = _sink.topic(unescaped({name, static_cast<std::size_t>(p - name)}));
        if (!out.topic) return out;
        out.layout = &_layouts[out.topic];
        if (p == end) return out;
        bool const good = p + 1 < end && forEachTag({p + 1, end}, [&](auto const &key, auto const &value) {
                              auto const place = out.topic->placeOf(key);
                              if (place != none)
                                  out.tags.emplace_back(place, Value::ofText(_sink.texts().add(value)));
                          });
        if (!good) out.problem = noTagValue;
        return out;
    }

    bool fields(char const *&p, char const *end, Topic &topic, Layout &layout) {
        for (std::size_t next = 0;; ++next) {
            if (plainFields(p, end, topic, layout, next)) return true;
            std::size_t place = none;
            if (next < layout.size() && layout[next].isAt(p, end, _limit)) {
                place = layout[next].place();
                p += layout[next].size();
            } else if (!newKey(p, end, topic, layout, next, place)) {
                return false;
            }
            if (!value(p, end, topic, place)) return false;
            if (p < end && *p == ',') {
                ++p;
                continue;
            }
            if (p < end && *p != ' ') return fail(noValue), false;
            return true;
        }
    }

    /// As many fields as are those of the line before and have plain numbers. Where each of them ends is
    /// known before it is read, so that none waits for the one before. \param next  of the layout \return
    /// whether they were all
    bool plainFields(char const *&p, char const *end, Topic &topic, Layout const &layout, std::size_t &next) {
        while (next < layout.size() && _limit - p >= charactersAtOnce) {
            auto const digits = placesOfDigits(p);
            auto ends = placesOf(',', p) | placesOf(' ', p);
            int from = 0;
            for (; ends != 0 && next < layout.size(); ends &= ends - 1, ++next) {
                auto const stop = std::countr_zero(ends);
                auto const &key = layout[next];
                if (p + stop >= end || !key.isAt(p + from, p + stop, _limit)) break;
                auto const value = from + static_cast<int>(key.size());
                if (key.place() == none ? !isPlainNumber(p, value, stop, digits)
                                        : !plainNumber(p + value, p + stop, topic, key.place()))
                    break;
                if (p[stop] == ' ') {
                    p += stop;
                    return true;
                }
                from = stop + 1;
            }
            p += from;
            if (ends != 0 || from == 0) break;
        }
        return false;
    }

    /// Whether a value is a sign, digits, decimals or the letter of integers. \param begin  its place behind
    /// p \param digits  places of them
    static bool isPlainNumber(char const *p, int begin, int end, std::uint64_t digits) {
        constexpr int safeDigits = 18; // integers with more may be beyond int64
        auto const first = begin + (p[begin] == '-' ? 1 : 0);
        if (first >= end) return false;
        auto const n = std::countr_one(digits >> first);
        auto const behind = first + n;
        if (n == 0 || behind > end) return false;
        if (behind == end) return true;
        if (p[behind] == '.') return behind + 1 + std::countr_one(digits >> behind >> 1) == end;
        return p[behind] == 'i' && behind + 1 == end && n <= safeDigits;
    }

    /// A value that somebody asks for, when it is such a number.
    bool plainNumber(char const *begin, char const *end, Topic &topic, std::size_t place) const {
        if (begin == end || end - _begin <= roomBeforeEnd || !mayBeNumber(*begin)) return false;
        bool const isInteger = end[-1] == 'i';
        Value out;
        if (parseCell(begin, isInteger ? end - 1 : end, out)) {
            if (isInteger != (out.kind == Kind::Integer)) {
                // Of a number without a point; zero has a sign, too.
                if (isInteger || out.integer == 0) return false;
                out = Value::ofFinite(static_cast<double>(out.integer));
            }
        } else {
            double number = 0;
            if (isInteger || parseNumber(begin, _limit, number) != end) return false;
            out = Value::of(number);
        }
        topic.set(place, out);
        return true;
    }

    /// Among '-', '.', '/' and the digits.
    static bool mayBeNumber(char c) { return static_cast<unsigned char>(c - '-') <= '9' - '-'; }

    bool newKey(char const *&p, char const *end, Topic &topic, Layout &layout, std::size_t next,
                std::size_t &place) {
        auto const *const key = p;
        p = scanTo("=, ", p, end);
        if (p == end || *p != '=' || p == key) return fail("a field has no value"), false;
        std::string_view const name(key, static_cast<std::size_t>(p++ - key));
        place = topic.placeOf(unescaped(name));
        constexpr std::size_t mostKeys = 20'000;
        if (next < layout.size()) {
            layout[next] = Key(name, place);
        } else if (next < mostKeys) {
            layout.emplace_back(name, place);
        }
        return true;
    }

    bool value(char const *&p, char const *end, Topic &topic, std::size_t place) {
        if (p == end) return fail("a field has no value"), false;
        auto const c = *p;
        if (c == '"') return text(p, end, topic, place);
        if (c == 't' || c == 'T' || c == 'f' || c == 'F') {
            auto const *from = p;
            while (p < end && *p != ',' && *p != ' ') ++p;
            std::string_view const word(from, static_cast<std::size_t>(p - from));
            bool const yes = word == "t" || word == "T" || word == "true" || word == "True" || word == "TRUE";
            if (!yes && word != "f" && word != "F" && word != "false" && word != "False" && word != "FALSE")
                return fail(noValue), false;
            if (place != none) topic.set(place, Value::ofBoolean(yes));
            return true;
        }
        Value out;
        if (!anyNumber(p, end, out)) return false;
        if (place != none) topic.set(place, out);
        return true;
    }

    /// A number in any form that is allowed.
    bool anyNumber(char const *&p, char const *end, Value &out) {
        double value = 0;
        auto const *behind = parseDouble(p, end, value);
        if (!behind) return fail(noValue), false;
        out = Value::of(value);
        if (behind < end && (*behind == 'i' || *behind == 'u')) {
            std::int64_t integer = 0;
            auto const result = std::from_chars(p, behind, integer);
            bool const fits = result.ec == std::errc(), isUnsigned = *behind == 'u';
            if (result.ptr != behind || (isUnsigned ? *p == '-' : !fits))
                return fail("a value is no integer"), false;
            // Unsigned ones may be beyond int64, and are doubles then.
            if (fits) out = Value::ofInteger(integer);
            ++behind;
        }
        p = behind;
        return true;
    }

    bool text(char const *&p, char const *end, Topic &topic, std::size_t place) {
        std::string out;
        for (++p; p < end && *p != '"'; ++p) {
            if (*p == '\\' && p + 1 < end && (p[1] == '"' || p[1] == '\\')) ++p;
            out.push_back(*p);
        }
        if (p == end) return fail("a text is not closed"), false;
        ++p;
        if (place != none) topic.set(place, Value::ofText(_sink.texts().add(out)));
        return true;
    }

    Sink &_sink;
    Scale _scale;
    std::int64_t _unit_ns;
    std::function<void(std::int64_t, std::string const &)> _bad;
    std::string _rest;                               ///< of a line that is not here as a whole
    bool _tooLong = false;                           ///< it is so, and not kept
    char const *_begin = nullptr, *_limit = nullptr; ///< of the text at hand
    std::string _headText;                           ///< of the line before
    Head const *_head = nullptr;
    std::unordered_map<std::string, Head> _heads;
    std::size_t _headBytes = 0; ///< of their texts
    std::unordered_map<Topic *, Layout> _layouts;
    std::int64_t _lastStamp = 0; ///< of the line before
    bool _uncertain = false;     ///< the line at hand has no end, and may be cut
    bool _plain = true;
    std::function<void(std::string_view)> _comment;
    std::int64_t _number = 0;
    std::int64_t _rows = 0;
};

} // namespace dbb::telemetry
