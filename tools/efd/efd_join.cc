#include "efd/efd_join.h"

#include "common/error.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/signals.h"
#include "efd/check_columns.h"
#include "efd/instant_reader.h"
#include "efd/join_columns.h"
#include "efd/joined_values.h"

#include <algorithm>
#include <optional>

namespace dbb::efd {

using common::Error;
using common::ExitCode;

namespace {

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
        for (auto const &topic : joiner->uncertainTopics()) common::log::error(noScale(topic));
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
    if (options.gaps == "-")
        throw common::usageError("--gaps: standard output has the values", "name a file");
    if (fromServer) return;
    for (auto const &[given, name] : {std::pair(influx.push_down, "--pushdown"),
                                      {influx.verify_push_down, "--verify-pushdown"},
                                      {influx.check, "--check"},
                                      {influx.plan, "--plan"},
                                      {!influx.estimate_rate.empty(), "--estimate-rate"},
                                      {!influx.max_values.empty(), "--max-values"}}) {
        if (!given) continue;
        bool const files = !options.samples.files.empty();
        throw common::usageError(std::string(name) + " asks a server, and "
                                     + (files ? "samples come from --samples" : "none is named"),
                                 files ? "name a server with --influx in place of --samples"
                                       : "name it with --influx");
    }
}

/// One run.
class JoinRun {
public:
    JoinRun(JoinProgramOptions const &options, int in, common::Output &output)
        : _options(options), _output(output), _columns(chosenColumns(options.columns, in)),
          _fromServer(namesInflux(options.influx.server) && options.samples.files.empty()),
          _settling(options.settle), _rejects(options.standard.rejects) {
        requireSense(options, _fromServer);
        _summary.program = "dbb-efd-join";
    }

    ExitCode run(int in) {
        if (_options.influx.check) return check();
        if (!_fromServer) openFiles();
        telemetry::Stream::Options stream;
        stream.sortedBy_ns = durationOption(_options.reorder, "--reorder");
        stream.sort_all = _options.sort;
        auto const own = openWindows();
        manifest::RecordReader reader(own ? own.get() : in, _rejects, "window");
        readLines(reader);
        if (!_options.gaps.empty()) _gaps.emplace(_options.gaps);
        if (_fromServer) {
            _influx.emplace(_options.influx, telemetry::scaleNamed(_options.samples.scale), _columns, _lines);
            if (planned()) return finish(ExitCode::Done);
        }
        return join(reader, stream);
    }

private:
    /// In place of a join.
    ExitCode check() {
        auto server = openInflux(_options.influx.server, "dbb-efd-join");
        auto const findings = checkColumns(server, _columns, _output);
        _output.flush();
        return findings > 0 ? ExitCode::Incomplete : ExitCode::Done;
    }

    void openFiles() {
        auto samples = _options.samples;
        samples.jobs = _options.standard.jobs;
        _files.emplace(samples);
    }

    /// None when they come by standard input.
    common::UniqueFd openWindows() const {
        if (_options.windows == "-") return {};
        if (common::isFolder(_options.windows)) {
            throw common::usageError("--windows: \"" + _options.windows + "\" is a folder",
                                     "look at what it names");
        }
        return common::openForReading(_options.windows);
    }

    void readLines(manifest::RecordReader &reader) {
        _lines = readWindows(reader, _rejects, _summary, [&](auto const &window, AskedNames const &names) {
            return std::ranges::all_of(_columns, [&](auto const &column) {
                return (names && !names->contains(column.name)) || _settling.isInRange(column, window);
            });
        });
        warnOfUnknown(_lines.columnSets, _columns, _options.columns);
        if (_lines.left_out > 0) {
            bool const one = _lines.left_out == 1;
            common::log::warning(std::to_string(_lines.left_out) + (one ? " window needs" : " windows need")
                                     + " samples from outside of --range and " + (one ? "is" : "are")
                                     + " left out",
                                 "join such again when samples of a wider range are there");
        }
    }

    /// Say what the server will be asked for, when that is wanted. \return whether that is all
    bool planned() {
        if (!_options.influx.plan && _options.influx.max_values.empty()) return false;
        auto const plan = _influx->plan();
        if (_options.influx.plan) plan.print(_output);
        _output.flush();
        _influx->requireFew(plan);
        return _options.influx.plan;
    }

    ExitCode join(manifest::RecordReader &reader, telemetry::Stream::Options const &stream) {
        auto &source = _influx ? static_cast<SampleSource &>(*_influx) : *_files;
        telemetry::Facts facts;
        auto const [joiner, incomplete] =
            joined(_columns, _lines.windows, source, facts, stream, _gaps.has_value());
        ValueLines values(_columns, AskedValues(_columns, _lines), *joiner, source,
                          _influx ? &*_influx : nullptr, _settling, _gaps ? &*_gaps : nullptr, _output);
        for (std::size_t w = 0; w < _lines.windows.size() && common::stopSignal() == 0; ++w) {
            values.print(_lines.keys.at(w), w, _lines.windows[w]);
            ++_summary.outcomes["done"];
        }
        if (common::stopSignal() == 0) {
            if (_gaps) _gaps->finish();
            for (auto const &end : reader.endRecords("dbb-efd-join")) _output.write(end.line());
        }
        _output.flush();
        if (_influx) _influx->count(_summary.outcomes);
        if (source.bad() > 0) _summary.outcomes["unreadable"] = source.bad();
        bool const differs = (_influx && _influx->differs()) || (_files && _files->isPartial());
        return finish(source.bad() > 0                               ? ExitCode::SomeFailed
                      : incomplete || _lines.left_out > 0 || differs ? ExitCode::Incomplete
                                                                     : values.status());
    }

    ExitCode finish(ExitCode status) {
        _rejects.finish();
        _summary.finish(_options.standard, _rejects);
        return common::worse(_rejects.status(), status);
    }

    JoinProgramOptions const &_options;
    common::Output &_output;
    std::vector<telemetry::Column> const _columns;
    bool const _fromServer;
    Settling const _settling;
    manifest::Rejects _rejects;
    manifest::Summary _summary{};
    WindowLines _lines{};
    std::optional<SampleFiles> _files{};
    std::optional<InfluxJoin> _influx{};
    std::optional<GapReport> _gaps{};
};

} // namespace

ExitCode runJoin(JoinProgramOptions const &options, int in, int out) {
    common::Output output(out);
    if (options.show_columns) {
        for (auto const &column : chosenColumns(options.columns, in)) output.write(columnLine(column));
        output.flush();
        return ExitCode::Done;
    }
    requireOneInput(options);
    return JoinRun(options, in, output).run(in);
}

} // namespace dbb::efd
