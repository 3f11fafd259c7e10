#include "efd/csv_windows.h"

#include "butler/row_condition.h"
#include "common/calendar.h"
#include "common/file.h"
#include "common/lines.h"
#include "common/signals.h"
#include "common/text.h"
#include "telemetry/sample_text.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace dbb::efd {

using common::Error;

namespace {

constexpr auto nowhere = static_cast<std::size_t>(-1);

std::vector<std::string> cellsOf(std::string_view line) {
    std::vector<std::string> out;
    std::string cell;
    for (bool more = true; more;) {
        more = telemetry::nextCell(line, cell);
        out.push_back(cell);
    }
    return out;
}

class WindowTable {
public:
    WindowTable(std::string path, InstantReader const &instants, WindowChoice const &choice)
        : _path(std::move(path)), _instants(instants), _choice(choice) {}

    void header(std::string_view line) {
        if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
        _names = cellsOf(line);
        for (auto &name : _names) name = common::strip(name);
        _id = placeOf("id");
        _begin_ns = placeOf("begin_tai_ns");
        _end_ns = placeOf("end_tai_ns");
        _begin = placeOf("begin");
        _end = placeOf("end");
        _instrument = placeOf("instrument");
        _kind = placeOf("kind");
        _day_obs = placeOf("day_obs");
        _seq_num = placeOf("seq_num");
        bool const inNs = _begin_ns != nowhere && _end_ns != nowhere;
        if (_id == nowhere || (!inNs && (_begin == nowhere || _end == nowhere))) {
            throw common::usageError("\"" + _path
                                     + "\": the header has no id, begin and end, or begin_tai_ns "
                                     + "and end_tai_ns: " + common::join(_names, ","));
        }
        if (!inNs) _begin_ns = _end_ns = nowhere;
        auto condition = butler::parseWhere(_choice.where, _names);
        if (!condition.sql.empty()) _where.emplace(std::move(condition));
    }

    /// A row; nullopt when it is not asked for. \throws Error BAD_VALUE
    std::optional<FoundWindow> row(std::string_view line) {
        _cells = cellsOf(line);
        if (_cells.size() != _names.size()) {
            throw Error("BAD_VALUE", "the row has " + std::to_string(_cells.size()) + " cells, the header "
                                         + std::to_string(_names.size()));
        }
        if (!isWanted()) return std::nullopt;
        FoundWindow out{.instrument = textAt(_instrument), .kind = textAt(_kind), .src = "csv"};
        if (out.instrument.empty()) out.instrument = _choice.instrument;
        if (out.kind.empty()) out.kind = _choice.kind.empty() ? "window" : _choice.kind;
        if (out.kind != "exposure" && out.kind != "visit" && out.kind != "window")
            throw bad(_kind, "exposure, visit or window");
        auto const id = integerAt(_id);
        if (!id) throw bad(_id, "an integer");
        out.id = *id;
        out.day_obs = integerAt(_day_obs);
        if (out.day_obs && !common::daysFromYyyymmdd(*out.day_obs)) throw bad(_day_obs, "a day YYYYMMDD");
        out.seq_num = integerAt(_seq_num);
        out.begin_ns = _begin_ns == nowhere ? instantAt(_begin) : nanosecondsAt(_begin_ns);
        out.end_ns = _end_ns == nowhere ? instantAt(_end) : nanosecondsAt(_end_ns);
        return out;
    }

private:
    std::size_t placeOf(std::string const &name) const {
        auto const at = std::ranges::find(_names, name);
        return at == _names.end() ? nowhere : static_cast<std::size_t>(at - _names.begin());
    }

    std::string textAt(std::size_t place) const {
        return place == nowhere ? "" : std::string(common::strip(_cells[place]));
    }

    Error bad(std::size_t place, std::string const &expected) const {
        return Error("BAD_VALUE", "\"" + _names[place] + "\" is \"" + _cells[place] + "\", not " + expected)
            .cause({.column = _names[place], .value = _cells[place], .expected = expected});
    }

    std::optional<std::int64_t> integerAt(std::size_t place) const {
        auto const text = textAt(place);
        if (text.empty()) return std::nullopt;
        auto const out = common::wholeNumber(text);
        if (!out) throw bad(place, "an integer");
        return out;
    }

    std::optional<std::int64_t> nanosecondsAt(std::size_t place) const {
        auto const out = integerAt(place);
        if (out && *out < 0) throw bad(place, "nanoseconds since 1970");
        return out;
    }

    std::optional<std::int64_t> instantAt(std::size_t place) const {
        auto const text = textAt(place);
        if (text.empty()) return std::nullopt;
        return _instants.read(text, _names[place]);
    }

    bool isWanted() {
        auto const instrument = textAt(_instrument);
        if (!_choice.instrument.empty() && !instrument.empty() && instrument != _choice.instrument)
            return false;
        auto const kind = textAt(_kind);
        if (!_choice.kind.empty() && !kind.empty() && kind != _choice.kind) return false;
        if (!_where) return true;
        std::vector<sql::Value> values;
        for (auto const &column : _where->columns()) {
            auto const text = textAt(placeOf(column));
            values.push_back(text.empty() ? sql::Value() : sql::Value(text));
        }
        return _where->accepts(values);
    }

    std::string _path;
    InstantReader const &_instants;
    WindowChoice const &_choice;
    std::vector<std::string> _names, _cells;
    std::size_t _id = nowhere, _begin = nowhere, _end = nowhere, _begin_ns = nowhere, _end_ns = nowhere;
    std::size_t _instrument = nowhere, _kind = nowhere, _day_obs = nowhere, _seq_num = nowhere;
    std::optional<butler::RowCondition> _where;
};

common::UniqueFd openedFile(std::string const &path) {
    try {
        return common::openForReading(path);
    } catch (Error const &e) {
        throw Error(e.code(), e.message(), common::ExitCode::Backend);
    }
}

} // namespace

void csvWindows(std::string const &path, int in, InstantReader const &instants, WindowChoice const &choice,
                WindowSink const &sink, BadLineSink const &bad) {
    auto const own = path == "-" ? common::UniqueFd() : openedFile(path);
    common::LineReader lines(own ? own.get() : in, '\n', path == "-" ? "standard input" : path);
    WindowTable table(path, instants, choice);
    bool hasHeader = false;
    using Status = common::LineReader::Status;
    for (auto status = lines.next(); status != Status::End; status = lines.next()) {
        auto line = lines.line();
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (status == Status::Long) {
            bad(lines.number(), line, Error("LINE_TOO_LONG", "the line is longer than 1 MiB"));
        } else if (common::strip(line).empty()) {
            continue;
        } else if (!hasHeader) {
            table.header(line);
            hasHeader = true;
        } else {
            try {
                if (auto const found = table.row(line)) sink(*found);
            } catch (Error const &e) {
                if (e.code() == "USAGE") throw;
                bad(lines.number(), line, e);
            }
        }
    }
    if (!hasHeader && common::stopSignal() == 0)
        throw common::usageError("\"" + path + "\" has no header: it is empty");
}

} // namespace dbb::efd
