#include "ingest/why_answer.h"

#include "manifest/reason.h"
#include "manifest/record.h"

#include <algorithm>
#include <array>

namespace dbb::ingest {

using common::ExitCode;
using common::Json;
using common::textIn;

namespace {

constexpr std::array<std::string_view, 7> stages{"input",    "read",     "recognise", "translate",
                                                 "register", "transfer", "commit"};

std::string_view nameOf(Answer::Outcome outcome) {
    switch (outcome) {
    case Answer::Outcome::Ok: return "ok";
    case Answer::Outcome::Failed: return "failed";
    case Answer::Outcome::NotReached: break;
    }
    return "not_reached";
}

/// What is at fault: `card EXPTIME`.
std::string placeOf(Json const &cause) {
    auto const card = textIn(cause, "card");
    return card.empty() ? textIn(cause, "column") : "card " + card;
}

/// `card EXPTIME is "long"`, empty when there is no value.
std::string found(Json const &cause) {
    auto const value = textIn(cause, "value");
    auto const place = placeOf(cause);
    auto const card = textIn(cause, "card");
    // Some causes have a whole clause for a value.
    if (value.empty() || place.empty() || (!card.empty() && value.starts_with(card + " "))) return value;
    return place + " is \"" + value + "\"";
}

} // namespace

std::span<std::string_view const> whyStages() {
    return stages;
}

std::string_view stageOfError(WalkStep step, std::string_view code) {
    auto const stage = manifest::reasonOf(code).stage;
    auto const among = [&](std::initializer_list<std::string_view> names) {
        return std::find(names.begin(), names.end(), stage) != names.end();
    };
    if (step == WalkStep::Describe) return among({"recognise", "translate"}) ? stage : "read";
    if (among({"register", "transfer", "commit"})) return stage;
    return stage == "read" ? "transfer" : "register";
}

Answer::Answer(std::string subject, std::string_view first) : _subject(std::move(subject)) {
    for (auto at = std::find(stages.begin(), stages.end(), first); at != stages.end(); ++at) {
        _stages.push_back({*at, Outcome::NotReached, ""});
    }
}

/// nullptr for a stage that is none of these, as a reject of another version may name.
Answer::Stage *Answer::find(std::string_view stage) {
    auto const at =
        std::find_if(_stages.begin(), _stages.end(), [&](Stage const &s) { return s.name == stage; });
    return at == _stages.end() ? nullptr : &*at;
}

void Answer::pass(std::string_view stage, std::string text) {
    if (auto *at = find(stage)) *at = {at->name, Outcome::Ok, std::move(text)};
}

void Answer::note(std::string_view stage, std::string text) {
    if (auto *at = find(stage)) at->note = std::move(text);
}

void Answer::fail(std::string_view stage, Json error, ExitCode exit) {
    if (auto *at = find(stage)) *at = {at->name, Outcome::Failed, textIn(error, "message")};
    _error = std::move(error);
    _error.set("stage", stage);
    remedy = textIn(_error, "hint");
    if (remedy.empty()) remedy = manifest::reasonOf(textIn(_error, "code")).remedy;
    outcome = "failed";
    status = exit;
}

void Answer::fail(std::string_view stage, Json error) {
    bool const retry = error["retry"] == Json(true);
    fail(stage, std::move(error), retry ? ExitCode::Incomplete : ExitCode::SomeFailed);
}

Json Answer::json() const {
    Json out;
    out.set("type", "why").set("subject", _subject).set("outcome", outcome);
    Json::Array list;
    for (auto const &stage : _stages) {
        Json entry;
        list.push_back(entry.set("stage", stage.name).set("outcome", nameOf(stage.outcome)));
    }
    out.set("stages", list);
    if (!_error.isNull()) out.set("error", _error);
    if (!remedy.empty()) out.set("remedy", remedy);
    if (facts.isObject()) {
        for (auto const &[key, value] : facts.object()) out.set(key, value);
    }
    return out;
}

std::string Answer::headline() const {
    auto out = _subject + (where.empty() ? "" : " (" + where + ")") + ": ";
    if (outcome == "failed") return out + textIn(_error, "code");
    if (outcome == "existing") {
        return out + (status == ExitCode::Done ? "ingested" : "ingested, but its file is gone");
    }
    if (outcome == "planned") return out + "nothing is wrong, dbb-ingest would take it";
    return out + "nothing is wrong so far";
}

void Answer::printError(Page &page) const {
    auto const code = textIn(_error, "code");
    auto const &cause = _error["cause"];
    auto const value = found(cause);
    page.detail(value.empty() ? "at" : "found", value.empty() ? placeOf(cause) : value);
    page.detail("expected", textIn(cause, "expected"));
    page.detail("meaning", std::string(manifest::reasonOf(code).meaning));
    page.detail("remedy", remedy);
    page.detail("again", _error["retry"] == Json(true) ? "trying again can help, once that is done"
                                                       : "trying again does not help as long as that is so");
}

void Answer::print(Page &page) const {
    if (page.wantsJson()) return page.json(json());
    page.heading(headline());
    for (auto const &stage : _stages) {
        auto const mark = stage.outcome == Outcome::Ok       ? Page::Mark::Ok
                          : stage.outcome == Outcome::Failed ? Page::Mark::Failed
                                                             : Page::Mark::Open;
        page.marked(mark, stage.name, stage.note);
        if (stage.outcome == Outcome::Failed) printError(page);
    }
    for (auto const &remark : remarks) page.line("  " + remark);
}

void Answer::printShort(Page &page) const {
    if (page.wantsJson()) return page.json(json());
    page.heading(headline());
    page.marked(Page::Mark::Failed, textIn(_error, "stage"), textIn(_error, "message"));
    printError(page);
}

} // namespace dbb::ingest
