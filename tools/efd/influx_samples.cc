#include "efd/influx_samples.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "telemetry/sample_text.h"
#include "telemetry/stream.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace dbb::efd {

using common::Json;
using telemetry::SourceScale;
using telemetry::TimeRange;
using telemetry::TopicNeeds;
using telemetry::Window;

namespace {

constexpr auto sentStamp = "private_sndStamp";
constexpr std::int64_t eraBegin_ns = telemetry::utcEraBegin_s * common::nsPerSecond;

std::int64_t utcNow() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void tellMissing(std::string const &topic, std::vector<std::string> const &fields) {
    if (fields.empty()) return;
    common::log::warning("\"" + topic + "\" has no field " + common::someOf(fields),
                         "look at its name, or whether the topic had it in those days");
}

} // namespace

TimeRange inScale(Window const &range, SourceScale scale) {
    auto const utc = [](std::int64_t tai_ns) { return telemetry::utcFromTai(tai_ns); };
    if (scale == SourceScale::Tai) return {range.begin_ns, range.end_ns};
    if (scale == SourceScale::Utc) return {utc(range.begin_ns), utc(range.end_ns)};
    return {range.begin_ns < eraBegin_ns ? range.begin_ns : utc(range.begin_ns),
            std::max(utc(range.end_ns), std::min(range.end_ns, eraBegin_ns))};
}

common::Error noScale(std::string const &topic) {
    return common::Error("SOURCE_ERROR",
                         "\"" + topic
                             + "\": the time of its first row is neither its private_sndStamp nor that "
                               "in UTC, so that nobody can tell what its times mean")
        .hint("say it with --scale utc or --scale tai");
}

Window inTai(TimeRange const &range, SourceScale scale) {
    telemetry::TaiFromUtc tai;
    auto const isTai = [&](std::int64_t at_ns) {
        return scale == SourceScale::Tai || (scale == SourceScale::Eras && at_ns <= eraBegin_ns);
    };
    Window out{isTai(range.begin_ns) ? range.begin_ns : tai(range.begin_ns),
               isTai(range.end_ns) ? range.end_ns : tai(range.end_ns)};
    // The stamps of an inserted second are those of the next one.
    if (scale != SourceScale::Tai && telemetry::isNearLeap(out.begin_ns, out.begin_ns))
        out.begin_ns -= common::nsPerSecond;
    return out;
}

common::Error missingSamples(std::string const &topic, TimeRange const &range, common::Error const &why) {
    return common::Error(why.code(), "\"" + topic + "\" from " + std::to_string(range.begin_ns) + " to "
                                         + std::to_string(range.end_ns)
                                         + " could not be had: " + why.message())
        .hint(why.hint());
}

InfluxSamples::InfluxSamples(telemetry::Influx &influx, SourceScale scale, SampleCache *cache,
                             std::int64_t settle_ns)
    : _influx(influx), _scale(scale), _cache(cache), _settle_ns(settle_ns) {}

void InfluxSamples::prepare(std::map<std::string, TopicNeeds> const &needs) {
    std::vector<std::string> topics;
    for (auto const &[topic, need] : needs) topics.push_back(topic);
    _schemas = _influx.schemas(topics);
    for (auto const &[topic, need] : needs) addPlan(topic, need);
    settleScales(needs);
    for (auto &plan : _plans) makePieces(plan, needs.at(plan.topic).ranges);
}

void InfluxSamples::narrow(std::map<std::string, TopicNeeds> const &needs) {
    std::erase_if(_plans, [&](Plan const &plan) { return !needs.contains(plan.topic); });
    for (auto &plan : _plans) {
        auto const &need = needs.at(plan.topic);
        std::vector<std::string> missing;
        plan.fields = telemetry::fieldsFor(plan.topic, need, _schemas.at(plan.topic), missing);
        plan.pieces.clear();
        makePieces(plan, need.ranges);
    }
    std::erase_if(_plans, [](Plan const &plan) { return plan.fields.empty() || plan.pieces.empty(); });
}

