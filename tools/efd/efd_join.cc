#include "efd/efd_join.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "efd/check_columns.h"
#include "efd/gap_report.h"
#include "efd/instant_reader.h"
#include "efd/join_columns.h"
#include "efd/window_lines.h"
#include "telemetry/definition.h"

#include <algorithm>
#include <array>
#include <optional>

namespace dbb::efd {

using common::Error;
using common::ExitCode;
using telemetry::Kind;

namespace {

using common::appendNumber;

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

/// Prints the values of a joiner, window by window.
class ValueLines {
public:
    /// \param influx  nullptr: samples are in files \param gaps  nullptr: nobody asks for them
    ValueLines(std::vector<telemetry::Column> const &columns, AskedValues asked, telemetry::Joiner &joiner,
               InfluxJoin *influx, Settling const &settling, GapReport *gaps, common::Output &output)
        : _columns(columns), _asked(std::move(asked)), _joiner(joiner), _influx(influx), _settling(settling),
          _gaps(gaps), _output(output) {
        for (auto const &column : columns) {
            std::string name;
            common::appendQuoted(name, column.name);
            _columnKeys.push_back({"\"column\":" + name + ",\"element\":",
                                   ",\"config\":\"" + telemetry::configHash(column) + "\",\"value\":"});
        }
    }

