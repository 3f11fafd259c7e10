/// \file
/// Samples in JSON and CSV.
#pragma once

#include "common/error.h"
#include "common/json.h"
#include "common/lines.h"
#include "telemetry/cell_pairs.h"
#include "telemetry/cells.h"
#include "telemetry/decimal.h"
#include "telemetry/instants.h"
#include "telemetry/tags.h"
#include "telemetry/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dbb::telemetry {

/// A row with its fields by name, as JSON has it.
struct NamedRow {
    std::string topic;
    std::int64_t t_ns = 0;
    SourceScale scale = SourceScale::Utc;
    std::vector<std::pair<std::string, common::Json>> fields;
};

/// A text without the mark of UTF-8 that some programs begin files with.
constexpr std::string_view withoutMark(std::string_view text) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

/// A `sample` line: {"topic","t_ns","scale":"utc"|"tai","f":{field:value}}; NaN and Infinity may stand bare.
/// \param scale  when the line has none \throws Error NOT_JSON, MISSING_KEY, BAD_VALUE
NamedRow sampleLine(std::string_view line, SourceScale scale);

/// The rows of a response of InfluxDB 1.x to /query with epoch=ns, or of one object of a response in chunks.
/// \return whether it says that more rows follow
/// \throws Error SOURCE_ERROR when the response has an error, BAD_VALUE
bool forEachRow(common::Json const &response, SourceScale scale,
                std::function<void(NamedRow const &)> const &row);

/// As forEachRow(), of a response as it was saved, bare or as member `body`, or in chunks, an object a line.
/// \return whether rows may be missing: InfluxDB says so of all responses in one piece with more than 10000
/// \throws Error NOT_JSON as well; SOURCE_ERROR when the last chunk is missing
bool forEachSavedRow(std::string const &text, SourceScale scale,
                     std::function<void(NamedRow const &)> const &row);

/// A JSON value as that of a field; numbers that are not finite come as doubles that are not.
Value valueOf(common::Json const &json, TextPool &texts);

/// Give a row to the topic of a sink (see LineProtocol).
template<typename Sink>
void give(Sink &sink, NamedRow const &row) {
    auto *topic = sink.topic(row.topic);
    if (!topic) return;
    topic->begin();
    for (auto const &[name, json] : row.fields) {
        auto const place = topic->placeOf(name);
        if (place != static_cast<std::size_t>(-1)) topic->set(place, valueOf(json, sink.texts()));
    }
    topic->commit(row.t_ns, row.scale);
}

/// A cell of a line of CSV: quotes around it are gone, doubled ones are single ones.
/// \return false at the end of the line
bool nextCell(std::string_view &line, std::string &cell);

/// Reads CSV with a header. An empty cell is null. InfluxDB's form has columns `name`, `tags` and `time`, and
/// may have several blocks, each with a header after an empty line; tags are fields that hold text.
template<typename Sink, typename Topic>
class CsvSamples {
public:
    /// \param topic  of plain CSV \param time  name of its column with the time
    CsvSamples(Sink &sink, SourceScale scale, std::int64_t unit_ns, std::string topic, std::string time,
               std::function<void(std::int64_t, std::string const &)> bad)
        : _sink(sink), _scale(scale), _unit_ns(unit_ns), _topicName(std::move(topic)), _time(std::move(time)),
          _bad(std::move(bad)) {}

