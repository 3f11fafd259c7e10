// How the report of an exposure looks.
#include "common/text.h"
#include "ingest/why_exposure.h"

#include <algorithm>
#include <array>

namespace dbb::ingest {

using common::ExitCode;
using common::Json;
using common::textIn;
using State = DetectorState::State;

namespace {

struct StateText {
    State state;
    char const *name;
    Page::Mark mark;
};

constexpr std::array states{
    StateText{State::There, "there", Page::Mark::Ok},
    StateText{State::Missing, "missing", Page::Mark::Open},
    StateText{State::Failed, "failed", Page::Mark::Failed},
    StateText{State::Gone, "gone", Page::Mark::Failed},
};

std::size_t count(std::vector<DetectorState> const &detectors, State state) {
    return static_cast<std::size_t>(std::count_if(detectors.begin(), detectors.end(),
                                                  [&](DetectorState const &d) { return d.state == state; }));
}

/// Detectors with one purpose, purposes in the order of first appearance.
std::vector<std::vector<DetectorState>> byPurpose(std::vector<DetectorState> const &detectors) {
    std::vector<std::vector<DetectorState>> out;
    for (auto const &detector : detectors) {
        auto at = std::find_if(out.begin(), out.end(),
                               [&](auto const &group) { return group.front().purpose == detector.purpose; });
        if (at == out.end()) at = out.insert(out.end(), std::vector<DetectorState>{});
        at->push_back(detector);
    }
    return out;
}

std::vector<DetectorState> counted(std::vector<DetectorState> detectors) {
    std::erase_if(detectors, [](DetectorState const &d) { return !d.counts(); });
    return detectors;
}

Json groupJson(std::vector<DetectorState> const &group) {
    Json out;
    out.set("purpose", group.front().purpose).set("counts", group.front().counts());
    out.set("total", static_cast<std::int64_t>(group.size()));
    for (auto const &[state, name, mark] : states) {
        Json::Array names;
        for (auto const &detector : group) {
            if (detector.state == state) names.emplace_back(detector.name);
        }
        if (state != State::Gone || !names.empty()) out.set(name, names);
    }
    return out;
}

Json detectorsJson(ExposureReport const &report) {
    Json out;
    auto const all = counted(report.detectors);
    out.set("total", static_cast<std::int64_t>(all.size()));
    for (auto const &[state, name, mark] : states) {
        out.set(name, static_cast<std::int64_t>(count(all, state)));
    }
    Json::Array groups;
    for (auto const &group : byPurpose(report.detectors)) groups.push_back(groupJson(group));
    out.set("by_purpose", groups);
    Json::Array failures;
    for (std::size_t i = 0; i < report.failures.size(); ++i) {
        auto const &failure = report.failures[i];
        auto const &name = report.failed_detectors[i];
        Json entry;
        entry.set("detector", name.empty() ? Json() : Json(name)).set("uri", failure.file);
        failures.push_back(entry.set("error", failure.error));
    }
    return out.set("failures", failures);
}

std::string outcomeOf(ExposureReport const &report) {
    if (report.detectors.empty() && report.failures.empty()) return "unknown";
    switch (report.status()) {
    case ExitCode::Done: return "complete";
    case ExitCode::SomeFailed: return "failed";
    default: return "incomplete";
    }
}

Json reportJson(ExposureReport const &report) {
    auto const &exposure = report.exposure;
    Json out;
    out.set("type", "why").set("subject", report.subject).set("outcome", outcomeOf(report));
    out.set("instrument", exposure.instrument.empty() ? Json() : Json(exposure.instrument));
    out.set("exposure", exposure.id ? Json(*exposure.id) : Json());
    out.set("obs_id", exposure.obs_id.empty() ? Json() : Json(exposure.obs_id));
    out.set("registered", report.registered);
    out.set("runs", Json::Array(report.runs.begin(), report.runs.end()));
    return out.set("detectors", detectorsJson(report));
}

void printGroup(std::vector<DetectorState> const &group, Page &page) {
    auto const purpose = common::toLower(group.front().purpose);
    page.line("  " + purpose + ": " + std::to_string(count(group, State::There)) + " of "
              + std::to_string(group.size())
              + (group.front().counts() ? "" : " (no raws are expected of them)"));
    for (auto const &[state, name, mark] : states) {
        auto const number = count(group, state);
        if (number == 0 || (state == State::Missing && !group.front().counts())) continue;
        page.marked(mark, name, std::to_string(number) + "  " + compactNames(group, state));
    }
}

void printFailure(std::string const &detector, Failure const &failure, Page &page) {
    auto const &error = failure.error;
    page.marked(Page::Mark::Failed, detector.empty() ? "?" : detector, textIn(error, "code"));
    page.detail("file", failure.file);
    page.detail("cause", textIn(error, "message"));
    page.detail("remedy", textIn(error, "hint"));
}

std::string title(ExposureReport const &report) {
    auto const &exposure = report.exposure;
    auto out = report.subject;
    if (!report.registered) {
        out += ": the repository has no such exposure";
        return exposure.instrument.empty() ? out : out + " of " + exposure.instrument;
    }
    out += ": exposure " + std::to_string(*exposure.id) + " of " + exposure.instrument;
    if (exposure.obs_id != report.subject) out += ", " + exposure.obs_id;
    if (!report.kind.empty()) out += ", " + report.kind;
    return report.runs.empty() ? out : out + ", in " + common::join(report.runs, " and ");
}

} // namespace

std::string compactNames(std::vector<DetectorState> const &detectors, State state) {
    std::vector<std::string> pieces;
    for (std::size_t i = 0; i < detectors.size(); ++i) {
        if (detectors[i].state != state) continue;
        auto end = i;
        while (end + 1 < detectors.size() && detectors[end + 1].state == state) ++end;
        if (end - i >= 2) {
            pieces.push_back(detectors[i].name + ".." + detectors[end].name);
            i = end;
        } else {
            pieces.push_back(detectors[i].name);
        }
    }
    return common::join(pieces, ", ");
}

ExitCode ExposureReport::status() const {
    auto const all = counted(detectors);
    if (count(all, State::Failed) > 0 || !failures.empty()) return ExitCode::SomeFailed;
    bool const complete = !all.empty() && count(all, State::There) == all.size();
    return complete ? ExitCode::Done : ExitCode::Incomplete;
}

void ExposureReport::print(Page &page) const {
    if (page.wantsJson()) return page.json(reportJson(*this));
    page.heading(title(*this));
    if (detectors.empty()) {
        page.line("  its camera can't be told, so its detectors can't be listed; name it as INSTRUMENT/ID");
    }
    for (auto const &group : byPurpose(detectors)) printGroup(group, page);
    for (std::size_t i = 0; i < failures.size(); ++i) printFailure(failed_detectors[i], failures[i], page);
    if (count(counted(detectors), State::Missing) > 0) {
        page.line(
            "  missing: their files never came to dbb-ingest, or failed; --rejects PATH tells which failed");
    }
    if (count(detectors, State::Gone) > 0) {
        page.line("  gone: the registry has them, but their files are no more");
    }
}

} // namespace dbb::ingest
