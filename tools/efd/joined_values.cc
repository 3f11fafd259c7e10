#include "efd/joined_values.h"

#include "common/calendar.h"
#include "common/json.h"
#include "common/text.h"
#include "telemetry/definition.h"

namespace dbb::efd {

using common::appendNumber;
using telemetry::Kind;

namespace {

void appendInteger(std::string &out, std::int64_t v) {
    // jq makes doubles of numbers.
    bool const quoted = v > manifest::mostExact || v < -manifest::mostExact;
    if (quoted) out += '"';
    appendNumber(out, v);
    if (quoted) out += '"';
}

void appendValue(std::string &out, telemetry::Value const &value, telemetry::TextPool &texts) {
    switch (value.kind) {
    case Kind::Double: return common::appendDouble(out, value.number);
    case Kind::Integer: return appendInteger(out, value.integer);
    case Kind::Boolean: out += value.boolean ? "true" : "false"; return;
    case Kind::Text: return common::appendQuoted(out, texts.at(value.text));
    default: out += "null";
    }
}

void appendInstant(std::string &out, std::string_view key, std::int64_t ns) {
    out.append(key);
    if (ns == telemetry::Cell::none) {
        out += "null";
    } else {
        out.append(1, '"').append(common::isoFromNs(ns)).append(1, '"');
    }
}

/// What stands behind the value in a line.
std::string qualityOf(telemetry::Cell const &cell) {
    std::string out(",\"n\":");
    appendNumber(out, cell.n);
    out += ",\"status\":";
    appendNumber(out, static_cast<int>(cell.status));
    if (cell.status != telemetry::Status::Ok)
        out.append(",\"reason\":\"").append(telemetry::nameOf(cell.status)).append("\"");
    appendInstant(out, ",\"t_first_tai\":", cell.first_ns);
    appendInstant(out, ",\"t_last_tai\":", cell.last_ns);
    if (cell.has_gaps) {
        out += ",\"max_gap_ns\":";
        appendNumber(out, cell.max_gap_ns);
        out += ",\"n_gaps\":";
        appendNumber(out, cell.n_gaps);
        out += ",\"coverage\":";
        common::appendDouble(out, cell.coverage);
    } else {
        out += ",\"max_gap_ns\":null,\"n_gaps\":null,\"coverage\":null";
    }
    out += ",\"n_nan\":";
    appendNumber(out, cell.n_nan);
    out += ",\"n_null\":";
    appendNumber(out, cell.n_null);
    out += ",\"n_dup\":";
    appendNumber(out, cell.n_dup);
    out += ",\"age_ns\":";
    if (cell.age_ns == telemetry::Cell::none) {
        out += "null";
    } else {
        appendInteger(out, cell.age_ns);
    }
    return out;
}

} // namespace

ValueLines::ValueLines(std::vector<telemetry::Column> const &columns, AskedValues asked,
                       telemetry::Joiner &joiner, SampleSource const &source, InfluxJoin *influx,
                       Settling const &settling, GapReport *gaps, common::Output &output)
    : _columns(columns), _asked(std::move(asked)), _joiner(joiner), _source(source), _influx(influx),
      _settling(settling), _gaps(gaps), _output(output) {
    for (auto const &column : columns) {
        std::string name;
        common::appendQuoted(name, column.name);
        _columnKeys.push_back({"\"column\":" + name + ",\"element\":",
                               ",\"config\":\"" + telemetry::configHash(column) + "\",\"value\":"});
    }
}

void ValueLines::print(std::string const &keys, std::size_t number, telemetry::Window const &window) {
    auto cells = _joiner.results(number);
    auto const &elements = _joiner.elements();
    _lines.clear();
    for (std::size_t e = 0; e < cells.size(); ++e) {
        if (!_asked.has(number, elements[e].column)) continue;
        if (_influx) {
            if (_influx->isUnchanged(number, elements[e].column)) continue;
            _influx->amend(number, elements[e], _joiner.isWhole(e), cells[e]);
        }
        takeAway(_source.missing(_columns[elements[e].column], window, cells[e]), cells[e]);
        auto const status = cells[e].status;
        // What a whole column can't say is said once.
        bool const whole = status >= telemetry::Status::MixedIndex && status <= telemetry::Status::NoSuchTopic
                           && cells[e].n == 0 && _joiner.isWhole(e);
        if (whole && elements[e].number > 0) continue;
        line(keys, _columnKeys[elements[e].column], whole ? -1 : elements[e].number, cells[e],
             _settling.isSettled(_columns[elements[e].column], window, _joiner.latest(e)));
        if (_gaps && cells[e].has_gaps && cells[e].n_gaps > 0)
            _gaps->add(keys, _columns[elements[e].column], elements[e].number,
                       _joiner.gaps(number, e, cells[e]));
    }
    if (!_lines.empty()) _output.write(_lines);
}

void ValueLines::line(std::string const &keys, ColumnKeys const &column, int element,
                      telemetry::Cell const &cell, bool settled) {
    auto &quality = _qualities[cell.has_gaps ? 1 : 0];
    if (quality.text.empty() || !telemetry::isEquallyGood(quality.cell, cell))
        quality = {cell, qualityOf(cell)};
    auto &out = _lines;
    if (!out.empty()) out += '\n';
    out.append("{\"type\":\"value\",").append(keys).append(column.name);
    appendNumber(out, element);
    out += column.config;
    appendValue(out, cell.value, _joiner.texts());
    out += quality.text;
    out += settled ? ",\"settled\":true}" : ",\"settled\":false}";
    _sourceErrors = _sourceErrors || cell.status >= telemetry::Status::SourceError;
}

} // namespace dbb::efd
