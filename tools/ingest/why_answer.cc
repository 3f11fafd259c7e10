#include "ingest/why_answer.h"

#include "manifest/reason.h"
#include "manifest/record.h"

#include <algorithm>
#include <array>

namespace dbb::ingest {

using common::ExitCode;
using common::Json;

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

std::string textIn(Json const &object, std::string_view key) {
    auto const &value = object[key];
    if (value.isNull()) return {};
    return value.isString() ? value.string() : value.dump();
}

/// `card EXPTIME is "long"`
std::string found(Json const &cause) {
    auto const card = textIn(cause, "card");
    auto const column = textIn(cause, "column");
    auto const value = textIn(cause, "value");
    auto const what = card.empty() ? column : "card " + card;
    if (what.empty() || value.empty()) return what + value;
    // Some causes have a whole clause for a value.
    return value.find(' ') != std::string::npos && value.starts_with(card.empty() ? column : card)
               ? value
               : what + " is \"" + value + "\"";
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

Answer::Stage &Answer::at(std::string_view stage) {
    auto const at =
        std::find_if(_stages.begin(), _stages.end(), [&](Stage const &s) { return s.name == stage; });
    return at == _stages.end() ? _stages.back() : *at;
}

void Answer::pass(std::string_view stage, std::string note) {
    at(stage).outcome = Outcome::Ok;
    at(stage).note = std::move(note);
}

void Answer::note(std::string_view stage, std::string text) {
    at(stage).note = std::move(text);
}

void Answer::fail(std::string_view stage, Json error, ExitCode exit) {
    at(stage).outcome = Outcome::Failed;
    at(stage).note = textIn(error, "message");
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

std::string Answer::headline(Page const &page) const {
    auto out = _subject + (where.empty() ? "" : " (" + where + ")");
    auto const *dash = page.style().utf8 ? " — " : " - ";
    if (outcome == "failed") return out + dash + textIn(_error, "code");
    if (outcome == "existing") return out + dash + "ingested";
    if (outcome == "planned") return out + dash + "nothing is wrong, dbb-ingest would take it";
    return out + dash + "nothing is wrong so far";
}

void Answer::printError(Page &page) const {
    auto const code = textIn(_error, "code");
    auto const &cause = _error["cause"];
    page.detail("found", found(cause));
    page.detail("expected", textIn(cause, "expected"));
    page.detail("meaning", std::string(manifest::reasonOf(code).meaning));
    page.detail("remedy", remedy);
    page.detail("again", _error["retry"] == Json(true) ? "trying again can help, once that is done"
                                                       : "trying again does not help as long as that is so");
}

void Answer::print(Page &page) const {
    if (page.wantsJson()) return page.json(json());
    page.heading(headline(page));
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
    page.heading(headline(page));
    page.marked(Page::Mark::Failed, textIn(_error, "stage"), textIn(_error, "message"));
    printError(page);
}

} // namespace dbb::ingest
