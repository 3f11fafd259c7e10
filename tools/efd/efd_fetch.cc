#include "efd/efd_fetch.h"

#include "common/error.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/signals.h"
#include "efd/column_file.h"
#include "efd/influx_samples.h"
#include "efd/instant_reader.h"
#include "efd/sample_lines.h"
#include "efd/window_lines.h"
#include "telemetry/needs.h"

#include <memory>

namespace dbb::efd {

using common::Error;
using common::ExitCode;
using telemetry::SourceScale;

namespace {

constexpr auto programName = "dbb-efd-fetch";

void requireOneQuestion(FetchOptions const &options) {
    bool const byHand = !options.topic.empty();
    if (byHand != options.columns.empty()) {
        throw common::usageError(byHand ? "--columns and --topic are two ways to say what is asked for"
                                        : "nothing is asked for",
                                 "give --columns, or --topic with --begin and --end");
    }
    if (byHand && (options.begin.empty() || options.end.empty()))
        throw common::usageError("--topic goes with --begin and --end");
    if (!byHand && (!options.begin.empty() || !options.end.empty() || !options.fields.empty()))
        throw common::usageError("--field, --begin and --end go with --topic");
}

/// One run.
class Fetching {
public:
    Fetching(FetchOptions const &options, int out, manifest::Rejects &rejects, manifest::Summary &summary)
        : _options(options), _output(out), _rejects(rejects), _summary(summary) {}

    ExitCode run(int in) {
        requireOneQuestion(_options);
        auto const margin_ns = durationOption(_options.margin, "--margin");
        auto const settle_ns = durationOption(_options.settle, "--settle");
        auto const columns = readColumns(_options.columns);
        auto influx = openInflux(_options.influx, programName);
        std::optional<SampleCache> cache;
        if (!_options.cache.empty()) cache.emplace(_options.cache);
        auto const scale = telemetry::scaleNamed(_options.scale);
        InfluxSamples samples(influx, scale, cache ? &*cache : nullptr, settle_ns);

        common::UniqueFd own;
        if (_options.windows != "-") own = common::openForReading(_options.windows);
        manifest::RecordReader reader(own ? own.get() : in, _rejects, "window");
        auto const needs = columns.empty() ? byHand() : needsOf(columns, reader, margin_ns);
        try {
            samples.prepare(needs);
            write(samples);
        } catch (Error const &e) {
            count(samples, influx);
            _lines->stopped(e.code());
            _output.flush();
            throw;
        }
        count(samples, influx);
        bool const stopped = common::stopSignal() != 0, whole = samples.counts().missing == 0;
        if (stopped) _lines->stopped("stopped by a signal");
        if (!stopped && whole) {
            auto const ends =
                columns.empty() ? std::vector<manifest::Record>() : reader.endRecords(programName);
            _lines->end(ends);
        }
        _output.flush();
        _rejects.finish();
        _summary.finish(_options.standard, _rejects);
        return common::worse(_rejects.status(), whole ? ExitCode::Done : ExitCode::Incomplete);
    }

private:
    /// What columns need over the windows that ask for them.
    std::map<std::string, telemetry::TopicNeeds> needsOf(std::vector<telemetry::Column> const &columns,
                                                         manifest::RecordReader &reader,
                                                         std::int64_t margin_ns) const {
        auto const all = [](telemetry::Window const &, AskedNames const &) { return true; };
        auto const lines = readWindows(reader, _rejects, _summary, all);
        AskedValues const asked(columns, lines);
        auto const wants = [&](std::size_t window, std::size_t column) { return asked.has(window, column); };
        return telemetry::needsOf(columns, lines.windows, wants, margin_ns);
    }

    std::map<std::string, telemetry::TopicNeeds> byHand() const {
        InstantReader const instants("tai");
        telemetry::Window const span{instants.option(_options.begin, "--begin"),
                                     instants.option(_options.end, "--end")};
        if (span.end_ns < span.begin_ns) throw common::usageError("--end is before --begin");
        return {{_options.topic, {_options.fields, {}, telemetry::merged({span})}}};
    }

    void write(InfluxSamples &samples) {
        samples.read({.lines = [&](std::string const &topic, SourceScale scale,
                                   std::string_view lines) { _lines->add(topic, scale, lines); },
                      .missing =
                          [&](std::string const &topic, SourceScale scale, telemetry::TimeRange const &range,
                              Error const &e) {
                              _log.add(missingSamples(topic, range, e));
                              _lines->missing(topic, scale, range, e);
                          }});
    }

    void count(InfluxSamples const &samples, telemetry::Influx const &influx) {
        auto const &counts = samples.counts();
        _summary.outcomes = {{"done", counts.asked},          {"existing", counts.cached},
                             {"incomplete", counts.missing},  {"samples", counts.rows},
                             {"requests", influx.requests()}, {"retries", influx.retries()},
                             {"bytes", influx.bytes()}};
    }

    FetchOptions const &_options;
    common::Output _output;
    manifest::Rejects &_rejects;
    manifest::Summary &_summary;
    std::unique_ptr<SampleLines> _lines = sampleLines(_options.format, _output);
    common::log::Grouped _log;
};

} // namespace

ExitCode runFetch(FetchOptions const &options, int in, int out) {
    manifest::Rejects rejects(options.standard.rejects);
    manifest::Summary summary;
    summary.program = programName;
    try {
        return Fetching(options, out, rejects, summary).run(in);
    } catch (Error const &e) {
        summary.fail(options.standard, rejects, e);
        throw;
    }
}

} // namespace dbb::efd
