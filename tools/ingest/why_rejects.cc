#include "ingest/why_rejects.h"

#include "common/error.h"
#include "common/lines.h"
#include "common/text_table.h"
#include "ingest/why_answer.h"
#include "manifest/reason.h"
#include "manifest/record.h"

#include <algorithm>
#include <vector>

namespace dbb::ingest {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

/// Codes are few; a file of something else may not fill the memory with others.
constexpr std::size_t maxCodes = 200;
constexpr std::size_t shownText = 100;

/// What a reject is about: its file, else the beginning of its text.
std::string subjectOf(Record const &record) {
    auto const uri = record.get("uri");
    if (uri.isString()) return uri.string();
    auto const text = record.get("text");
    if (!text.isString()) return "a line of type " + record.type();
    auto shown = text.string().substr(0, shownText);
    // Not in the middle of a character.
    while (shown.size() == shownText && !common::isUtf8(shown)) shown.pop_back();
    return "\"" + shown + (shown.size() < text.string().size() ? "…" : "") + "\"";
}

/// Somebody pipes in something else than rejects: the line itself is what is wrong.
Record refused(std::string_view text, Error const &e) {
    Record out("text");
    return out.set("text", text).set("error", manifest::errorObject(e));
}

/// The error of a line with its parts in place, whatever wrote it.
Json completed(Json error) {
    auto const code = error["code"].isString() ? error["code"].string() : std::string("(no code)");
    auto const &reason = manifest::reasonOf(code);
    error.set("code", code);
    if (!error["stage"].isString()) error.set("stage", reason.stage);
    if (!error["message"].isString()) error.set("message", reason.meaning);
    if (!error["retry"].isBool()) error.set("retry", reason.retry);
    return error;
}

} // namespace

std::string RejectsExplainer::Place::text() const {
    return (source.empty() ? "" : source + " ") + "line " + std::to_string(line);
}

void RejectsExplainer::explain(int in, std::string const &source) {
    using Status = common::LineReader::Status;
    auto const name = source.empty() ? "standard input" : "\"" + source + "\"";
    common::LineReader lines(in, '\n', name);
    for (;;) {
        if (!lines.ready()) _page.flush(); // the next read may block
        auto const status = lines.next();
        if (status == Status::End) return;
        Place const place{source, lines.number()};
        if (status == Status::Long) {
            reject(refused(lines.line(), Error("LINE_TOO_LONG", "the line is longer than 1 MiB")), place);
        } else if (!lines.line().empty()) {
            line(lines.line(), place);
        }
    }
}

void RejectsExplainer::line(std::string_view text, Place const &place) {
    Record record;
    try {
        record = Record::parse(text);
    } catch (Error const &e) {
        return reject(refused(text, e), place);
    }
    if (record.type() == "end") return;
    if (record.get("error").isObject()) return reject(record, place);
    ++_others;
}

void RejectsExplainer::reject(Record const &record, Place const &place) {
    auto const error = completed(record.get("error"));
    auto const code = error["code"].string();
    ++_rejects;
    if (_byCode.size() < maxCodes || _byCode.contains(code)) ++_byCode[code];
    auto const stage = error["stage"].string();
    auto const known = whyStages();
    Answer answer(subjectOf(record), known.front());
    // It came as far as the stage that refused it; of an unknown one nothing is known.
    for (auto const name : known) {
        if (std::find(known.begin(), known.end(), stage) == known.end() || name == stage) break;
        answer.pass(name);
    }
    answer.fail(stage, error);
    answer.where = place.text();
    answer.facts.set("source", place.source.empty() ? Json() : Json(place.source)).set("line", place.line);
    if (auto const line = record.get("line"); line.isInt() && record.type() == "text") {
        answer.facts.set("input_line", line);
        answer.where += ", which was line " + line.dump() + " of the input";
    }
    if (auto const dataId = record.get("data_id"); dataId.isObject()) answer.facts.set("data_id", dataId);
    _status = common::worse(_status, answer.status);
    answer.printShort(_page);
}

void RejectsExplainer::finish() {
    if (_page.wantsJson()) {
        Json counts{Json::Object{}};
        for (auto const &[code, count] : _byCode) counts.set(code, count);
        Json out;
        out.set("type", "summary")
            .set("rejects", _rejects)
            .set("without_error", _others)
            .set("by_code", counts);
        return _page.json(out);
    }
    if (_rejects > 0) _page.line("");
    std::vector<std::pair<std::string, std::int64_t>> sorted(_byCode.begin(), _byCode.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](auto const &a, auto const &b) { return a.second > b.second; });
    common::TextTable table({"rejects", "code", "stage", "again", "meaning"});
    for (auto const &[code, count] : sorted) {
        auto const &reason = manifest::reasonOf(code);
        bool const known = !reason.code.empty();
        table.add({std::to_string(count), code, known ? std::string(reason.stage) : "?",
                   !known         ? "?"
                   : reason.retry ? "can help"
                                  : "no",
                   std::string(reason.meaning)});
    }
    _page.table(table);
    if (_rejects == 0) _page.line("no rejects");
    if (_others > 0) _page.line("lines without an error, which are no rejects: " + std::to_string(_others));
}

} // namespace dbb::ingest