    /// The next part of the text. What is no whole line yet is kept.
    void feed(std::string_view text) {
        std::string joined;
        if (!_rest.empty() || _tooLong) {
            auto const newline = text.find('\n');
            keep(text.substr(0, newline));
            if (newline == std::string_view::npos) {
                if (_rest.size() > maxLine) lines(std::exchange(_rest, std::string()), false);
                return;
            }
            endKept(false);
            text.remove_prefix(newline + 1);
            if (!_rest.empty()) { // a cell that goes over several lines
                joined = std::exchange(_rest, std::string()).append(text);
                text = joined;
            }
        }
        lines(text, false);
    }
    void finish() {
        if (!_rest.empty() || _tooLong) endKept(true);
    }
    std::int64_t rows() const { return _rows; }
    /// Of any kind.
    std::int64_t lines() const { return _number; }
    /// So many lines before the next one were read by others.
    void skipped(std::int64_t lines) { _number += lines; }
    /// Whether no quote has come, so that lines end where they seem to.
    bool isPlain() const { return _plain; }
    /// The header of the lines that come, of which others read some; empty: the next one is a header.
    std::string const &block() const { return _block; }
    /// What comes has this header. \throws Error USAGE, as feed()
    void enter(std::string const &block) {
        _header = block.empty();
        if (_header) {
            _block.clear();
        } else {
            header(block);
        }
    }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1), isTime = none - 1, isName = none - 2,
                                 isTags = none - 3;
    static constexpr std::size_t maxLine = common::LineReader::maxLine;
    static constexpr std::ptrdiff_t longest = maxLine;

    void keep(std::string_view text) {
        if (!_tooLong) _rest += text;
        // A cell over several lines is left to lines().
        if (_rest.size() <= maxLine || _rest.find('\n') != std::string::npos) return;
        _tooLong = true;
        _rest.clear();
    }
    /// The line that was kept is at its end, and the input with it, perhaps.
    void endKept(bool last) {
        auto const kept = std::exchange(_rest, std::string()) + "\n";
        if (std::exchange(_tooLong, false)) {
            _bad(++_number, "it is too long");
        } else {
            lines(kept, last);
        }
    }

    /// \param last  nothing comes behind them
    void lines(std::string_view text, bool last) {
        auto const *p = text.data();
        auto const *const whole = p + (text.rfind('\n') + 1); // none: npos
        _begin = p;
        _limit = p + text.size();
        auto const *quote = findCharacter(p, _limit, '"');
        while (p < whole) {
            auto const *const newline = _ends.find(p, _limit);
            if (quote < p) quote = findCharacter(p, _limit, '"');
            auto const *end = newline;
            if (quote < newline) {
                bool const mayCome = !last && _limit - p < longest;
                end = closedEnd(p, _limit - p > longest ? p + longest : _limit);
                if (!end && mayCome) {
                    _plain = false;
                    break;
                }
            }
            p = end ? lineTo(p, end, quote < newline) : neverClosed(p, newline);
        }
        keep({p, static_cast<std::size_t>(_limit - p)});
    }

    /// \return the next line
    char const *lineTo(char const *p, char const *end, bool hasQuotes) {
        line({p, static_cast<std::size_t>(end - p)}, hasQuotes);
        if (hasQuotes) _number += std::count(p, end, '\n');
        return end + 1;
    }
    /// The same of a line with a cell that is not closed, or so late that the line is no line.
    char const *neverClosed(char const *p, char const *newline) {
        _plain = false;
        _bad(++_number, newline - p > longest ? "it is too long" : "a quote is not closed");
        return newline + 1;
    }

    /// The first newline behind a line that is in no cell; nullptr when there is none.
    static char const *closedEnd(char const *p, char const *limit) {
        for (;; ++p) { // a cell
            if (p < limit && *p == '"') {
                do { // two of them are one that is meant
                    p = findCharacter(p + 1, limit, '"');
                    if (p == limit) return nullptr;
                } while (++p < limit && *p == '"');
            }
            while (p < limit && *p != ',' && *p != '\n') ++p;
            if (p == limit) return nullptr;
            if (*p == '\n') return p;
        }
    }

    /// A line; what is behind it up to _limit can be read.
    void line(std::string_view text, bool hasQuotes) {
        ++_number;
        if (text.size() > maxLine) return _bad(_number, "it is too long");
        if (text.ends_with('\r')) text.remove_suffix(1);
        if (hasQuotes) _plain = false;
        if (text.empty()) {
            if (_influx) enter("");
        } else if (_header) {
            header(text);
        } else if (hasQuotes) {
            quoted(text);
        } else {
            plain(text);
        }
    }

    void header(std::string_view text) {
        _header = false;
        _names.clear();
        std::string cell;
        _block = text;
        text = withoutMark(text);
        for (bool more = true; more;) {
            more = nextCell(text, cell);
            _names.push_back(cell);
        }
        _influx = _names.size() > 2 && _names[0] == "name" && _names[1] == "tags" && _names[2] == "time";
        auto const hasTime = std::find(_names.begin(), _names.end(), _time) != _names.end();
        if (!_influx && !hasTime)
            throw common::usageError("line " + std::to_string(_number) + ", the header, has no column \""
                                         + _time + "\"",
                                     "--csv-time names the column with the time");
        if (!_influx && _topicName.empty())
            throw common::usageError("the header is not that of InfluxDB, which begins with name,tags,time",
                                     "--csv-topic says what plain CSV is about");
        _topic = nullptr;
        _current.clear();
        if (!_influx) choose(_topicName);
    }

    void choose(std::string_view name) {
        if (_topic && name == _current) return;
        _current = name;
        _topic = _sink.topic(name);
        _places.assign(_names.size(), none);
        _tags.clear();
        _tagsText.clear();
        for (std::size_t i = 0; i < _names.size(); ++i) {
            if (_names[i] == (_influx ? "time" : _time)) {
                _places[i] = isTime;
            } else if (_influx && i < 2) {
                _places[i] = i == 0 ? isName : isTags;
            } else if (_topic) {
                _places[i] = _topic->placeOf(_names[i]);
            }
        }
        _numbers.resize(_names.size());
        _stops.assign(_names.size(), _names.size());
        for (auto i = _names.size(); i-- > 0;) {
            if (_places[i] >= isTags) {
                _stops[i] = i;
            } else if (i + 1 < _names.size()) {
                _stops[i] = _stops[i + 1];
            }
        }
    }

    /// Cells without quotes.
    void plain(std::string_view text) {
        if (_influx) choose(text.substr(0, text.find(',')));
        if (!_topic) return;
        _topic->begin();
        auto const ends = _ends.ends(text.size());
        if (ends.size() > _places.size()) return _bad(_number, "it has more cells than the header");
        std::int64_t t = 0;
        bool timed = false;
        for (std::size_t i = 0; i < ends.size();) {
            auto const *const from = text.data() + (i == 0 ? 0 : ends[i - 1] + 1);
            auto const *const end = text.data() + ends[i];
            auto const place = _places[i];
            if (place < isTags) {
                i = numbers(text.data(), ends, i);
                continue;
            }
            if (place == isTags) {
                if (!setTags({from, end})) return _bad(_number, noTagValue);
            } else if (place == isTime) {
                timed = parseInteger(from, _limit, t) == end && !__builtin_mul_overflow(t, _unit_ns, &t);
            }
            ++i;
        }
        commit(ends.size(), timed, t);
    }

    /// The cell `i` and those behind it that have places. \return the first one behind them
    std::size_t numbers(char const *line, std::span<std::uint32_t const> ends, std::size_t i) {
        auto const stop = std::min(ends.size(), _stops[i]);
        auto const beginOf = [&](std::size_t k) { return k == 0 ? 0 : ends[k - 1] + 1; };
        while (i < stop) {
            if (_hasPairs && line + ends[i] - _begin >= roomBeforePairs) {
                auto const some = ends.subspan(i, stop - i);
                auto const n = parsePairs(line, beginOf(i), some, _numbers.data());
                for (std::size_t k = 0; k < n; ++k) _topic->set(_places[i + k], Value::ofFinite(_numbers[k]));
                i += n;
            }
            // Those of another form, which mostly are together.
            for (bool simple = false; i < stop && !simple; ++i) {
                auto const *const begin = line + beginOf(i), *const end = line + ends[i];
                Value value;
                simple = end - _begin >= roomBeforeEnd && begin != end && parseCell(begin, end, value);
                if (!simple) value = begin == end ? Value::null() : otherValue(begin, end);
                _topic->set(_places[i], value);
                simple = simple && _hasPairs && value.kind == Kind::Double;
            }
        }
        return i;
    }

    /// The tags of a row, which mostly are those of the row before. \return false when one has no value
    bool setTags(std::string_view text) {
        if (text != _tagsText) {
            _tags.clear();
            _tagsText.clear();
            bool const good = forEachTag(text, [&](auto const &key, auto const &value) {
                auto const place = _topic->placeOf(key);
                if (place != none) _tags.emplace_back(place, Value::ofText(_sink.texts().add(value)));
            });
            if (!good) {
                _tags.clear();
                return false;
            }
            _tagsText = text;
        }
        for (auto const &[place, value] : _tags) _topic->set(place, value);
        return true;
    }

    /// Of a cell that is not empty.
    Value otherValue(char const *begin, char const *end) {
        std::string_view const text(begin, static_cast<std::size_t>(end - begin));
        double number = 0;
        return parseNumber(begin, _limit, number) == end ? numeric(text, number) : textual(text);
    }

    void quoted(std::string_view text) {
        std::string cell;
        std::vector<std::string> cells;
        for (bool more = true; more;) {
            more = nextCell(text, cell);
            cells.push_back(cell);
        }
        if (_influx) choose(cells.front());
        if (!_topic) return;
        _topic->begin();
        if (cells.size() > _places.size()) return _bad(_number, "it has more cells than the header");
        std::int64_t t = 0;
        bool timed = false;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (_places[i] == isTime) timed = readTime(cells[i], t);
            if (_places[i] == isTags && !setTags(cells[i])) return _bad(_number, noTagValue);
            if (_places[i] < isTags)
                _topic->set(_places[i], cells[i].empty() ? Value::null() : textual(cells[i]));
        }
        commit(cells.size(), timed, t);
    }

    void commit(std::size_t cells, bool timed, std::int64_t t) {
        if (cells != _places.size()) return _bad(_number, "it has fewer cells than the header");
        if (!timed) return _bad(_number, "its time is no integer");
        if (!isDated(t, _scale)) return _bad(_number, "its time " + std::string(notDated(_scale)));
        ++_rows;
        _topic->commit(t, _scale);
    }

    bool readTime(std::string_view text, std::int64_t &t) const {
        auto const result = std::from_chars(text.data(), text.data() + text.size(), t);
        return !text.empty() && result.ec == std::errc() && result.ptr == text.data() + text.size()
               && !__builtin_mul_overflow(t, _unit_ns, &t);
    }

    static Value numeric(std::string_view text, double number) {
        constexpr double exact = 9007199254740992.0; // 2^53
        if (std::fabs(number) < exact && static_cast<double>(static_cast<std::int64_t>(number)) != number)
            return Value::of(number);
        auto digits = text;
        if (digits.front() == '-') digits.remove_prefix(1);
        for (char const c : digits) {
            if (c < '0' || c > '9') return Value::of(number);
        }
        std::int64_t integer = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), integer).ec == std::errc())
            return Value::ofInteger(integer);
        return Value::of(number);
    }

    Value textual(std::string_view text) {
        double number = 0;
        auto const *behind = parseDouble(text.data(), text.data() + text.size(), number);
        if (behind == text.data() + text.size()) return numeric(text, number);
        if (text == "true" || text == "True" || text == "TRUE") return Value::ofBoolean(true);
        if (text == "false" || text == "False" || text == "FALSE") return Value::ofBoolean(false);
        return Value::ofText(_sink.texts().add(text));
    }

    Sink &_sink;
    SourceScale _scale;
    std::int64_t _unit_ns;
    std::string _topicName, _time;
    std::function<void(std::int64_t, std::string const &)> _bad;
    std::string _rest;                               ///< of a line that is not here as a whole
    bool _tooLong = false;                           ///< it is so, and not kept
    char const *_begin = nullptr, *_limit = nullptr; ///< of the text at hand
    CellEnds _ends;                                  ///< of its current line
    bool _header = true, _influx = false, _plain = true;
    std::string _block; ///< its header
    std::vector<std::string> _names;
    std::vector<std::size_t> _places;
    std::vector<std::size_t> _stops; ///< by cell: the first one from there on without a place of the topic
    std::vector<double> _numbers;    ///< of cells that were read at once
    bool const _hasPairs = pairsArePossible();
    std::string _tagsText; ///< of the row before
    std::vector<std::pair<std::size_t, Value>> _tags;
    std::string _current;
    Topic *_topic = nullptr;
    std::int64_t _number = 0, _rows = 0;
};

} // namespace dbb::telemetry
