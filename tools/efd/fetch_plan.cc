#include "efd/fetch_plan.h"

#include "common/calendar.h"
#include "common/json.h"
#include "common/text.h"

#include <algorithm>
#include <cmath>

namespace dbb::efd {

using common::Json;

namespace {

/// About what InfluxDB's JSON takes, before compression.
constexpr std::int64_t bytesOfRow = 24, bytesOfValue = 9;
constexpr std::size_t countedAtOnce = 100;

} // namespace

FetchPlan::FetchPlan(telemetry::Influx &influx, InfluxSamples const &samples, std::optional<double> rate_hz)
    : _influx(influx) {
    for (auto const &plan : samples.plans()) {
        auto const part = planOf(plan, rate_hz);
        _all.requests += part.requests;
        _all.statements += part.statements;
        _all.values += part.values;
        _all.bytes += part.bytes;
        _all.span.begin_ns =
            _topics.empty() ? part.span.begin_ns : std::min(_all.span.begin_ns, part.span.begin_ns);
        _all.span.end_ns = std::max(_all.span.end_ns, part.span.end_ns);
        _topics.emplace_back(plan.topic, part);
    }
}

FetchPlan::Part FetchPlan::planOf(InfluxSamples::Plan const &plan, std::optional<double> rate_hz) {
    Part out;
    auto const effort = _influx.effortOf(plan.topic, plan.fields, plan.pieces);
    out.requests = effort.requests;
    out.statements = effort.statements;
    out.span = inTai({plan.pieces.front().begin_ns, plan.pieces.back().end_ns}, plan.scale);
    std::int64_t rows = 0;
    if (rate_hz) {
        double seconds = 0;
        for (auto const &piece : plan.pieces)
            seconds += static_cast<double>(piece.end_ns - piece.begin_ns) / 1e9;
        rows = std::llround(seconds * *rate_hz);
        out.values = rows * static_cast<std::int64_t>(plan.fields.size());
    } else {
        std::vector<std::string> statements;
        for (auto const &piece : plan.pieces) {
            for (std::size_t begin = 0; begin < plan.fields.size(); begin += countedAtOnce) {
                std::vector<std::string> counts;
                for (auto f = begin; f < std::min(begin + countedAtOnce, plan.fields.size()); ++f)
                    counts.push_back("COUNT(" + telemetry::quotedIdentifier(plan.fields[f].name) + ")");
                statements.push_back("SELECT " + common::join(counts, ",") + " FROM "
                                     + _influx.source(plan.topic) + telemetry::within(piece));
            }
        }
        for (auto const &result : _influx.ask(statements)) {
            std::int64_t most = 0;
            telemetry::forEachValues(result, [&](Json::Array const &row) {
                for (std::size_t i = 1; i < row.size(); ++i) {
                    if (!row[i].isInt()) continue;
                    out.values += row[i].integer();
                    most = std::max(most, row[i].integer());
                }
            });
            rows += most;
        }
    }
    out.bytes = rows * bytesOfRow + out.values * bytesOfValue;
    return out;
}

void FetchPlan::printPart(common::Output &output, std::string const &topic, Part const &part) {
    Json::Object line{{"type", "plan"}, {"topic", topic.empty() ? Json() : Json(topic)}};
    line.emplace_back("requests", part.requests);
    line.emplace_back("statements", part.statements);
    line.emplace_back("values", part.values);
    line.emplace_back("bytes", part.bytes);
    line.emplace_back("begin_tai", common::isoFromNs(part.span.begin_ns));
    line.emplace_back("end_tai", common::isoFromNs(part.span.end_ns));
    output.write(Json(std::move(line)).dump());
}

void FetchPlan::print(common::Output &output) const {
    for (auto const &[topic, part] : _topics) printPart(output, topic, part);
    printPart(output, "", _all);
}

} // namespace dbb::efd
