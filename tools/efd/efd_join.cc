#include "efd/efd_join.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/signals.h"
#include "efd/window_lines.h"
#include "telemetry/definition.h"

#include <array>
#include <charconv>
#include <limits>

namespace dbb::efd {

using common::Error;
using common::ExitCode;
using telemetry::Kind;

namespace {

void appendNumber(std::string &out, std::int64_t v) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, v).ptr);
}

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
    out += '}';
    return out;
}

/// Prints the values of a joiner, window by window.
class ValueLines {
public:
    ValueLines(std::vector<telemetry::Column> const &columns, telemetry::Joiner &joiner,
               common::Output &output)
        : _joiner(joiner), _output(output) {
        for (auto const &column : columns) {
            std::string name;
            common::appendQuoted(name, column.name);
            _columnKeys.push_back({"\"column\":" + name + ",\"element\":",
                                   ",\"config\":\"" + telemetry::configHash(column) + "\",\"value\":"});
        }
    }

    void print(std::string const &keys, std::size_t window) {
        auto const cells = _joiner.results(window);
        auto const &elements = _joiner.elements();
        for (std::size_t e = 0; e < cells.size(); ++e) {
            auto const status = cells[e].status;
            // What a whole column can't say is said once.
            bool const whole = status >= telemetry::Status::MixedIndex
                               && status <= telemetry::Status::NoSuchTopic && cells[e].n == 0
                               && _joiner.isWhole(e);
            if (whole && elements[e].number > 0) continue;
            line(keys, _columnKeys[elements[e].column], whole ? -1 : elements[e].number, cells[e]);
        }
    }

    ExitCode status() const { return _sourceErrors ? ExitCode::Incomplete : ExitCode::Done; }

private:
    /// JSON members of a column's lines.
    struct ColumnKeys {
        std::string name;
        std::string config;
    };
    /// The last cell of its kind, at instants or in windows, and what stood behind its value: columns of the
    /// same samples differ in little else.
    struct Quality {
        telemetry::Cell cell;
        std::string text;
    };

    void line(std::string const &keys, ColumnKeys const &column, int element, telemetry::Cell const &cell) {
        auto &quality = _qualities[cell.has_gaps ? 1 : 0];
        if (quality.text.empty() || !telemetry::isEquallyGood(quality.cell, cell))
            quality = {cell, qualityOf(cell)};
        auto &out = _line;
        out.assign("{\"type\":\"value\",").append(keys).append(column.name);
        appendNumber(out, element);
        out += column.config;
        appendValue(out, cell.value, _joiner.texts());
        out += quality.text;
        _output.write(out);
        _sourceErrors = _sourceErrors || cell.status >= telemetry::Status::SourceError;
    }

    telemetry::Joiner &_joiner;
    common::Output &_output;
    std::vector<ColumnKeys> _columnKeys;
    std::array<Quality, 2> _qualities;
    std::string _line;
    bool _sourceErrors = false;
};

/// As many passes over the samples as it takes.
std::unique_ptr<telemetry::Joiner> joined(std::vector<telemetry::Column> const &columns,
                                          std::vector<telemetry::Window> const &windows, SampleFiles &files,
                                          telemetry::Facts &facts, telemetry::Stream::Options stream,
                                          bool sort) {
    constexpr auto unlimited = std::numeric_limits<std::int64_t>::max() / 4;
    telemetry::PackedFacts packed(columns);
    if ((packed.needed() || sort) && files.onlyOnce()) files.keep();
    if (packed.needed()) {
        files.learn(packed);
        packed.finish(facts);
    }
    if (sort) stream.sortedBy_ns = unlimited;
    for (;;) {
        auto joiner = std::make_unique<telemetry::Joiner>(columns, windows, stream, facts);
        files.read(*joiner);
        joiner->finish();
        if (common::stopSignal() != 0) return joiner;
        bool const again = joiner->needsAgain(facts);
        auto const late = joiner->late();
        if ((late > 0 || again) && !files.onlyOnce() && stream.sortedBy_ns != unlimited) {
            if (late > 0) stream.sortedBy_ns = unlimited;
            continue;
        }
        if (late > 0) {
            common::log::warning(std::to_string(late)
                                     + " samples came too late to be put in order and are left out",
                                 "give --sort, or more time with --reorder");
        }
        return joiner;
    }
}

/// Standard input can be one of them only.
void requireOneInput(JoinProgramOptions const &options) {
    auto users = options.config == "-" ? 1 : 0;
    users += options.windows == "-" ? 1 : 0;
    for (auto const &file : options.samples.files) users += file == "-" ? 1 : 0;
    if (users > 1) {
        throw common::usageError("standard input can't be columns, windows and samples at once",
                                 "name files with --columns, --windows and --samples");
    }
}

std::vector<telemetry::Column> columnsOf(std::string const &file, int in) {
    try {
        return telemetry::parseColumns(
            file == "-" ? common::readAll(in, "standard input") : common::readFile(file), file);
    } catch (Error const &e) {
        if (e.exitCode() == ExitCode::Usage) throw;
        throw common::usageError("--columns: " + e.message(), "look at what it names");
    }
}

} // namespace

ExitCode runJoin(JoinProgramOptions const &options, int in, int out) {
    requireOneInput(options);
    auto const columns = columnsOf(options.config, in);
    SampleFiles files(options.samples);
    common::Output output(out);
    manifest::Rejects rejects(options.standard.rejects);
    manifest::Summary summary;
    summary.program = "dbb-efd-join";
    telemetry::Stream::Options stream;
    stream.sortedBy_ns = telemetry::durationNs(options.reorder);

    common::UniqueFd own;
    if (options.windows != "-") own = common::openForReading(options.windows);
    manifest::RecordReader reader(own ? own.get() : in, rejects, "window");
    auto const lines = readWindows(reader, rejects, summary);
    telemetry::Facts facts;
    auto const joiner = joined(columns, lines.windows, files, facts, stream, options.sort);
    ValueLines values(columns, *joiner, output);
    for (std::size_t w = 0; w < lines.windows.size() && common::stopSignal() == 0; ++w) {
        values.print(lines.keys[w], w);
        ++summary.outcomes["done"];
    }
    if (common::stopSignal() == 0) {
        for (auto const &end : reader.endRecords("dbb-efd-join")) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
    if (rejects.count() > 0 || files.bad() > 0) return ExitCode::SomeFailed;
    return joiner->late() > 0 ? ExitCode::Incomplete : values.status();
}

} // namespace dbb::efd