void InfluxSamples::addPlan(std::string const &topic, TopicNeeds const &needs) {
    auto const &schema = _schemas.at(topic);
    if (!schema.exists) {
        common::log::warning("\"" + net::hostOf(_influx.server().url) + "\" has no topic \"" + topic + "\"",
                             "look at its name, and at --influx-db");
        return;
    }
    if (schema.fields.empty()) {
        common::log::warning("\"" + topic + "\" has no samples in retention policy \""
                                 + _influx.server().retention + "\"",
                             "look at --retention");
        return;
    }
    std::vector<std::string> missing;
    auto fields = telemetry::fieldsFor(topic, needs, schema, missing);
    tellMissing(topic, missing);
    for (auto const &field : fields) {
        if (field.mixed) {
            common::log::warning(
                "\"" + topic + "\": field " + field.name + " has other types in other parts of the database",
                "its values are given as the type that InfluxDB prefers, and may lack where it "
                "has another");
        }
    }
    if (fields.empty() || needs.ranges.empty()) return;
    _plans.push_back({topic, std::move(fields), _scale, {}});
}

/// By the first sample of each topic, as dbb-efd-join does.
void InfluxSamples::settleScales(std::map<std::string, TopicNeeds> const &needs) {
    if (_scale != SourceScale::Eras) return;
    std::vector<std::string> statements;
    std::vector<Plan *> asked;
    for (auto &plan : _plans) {
        if (!_schemas.at(plan.topic).fields.contains(sentStamp)) continue;
        auto const &ranges = needs.at(plan.topic).ranges;
        auto const begin = inScale(ranges.front(), SourceScale::Utc).begin_ns;
        statements.push_back("SELECT " + telemetry::quotedIdentifier(sentStamp) + " FROM "
                             + _influx.source(plan.topic) + telemetry::within({begin, ranges.back().end_ns})
                             + " LIMIT 1");
        asked.push_back(&plan);
    }
    auto const results = _influx.ask(statements);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        telemetry::TextPool texts;
        telemetry::forEachRow(Json(Json::Object{{"results", Json::Array{results[i]}}}), SourceScale::Utc,
                              [&](telemetry::NamedRow const &row) {
                                  if (row.fields.empty()) return;
                                  auto const sent = telemetry::nsOfSeconds(
                                      telemetry::valueOf(row.fields.front().second, texts));
                                  if (!sent) return;
                                  auto const isUtc = telemetry::isUtcByStamp(row.t_ns, *sent);
                                  asked[i]->has_scale = isUtc.has_value();
                                  if (isUtc) asked[i]->scale = *isUtc ? SourceScale::Utc : SourceScale::Tai;
                              });
    }
}

void InfluxSamples::makePieces(Plan &plan, std::vector<Window> const &ranges) const {
    auto const length = telemetry::longestRange(plan.fields.size());
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    for (auto const &range : ranges) {
        auto whole = inScale(range, plan.scale);
        // At an inserted second two ranges may meet.
        whole.begin_ns = std::max(whole.begin_ns, last);
        if (whole.end_ns <= whole.begin_ns) continue;
        last = whole.end_ns;
        auto const pieces = telemetry::cut(whole, length);
        plan.pieces.insert(plan.pieces.end(), pieces.begin(), pieces.end());
    }
}

std::string InfluxSamples::identityOf(Plan const &plan, std::vector<telemetry::Field> const &fields,
                                      TimeRange const &range) const {
    Json::Array names;
    for (auto const &field : fields)
        names.push_back(Json(Json::Array{field.name, static_cast<int>(field.type), field.mixed}));
    auto const &server = _influx.server();
    return Json(Json::Object{{"url", server.url},
                             {"database", server.database},
                             {"retention", server.retention},
                             {"topic", plan.topic},
                             {"fields", std::move(names)},
                             {"begin_ns", range.begin_ns},
                             {"end_ns", range.end_ns}})
        .dump();
}

void InfluxSamples::read(SampleSink const &sink) {
    for (auto const &plan : _plans) {
        if (common::stopSignal() != 0) return;
        readTopic(plan, sink);
    }
}

