#include "efd/influx_join.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/log.h"
#include "common/text.h"
#include "efd/fact_learner.h"
#include "efd/instant_reader.h"
#include "telemetry/definition.h"
#include "telemetry/line_protocol.h"
#include "telemetry/needs.h"

#include <cmath>

namespace dbb::efd {

using common::Error;
using telemetry::Column;
using telemetry::SourceScale;

namespace {

/// Before and behind what columns need: samples there tell how far apart samples usually are.
constexpr std::int64_t fetchMargin_ns = 60'000'000'000;

/// Whether two results are those of the same samples.
bool isSame(telemetry::Cell const &a, telemetry::Cell const &b) {
    if (a.n != b.n || a.first_ns != b.first_ns || a.last_ns != b.last_ns) return false;
    if (!a.value.isNumber() || !b.value.isNumber()) return a.value.isNumber() == b.value.isNumber();
    if (a.value == b.value) return true;
    auto const x = a.value.asDouble(), y = b.value.asDouble();
    return std::fabs(x - y) <= 1e-12 * std::max(std::fabs(x), std::fabs(y));
}

std::string described(telemetry::Cell const &cell) {
    auto const instant = [](std::int64_t ns) {
        return ns == telemetry::Cell::none ? std::string("none") : common::isoFromNs(ns);
    };
    std::string value;
    if (cell.value.isNumber()) {
        common::appendDouble(value, cell.value.asDouble());
    } else {
        value = "none";
    }
    return value + " of " + std::to_string(cell.n) + " samples from " + instant(cell.first_ns) + " to "
           + instant(cell.last_ns);
}

/// nullopt when there is no limit. \throws Error USAGE
std::optional<std::int64_t> limitOf(std::string const &text) {
    if (text.empty()) return std::nullopt;
    auto const out = common::wholeNumber(text);
    if (!out || *out < 0) throw common::usageError("--max-values: \"" + text + "\" is no number of values");
    return out;
}

} // namespace

InfluxJoin::InfluxJoin(InfluxJoinOptions const &options, SourceScale scale,
                       std::vector<Column> const &columns, WindowLines const &windows)
    : _options(options), _columns(columns), _windows(windows), _asked(columns, windows),
      _influx(openInflux(options.server, "dbb-efd-join")), _samples(_influx, scale, nullptr, 0),
      _mostValues(limitOf(options.max_values)) {
    if (!options.estimate_rate.empty())
        _rate_hz = rateOption(options.estimate_rate, "--estimate-rate", "rows");
    auto const all = needs();
    _samples.prepare(all);
    ServerStatistics statistics(_influx, _samples, columns, windows.windows);
    bool const push = options.push_down || options.verify_push_down;
    if (options.plan) return;
    if (!push && windows.known.empty()) return;
    statistics.learnIndices(all);
    if (!windows.known.empty()) leaveOutUnchanged(statistics);
    if (push) pushDown(statistics);
    _samples.narrow(needs());
}

std::map<std::string, telemetry::TopicNeeds> InfluxJoin::needs() const {
    auto const wants = [this](std::size_t window, std::size_t column) {
        bool const computed = !_computed.empty() && _computed[column][window] && !_options.verify_push_down;
        return !computed && isWanted(window, column);
    };
    return telemetry::needsOf(_columns, _windows.windows, wants, fetchMargin_ns);
}

FetchPlan InfluxJoin::plan() {
    return FetchPlan(_influx, _samples, _rate_hz);
}

void InfluxJoin::requireFew(FetchPlan const &plan) const {
    if (!_mostValues || plan.values() <= *_mostValues) return;
    throw common::usageError("the samples hold " + std::to_string(plan.values()) + " values, more than the "
                                 + std::to_string(*_mostValues) + " of --max-values",
                             "take fewer windows or columns, or --pushdown; --plan says what takes how much");
}

void InfluxJoin::leaveOutUnchanged(ServerStatistics &statistics) {
    auto const count = _windows.windows.size();
    std::vector<std::vector<std::size_t>> same(_columns.size(), std::vector<std::size_t>(count));
    std::vector<std::string> configs;
    for (auto const &column : _columns) configs.push_back(telemetry::configHash(column));
    // What was computed by another definition is not known of this one.
    auto const knownOf = [&](std::size_t column, std::size_t window) -> KnownValue const * {
        auto const &known = _windows.known[window];
        auto const at = known.find(_columns[column].name);
        if (at == known.end() || !_asked.has(window, column)) return nullptr;
        auto const &config = at->second.config;
        return config.empty() || config == configs[column] ? &at->second : nullptr;
    };
    statistics.count(
        [&](std::size_t column, std::size_t window) { return knownOf(column, window) != nullptr; },
        [&](std::size_t column, std::size_t, std::size_t window, telemetry::Cell const &cell) {
            auto const &known = *knownOf(column, window);
            if (cell.n == known.n && cell.last_ns == known.last_ns) ++same[column][window];
        });
    _unchanged.assign(_columns.size(), std::vector<bool>(count));
    for (std::size_t c = 0; c < _columns.size(); ++c) {
        for (std::size_t w = 0; w < count; ++w) {
            if (same[c][w] < _columns[c].elements()) continue;
            _unchanged[c][w] = true;
            ++_left_out;
        }
    }
}

void InfluxJoin::pushDown(ServerStatistics &statistics) {
    std::size_t places = 0;
    for (auto const &column : _columns) {
        _placeOfColumn.push_back(places);
        auto const why = statistics.whyNotComputed(column);
        if (why.empty()) places += column.elements();
        if (!why.empty()) common::log::info("column \"" + column.name + "\" is joined from samples: " + why);
    }
    if (places == 0) return;
    auto const count = _windows.windows.size();
    _results.emplace(count, places);
    std::vector<std::vector<std::size_t>> had(_columns.size(), std::vector<std::size_t>(count));
    statistics.compute(
        [&](std::size_t column, std::size_t window) { return isWanted(window, column); },
        [&](std::size_t column, std::size_t field, std::size_t window, telemetry::Cell const &cell) {
            _results->put(window, _placeOfColumn[column] + field, cell);
            ++had[column][window];
        });
    _computed.assign(_columns.size(), std::vector<bool>(count));
    for (std::size_t c = 0; c < _columns.size(); ++c) {
        std::size_t left = 0;
        for (std::size_t w = 0; w < count; ++w) {
            _computed[c][w] = had[c][w] > 0 && had[c][w] == _columns[c].elements();
            if (_computed[c][w]) ++_pushed;
            if (!_computed[c][w] && isWanted(w, c)) ++left;
        }
        if (left > 0 && left < count)
            common::log::info("column \"" + _columns[c].name + "\" is joined from samples in "
                              + std::to_string(left)
                              + " windows: the server's rounding might show there, or they are beside a leap "
                                "second, or it could not compute them");
    }
}

void InfluxJoin::verify(std::size_t window, Column const &column, telemetry::Cell const &ours,
                        telemetry::Cell const &theirs) {
    if (isSame(ours, theirs)) return;
    ++_different;
    _log.add(Error("SOURCE_ERROR", "column \"" + column.name + "\" of the window at "
                                       + common::isoFromNs(_windows.windows[window].begin_ns)
                                       + ": the server says " + described(theirs) + ", its samples say "
                                       + described(ours))
                 .hint("join without --pushdown, and report it"));
}

void InfluxJoin::amend(std::size_t window, telemetry::Joiner::Element const &element, bool whole,
                       telemetry::Cell &cell) {
    auto const &column = _columns[element.column];
    // What is missing may have kept a packed series from being understood.
    auto const missing =
        whole && !column.packed ? std::nullopt : _missing.statusOf(column, _windows.windows[window], cell);
    bool const computed = !_computed.empty() && _computed[element.column][window];
    if (computed && !(missing && _options.verify_push_down)) {
        auto const field = static_cast<std::size_t>(std::max(element.number, 0));
        auto const &theirs = _results->row(window)[_placeOfColumn[element.column] + field];
        if (!_options.verify_push_down) {
            cell = theirs;
            return;
        }
        verify(window, column, cell, theirs);
    }
    takeAway(missing, cell);
}

void InfluxJoin::count(std::map<std::string, std::int64_t> &outcomes) const {
    outcomes["samples"] = _samples.counts().rows;
    outcomes["requests"] = _influx.requests();
    outcomes["retries"] = _influx.retries();
    outcomes["bytes"] = _influx.bytes();
    if (_options.push_down || _options.verify_push_down) outcomes["computed"] = _pushed;
    if (!_windows.known.empty()) outcomes["unchanged"] = _left_out;
}

/// What is done of a part that could not be had.
auto InfluxJoin::noteMissing() -> decltype(SampleSink::missing) {
    return [this](std::string const &topic, SourceScale scale, telemetry::TimeRange const &range,
                  Error const &e) {
        _missing.add(topic, inTai(range, scale), e);
        _log.add(missingSamples(topic, range, e));
    };
}

/// All parts, of the server or of what was kept of it.
void InfluxJoin::forEachPart(SampleSink const &sink) {
    if (!_kept) return _samples.read(sink);
    std::int64_t at = 0;
    std::string text;
    for (auto const &part : _parts) {
        text.resize(static_cast<std::size_t>(part.size));
        common::readAt(_kept.get(), "a copy of the samples", text.data(), text.size(), at);
        at += part.size;
        sink.lines(part.topic, part.scale, text);
    }
}

void InfluxJoin::keep() {
    if (_kept) return;
    auto copy = common::temporaryFile();
    _samples.read({.lines =
                       [&](std::string const &topic, SourceScale scale, std::string_view lines) {
                           common::writeAll(copy.get(), lines, "a copy of the samples");
                           _parts.push_back({topic, scale, static_cast<std::int64_t>(lines.size())});
                       },
                   .missing = noteMissing()});
    _kept = std::move(copy);
}

template<typename Sink, typename Topic>
void InfluxJoin::feed(Sink &sink) {
    using Parser = telemetry::LineProtocol<Sink, Topic, SourceScale>;
    std::optional<Parser> parser;
    std::string current;
    std::optional<SourceScale> currentScale;
    auto const bad = [&](std::int64_t number, std::string const &reason) {
        ++_bad;
        _log.add(Error("BAD_SAMPLE",
                       "\"" + current + "\", line " + std::to_string(number) + " of the server: " + reason));
    };
    forEachPart({.lines =
                     [&](std::string const &topic, SourceScale scale, std::string_view lines) {
                         if (!parser || topic != current || scale != *currentScale) {
                             if (parser) parser->finish();
                             current = topic;
                             currentScale = scale;
                             parser.emplace(sink, scale, 1, bad);
                         }
                         parser->feed(lines);
                     },
                 .missing = noteMissing()});
    if (parser) parser->finish();
}

void InfluxJoin::read(telemetry::Joiner &joiner) {
    for (auto const &[name, schema] : _samples.schemas()) {
        auto *topic = joiner.topic(name);
        if (!topic) continue;
        for (auto const &[field, type] : schema.fields) topic->declare(field);
    }
    feed<telemetry::Joiner, telemetry::Topic>(joiner);
}

void InfluxJoin::learn(telemetry::PackedFacts &facts) {
    keep(); // so that the server is asked once
    FactLearner learner(facts);
    feed<FactLearner, FactLearner::Topic>(learner);
}

} // namespace dbb::efd
