#include "efd/missing_samples.h"

#include "common/text.h"
#include "efd/influx_samples.h"
#include "telemetry/needs.h"

#include <algorithm>
#include <cstdlib>

namespace dbb::efd {

namespace {

telemetry::Status statusOfCode(std::string_view code) {
    return code == "SERVER_TIMEOUT" ? telemetry::Status::Timeout : telemetry::Status::SourceError;
}

/// Cut the last word off.
std::string_view lastWord(std::string_view &text) {
    auto const at = text.rfind(' ');
    auto const out = at == std::string_view::npos ? text : text.substr(at + 1);
    text = at == std::string_view::npos ? std::string_view() : text.substr(0, at);
    return out;
}

/// Where another sample would have been used in place of those that were, at an instant; nullopt when that
/// can't be said.
std::optional<telemetry::Window> decidedBy(telemetry::Column const &column, telemetry::Window const &window,
                                           telemetry::Cell const &cell) {
    bool const known =
        cell.status == telemetry::Status::Ok && cell.n > 0 && !column.packed && column.time_field.empty();
    if (known && column.func == telemetry::Func::Interp)
        return telemetry::Window{cell.first_ns, cell.last_ns + 1};
    if (!known || column.func != telemetry::Func::Asof) return std::nullopt;
    auto const instant = window.instant(column.at), used = cell.last_ns;
    if (column.direction != telemetry::Column::Direction::Nearest)
        return telemetry::Window{std::min(used, instant), std::max(used, instant) + 1};
    auto const distance = std::abs(used - instant);
    return telemetry::Window{instant - distance, instant + distance + 1};
}

} // namespace

void MissingSamples::add(std::string const &topic, telemetry::Window const &range, common::Error const &e) {
    _parts[topic].push_back({range, statusOfCode(e.code())});
}

std::string MissingSamples::noteAll(std::string_view code) {
    _all = std::max(_all.value_or(telemetry::Status::Ok), statusOfCode(code));
    return "dbb-efd-fetch came to no end: " + std::string(code);
}

std::string MissingSamples::notePart(std::string const &topic, std::string_view begin, std::string_view end,
                                     telemetry::SourceScale scale, std::string_view code) {
    auto const from = common::wholeNumber(begin), to = common::wholeNumber(end);
    if (!from || !to) return {};
    _parts[topic].push_back({inTai({*from, *to}, scale), statusOfCode(code)});
    return "dbb-efd-fetch could not get \"" + topic + "\" from " + std::string(begin) + " to "
           + std::string(end) + ": " + std::string(code);
}

std::string MissingSamples::note(std::string_view comment, telemetry::SourceScale scale) {
    constexpr std::string_view mark = "# incomplete ";
    if (!comment.starts_with(mark)) return {};
    auto rest = comment.substr(mark.size());
    auto const why = rest, code = lastWord(rest), end = lastWord(rest), begin = lastWord(rest);
    auto out = rest.empty() ? std::string() : notePart(std::string(rest), begin, end, scale, code);
    return out.empty() ? noteAll(why) : out;
}

std::string MissingSamples::note(common::Json const &line) {
    auto const word = [&](char const *key) { return common::textIn(line, key); };
    auto out = notePart(word("topic"), word("begin_ns"), word("end_ns"), telemetry::scaleNamed(word("scale")),
                        common::textIn(line["error"], "code"));
    if (out.empty()) throw common::Error("BAD_VALUE", "it does not tell what is missing");
    return out;
}

std::optional<telemetry::Status> MissingSamples::statusOf(telemetry::Column const &column,
                                                          telemetry::Window const &window,
                                                          telemetry::Cell const &cell) const {
    auto out = _all;
    auto const at = _parts.find(column.topic);
    if (at == _parts.end()) return out;
    auto const decided = decidedBy(column, window, cell);
    for (auto const &needed : decided ? std::vector{*decided} : telemetry::rangesFor(column, window)) {
        for (auto const &part : at->second) {
            bool const touches = part.range.begin_ns < needed.end_ns && needed.begin_ns < part.range.end_ns;
            if (touches && out != telemetry::Status::SourceError) out = part.status;
        }
    }
    return out;
}

void takeAway(std::optional<telemetry::Status> missing, telemetry::Cell &cell) {
    if (missing && cell.status != telemetry::Status::EmptyWindow) cell = telemetry::Cell::problem(*missing);
}

} // namespace dbb::efd