void InfluxSamples::readTopic(Plan const &plan, SampleSink const &sink) {
    if (!plan.has_scale) {
        TimeRange const all{plan.pieces.front().begin_ns, plan.pieces.back().end_ns};
        ++_counts.missing;
        return sink.missing(plan.topic, plan.scale, all, noScale(plan.topic));
    }
    std::size_t next = 0;
    auto const all = plan.pieces.size();
    auto const &known = _schemas.at(plan.topic).fields;
    if (auto const sent = known.find(sentStamp); _scale == SourceScale::Eras && sent != known.end()) {
        // The first samples bring what tells their scale, for those who read them.
        auto fields = plan.fields;
        bool const has = std::any_of(fields.begin(), fields.end(),
                                     [](telemetry::Field const &field) { return field.name == sentStamp; });
        if (!has) fields.push_back(sent->second);
        for (std::size_t count = 1; next < all; count *= 2) {
            auto const begin = std::exchange(next, std::min(all, next + count));
            if (readPieces(plan, fields, begin, next, sink) > 0) break;
        }
    }
    readPieces(plan, plan.fields, next, all, sink);
}

/// Pieces of the cache, and what lies between them of the server. \return bytes
std::int64_t InfluxSamples::readPieces(Plan const &plan, std::vector<telemetry::Field> const &fields,
                                       std::size_t begin, std::size_t end, SampleSink const &sink) {
    std::int64_t bytes = 0;
    SampleSink const counting{.lines =
                                  [&](std::string const &topic, SourceScale scale, std::string_view lines) {
                                      bytes += static_cast<std::int64_t>(lines.size());
                                      sink.lines(topic, scale, lines);
                                  },
                              .missing = sink.missing};
    auto first = begin; // of those that are to be asked for
    for (auto i = begin; _cache && i < end && common::stopSignal() == 0; ++i) {
        auto const identity = identityOf(plan, fields, plan.pieces[i]);
        if (!_cache->has(identity)) continue;
        ask(plan, fields, first, i, counting);
        first = i;
        bool const had = _cache->read(
            identity, [&](std::string_view lines) { counting.lines(plan.topic, plan.scale, lines); });
        if (!had) continue;
        ++_counts.cached;
        first = i + 1;
    }
    ask(plan, fields, first, end, counting);
    return bytes;
}

void InfluxSamples::ask(Plan const &plan, std::vector<telemetry::Field> const &fields, std::size_t begin,
                        std::size_t end, SampleSink const &sink) {
    if (begin == end || common::stopSignal() != 0) return;
    std::vector<TimeRange> const ranges(plan.pieces.begin() + static_cast<std::ptrdiff_t>(begin),
                                        plan.pieces.begin() + static_cast<std::ptrdiff_t>(end));
    std::unique_ptr<SampleCache::Piece> kept;
    std::size_t current = ranges.size();
    bool whole = true;
    // A piece is told of by several calls, or by none before its end.
    auto const open = [&](std::size_t number) {
        if (current == number) return;
        current = number;
        whole = true;
        if (_cache && ranges[number].end_ns <= utcNow() - _settle_ns)
            kept = _cache->begin(identityOf(plan, fields, ranges[number]));
    };
    telemetry::SampleTaker const taker{
        .lines =
            [&](std::size_t number, std::string_view lines, std::int64_t rows) {
                open(number);
                if (kept) kept->add(lines);
                _counts.rows += rows;
                sink.lines(plan.topic, plan.scale, lines);
            },
        .missing =
            [&](std::size_t number, TimeRange const &part, common::Error const &e) {
                open(number);
                whole = false;
                ++_counts.missing;
                sink.missing(plan.topic, plan.scale, part, e);
            },
        .done =
            [&](std::size_t number) {
                open(number);
                ++_counts.asked;
                if (kept && whole) kept->keep();
                kept.reset();
            },
    };
    _influx.read(plan.topic, fields, ranges, taker);
}

} // namespace dbb::efd