    /// \param number  of the window
    void print(std::string const &keys, std::size_t number, telemetry::Window const &window) {
        auto cells = _joiner.results(number);
        auto const &elements = _joiner.elements();
        for (std::size_t e = 0; e < cells.size(); ++e) {
            if (!_asked.has(number, elements[e].column)) continue;
            if (_influx) {
                if (_influx->isUnchanged(number, elements[e].column)) continue;
                _influx->amend(number, elements[e], _joiner.isWhole(e), cells[e]);
            }
            auto const status = cells[e].status;
            // What a whole column can't say is said once.
            bool const whole = status >= telemetry::Status::MixedIndex
                               && status <= telemetry::Status::NoSuchTopic && cells[e].n == 0
                               && _joiner.isWhole(e);
            if (whole && elements[e].number > 0) continue;
            line(keys, _columnKeys[elements[e].column], whole ? -1 : elements[e].number, cells[e],
                 _settling.isSettled(_columns[elements[e].column], window, _joiner.latest(e)));
            if (_gaps && cells[e].has_gaps && cells[e].n_gaps > 0)
                _gaps->add(keys, _columns[elements[e].column], elements[e].number,
                           _joiner.gaps(number, e, cells[e]));
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

    void line(std::string const &keys, ColumnKeys const &column, int element, telemetry::Cell const &cell,
              bool settled) {
        auto &quality = _qualities[cell.has_gaps ? 1 : 0];
        if (quality.text.empty() || !telemetry::isEquallyGood(quality.cell, cell))
            quality = {cell, qualityOf(cell)};
        auto &out = _line;
        out.assign("{\"type\":\"value\",").append(keys).append(column.name);
        appendNumber(out, element);
        out += column.config;
        appendValue(out, cell.value, _joiner.texts());
        out += quality.text;
        out += settled ? ",\"settled\":true}" : ",\"settled\":false}";
        _output.write(out);
        _sourceErrors = _sourceErrors || cell.status >= telemetry::Status::SourceError;
    }

    std::vector<telemetry::Column> const &_columns;
    AskedValues _asked;
    telemetry::Joiner &_joiner;
    InfluxJoin *_influx;
    Settling const &_settling;
    GapReport *_gaps;
    common::Output &_output;
    std::vector<ColumnKeys> _columnKeys;
    std::array<Quality, 2> _qualities;
    std::string _line;
    bool _sourceErrors = false;
};

struct Joined {
    std::unique_ptr<telemetry::Joiner> joiner;
    bool incomplete = false; ///< samples were left out or misunderstood
};

/// As many passes over the samples as it takes.
Joined joined(std::vector<telemetry::Column> const &columns, telemetry::WindowList const &windows,
              SampleSource &files, telemetry::Facts &facts, telemetry::Stream::Options stream,
              bool keepGaps) {
    telemetry::PackedFacts packed(columns);
    if ((packed.needed() || stream.sort_all) && files.onlyOnce()) files.keep();
    if (packed.needed()) {
        files.learn(packed);
        packed.finish(facts);
    }
    for (;;) {
        auto joiner = std::make_unique<telemetry::Joiner>(columns, windows, stream, facts, keepGaps);
        files.read(*joiner);
        joiner->finish();
        if (common::stopSignal() != 0) return {std::move(joiner)};
        bool const again = joiner->needsAgain(facts);
        auto const late = joiner->late();
        if ((late > 0 || again) && !files.onlyOnce()) {
            stream.sort_all = stream.sort_all || late > 0;
            continue;
        }
        if (again) {
            common::log::warning(
                "a topic has rows with the index of before SAL 7, then others with salIndex: "
                "the former count as of another instance",
                "give --sort, which keeps a pipe on disk, so that it can be read again");
        }
        if (late > 0) {
            common::log::warning(std::to_string(late)
                                     + " samples came too late to be put in order and are left out",
                                 "give --sort, or more time with --reorder");
        }
        return {std::move(joiner), again || late > 0};
    }
}

/// Standard input can be one of them only.
void requireOneInput(JoinProgramOptions const &options) {
    auto users = options.columns.file == "-" ? 1 : 0;
    users += options.windows == "-" ? 1 : 0;
    for (auto const &file : options.samples.files) users += file == "-" ? 1 : 0;
    if (users > 1) {
        throw common::usageError("standard input can't be columns, windows and samples at once",
                                 "name files with --columns, --windows and --samples");
    }
}

void requireSense(JoinProgramOptions const &options, bool fromServer) {
    auto const &influx = options.influx;
    if (!influx.server.influx.empty() && !options.samples.files.empty())
        throw common::usageError("samples come from --samples or from --influx, not from both");
    bool const asks = influx.push_down || influx.verify_push_down || influx.check || influx.plan
                      || !influx.estimate_rate.empty() || !influx.max_values.empty();
    if (asks && !fromServer)
        throw common::usageError(
            "--push-down, --check, --plan and --max-values are about a server, and none is named",
            "name it with --influx");
}

/// In place of a join.
ExitCode runCheck(JoinProgramOptions const &options, std::vector<telemetry::Column> const &columns, int out) {
    common::Output output(out);
    auto server = openInflux(options.influx.server, "dbb-efd-join");
    auto const findings = checkColumns(server, columns, output);
    output.flush();
    return findings > 0 ? ExitCode::Incomplete : ExitCode::Done;
}

} // namespace

ExitCode runJoin(JoinProgramOptions const &options, int in, int out) {
    common::Output output(out);
    if (options.show_columns) {
        for (auto const &column : chosenColumns(options.columns, in)) output.write(columnLine(column));
        output.flush();
        return ExitCode::Done;
    }
    requireOneInput(options);
    auto const columns = chosenColumns(options.columns, in);
    bool const fromServer = namesInflux(options.influx.server) && options.samples.files.empty();
    requireSense(options, fromServer);
    if (options.influx.check) return runCheck(options, columns, out);
    std::optional<SampleFiles> files;
    if (!fromServer) {
        auto samples = options.samples;
        samples.jobs = options.standard.jobs;
        files.emplace(samples);
    }
    Settling const settling(options.settle);
    manifest::Rejects rejects(options.standard.rejects);
    manifest::Summary summary;
    summary.program = "dbb-efd-join";
    telemetry::Stream::Options stream;
    stream.sortedBy_ns = durationOption(options.reorder, "--reorder");
    stream.sort_all = options.sort;

    common::UniqueFd own;
    if (common::isFolder(options.windows))
        throw common::usageError("--windows: \"" + options.windows + "\" is a folder",
                                 "look at what it names");
    if (options.windows != "-") own = common::openForReading(options.windows);
    manifest::RecordReader reader(own ? own.get() : in, rejects, "window");
    auto const lines =
        readWindows(reader, rejects, summary, [&](auto const &window, AskedNames const &names) {
            return std::ranges::all_of(columns, [&](auto const &column) {
                return (names && !names->contains(column.name)) || settling.isInRange(column, window);
            });
        });
    if (lines.left_out > 0) {
        common::log::warning(std::to_string(lines.left_out)
                                 + " windows need samples from outside of --range and are left out",
                             "join them again when samples of a wider range are there");
    }
    std::optional<GapReport> gaps;
    if (!options.gaps.empty()) gaps.emplace(options.gaps);
    telemetry::Facts facts;
    std::optional<InfluxJoin> influx;
    if (fromServer)
        influx.emplace(options.influx, telemetry::scaleNamed(options.samples.scale), columns, lines);
    if (influx && (options.influx.plan || !options.influx.max_values.empty())) {
        auto const plan = influx->plan();
        if (options.influx.plan) plan.print(output);
        output.flush();
        influx->requireFew(plan);
        if (options.influx.plan) {
            rejects.finish();
            summary.finish(options.standard, rejects);
            return rejects.status();
        }
    }
    auto &source = influx ? static_cast<SampleSource &>(*influx) : *files;
    auto const [joiner, incomplete] = joined(columns, lines.windows, source, facts, stream, gaps.has_value());
    ValueLines values(columns, AskedValues(columns, lines), *joiner, influx ? &*influx : nullptr, settling,
                      gaps ? &*gaps : nullptr, output);
    for (std::size_t w = 0; w < lines.windows.size() && common::stopSignal() == 0; ++w) {
        values.print(lines.keys.at(w), w, lines.windows[w]);
        ++summary.outcomes["done"];
    }
    if (common::stopSignal() == 0) {
        if (gaps) gaps->finish();
        for (auto const &end : reader.endRecords("dbb-efd-join")) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    if (influx) influx->count(summary.outcomes);
    summary.finish(options.standard, rejects);
    if (rejects.count() > 0 || source.bad() > 0) return ExitCode::SomeFailed;
    bool const differs = (influx && influx->differs()) || (files && files->isPartial());
    return incomplete || lines.left_out > 0 || differs ? ExitCode::Incomplete : values.status();
}

} // namespace dbb::efd
