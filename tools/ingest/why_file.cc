#include "ingest/why_file.h"

#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/uri.h"
#include "ingest/scan.h"
#include "ingest/why_engine.h"
#include "ingest/why_ingested.h"
#include "ingest/why_stored.h"
#include "ingest/why_writable.h"
#include "intake/guider.h"
#include "manifest/reason.h"

#include <algorithm>
#include <cctype>

namespace dbb::ingest {

using common::Error;
using common::ExitCode;
using common::Json;
using manifest::Record;

namespace {

/// Whether an error ends dbb-ingest, so that its own exit status tells.
bool isFatal(Error const &e) {
    return e.exitCode() != ExitCode::SomeFailed && e.exitCode() != ExitCode::Done;
}

void fail(Answer &answer, WalkStep step, Json const &error) {
    answer.fail(stageOfError(step, error["code"].string()), error);
}

void fail(Answer &answer, WalkStep step, Error const &e) {
    auto const stage = stageOfError(step, e.code());
    if (isFatal(e)) return answer.fail(stage, manifest::errorObject(e), e.exitCode());
    answer.fail(stage, manifest::errorObject(e));
}

/// The stages of the second step before the one that failed, or all.
void passIngestStages(Answer &answer, std::string_view failed) {
    for (std::string_view const stage : {"register", "transfer", "commit"}) {
        if (stage == failed) return;
        answer.pass(stage);
    }
}

/// `text` with a word in capitals replaced where it stands by itself.
std::string withWord(std::string text, std::string_view word, std::string const &value) {
    auto const isWordChar = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
        auto const end = at + word.size();
        if ((at > 0 && isWordChar(text[at - 1])) || (end < text.size() && isWordChar(text[end]))) {
            at = end;
            continue;
        }
        text.replace(at, word.size(), value);
        at += value.size();
    }
    return text;
}

std::string detectorName(instrument::Table const &table, std::int64_t number) {
    auto const at = std::find_if(table.detectors().begin(), table.detectors().end(),
                                 [&](instrument::Detector const &d) { return d.id == number; });
    return at == table.detectors().end() ? "" : " (" + at->full_name + ")";
}

/// What a real run would have against a line that a dry run accepts, such as the name of a header dump.
std::optional<Error> lineObstacle(Record const &record, std::string const &run) try {
    intake::RecordsMemory memory;
    intake::parseRawLine(record, run, false, memory);
    return std::nullopt;
} catch (Error const &e) {
    return e;
}

} // namespace

FileWalk::FileWalk(WhyOptions const &options)
    : _options(options), _caught(options.standard), _describer({.headers = options.headers}) {
    _ingesterOptions.transfer = intake::transferNamed(options.transfer);
    _ingesterOptions.run = options.run;
    _ingesterOptions.update_records = options.update_records;
    _ingesterOptions.dry_run = true;
}

void FileWalk::look(std::string const &subject, Sink const &sink) {
    _subject = subject;
    auto path = subject;
    try {
        if (path.find("://") != std::string::npos) path = common::pathOfUri(subject);
    } catch (Error const &e) {
        Answer answer(subject, "read");
        fail(answer, WalkStep::Describe, e);
        return sink(answer);
    }
    // The URI of a member asks for it alone.
    auto const member = common::memberOfUri(subject);
    bool found = member.empty();
    auto const answer = [&](Record record) {
        answerUnscanned(sink);
        if (!member.empty() && common::memberOfUri(record.text("uri")) != member) return;
        found = true;
        sink(walk(std::move(record)));
    };
    Scanner scanner({.paths = {}, .checksums = {}}, _caught.sink(),
                    [&](Record record) { _describer.expand(std::move(record), _caught.sink(), answer); });
    scanner.scan(path);
    found = answerUnscanned(sink) || found;
    if (found) return;
    Answer none(subject, "read");
    fail(none, WalkStep::Describe,
         Error("BAD_ZIP",
               "\"" + common::shownUri(subject) + "\": the zip file's indexes name no such member"));
    sink(none);
}

/// A file keeps the name by which it was asked for; one of a folder or zip file goes by its path.
Answer FileWalk::answerFor(std::string const &uri) const {
    auto const file = common::shownUri(uri);
    bool const asked = _subject == common::fileUri(file) || common::absolutePath(_subject) == file;
    Answer out(asked ? _subject : file, "read");
    out.facts.set("uri", uri);
    return out;
}

/// Files that the scanner could not look at. \return whether there were any
bool FileWalk::answerUnscanned(Sink const &sink) {
    auto const unscanned = _caught.take();
    for (auto const &record : unscanned) {
        auto answer = answerFor(record.text("uri"));
        fail(answer, WalkStep::Describe, record.get("error"));
        sink(answer);
    }
    return !unscanned.empty();
}

Answer FileWalk::walk(Record record) {
    auto answer = answerFor(record.text("uri"));
    bool const open = !_options.repo.empty() && openRepo();
    if (open && noteOtherDataset(answer, common::pathOfUri(record.text("uri")))) return answer;
    std::vector<Record> records{std::move(record)};
    auto const described = intake::describeAll(_describer, records, 1);
    for (auto const &[index, e] : _describer.takeBrokenIndexes())
        answer.remarks.push_back("warning: " + e.message());
    if (auto const &error = described.front()) {
        auto const failed = stageOfError(WalkStep::Describe, error->code());
        for (std::string_view const stage : {"read", "recognise", "translate"}) {
            if (stage == failed) break;
            answer.pass(stage);
        }
        // The status of a program that can't go on is not meant for a single file.
        answer.fail(failed, manifest::errorObject(*error));
        return answer;
    }
    noteDescription(answer, records.front());
    if (_options.repo.empty()) {
        answer.outcome = "described";
        answer.note("register", "not looked at; --repo REPO goes on");
    } else if (open) {
        ingest(answer, records.front());
    } else {
        failRepo(answer);
    }
    return answer;
}

void FileWalk::noteGuider(Answer &answer, Record const &record) const {
    auto const detector = record.get("data_id")["detector"].integer();
    answer.pass("read");
    answer.pass("recognise", record.text("instrument"));
    answer.pass("translate", "guider of exposure " + record.text("obs_id") + ", detector "
                                 + std::to_string(detector)
                                 + detectorName(instrument::tableOf(record.text("instrument")), detector));
    answer.facts.set("instrument", record.text("instrument")).set("data_id", record.get("data_id"));
    answer.facts.set("obs_id", record.text("obs_id"));
}

void FileWalk::noteDescription(Answer &answer, Record const &record) const {
    auto const instrument = record.text("instrument");
    auto const dataId = record.get("data_id");
    if (record.has("obs_id")) return noteGuider(answer, record);
    auto const obsId = record.get("records")["exposure"]["obs_id"].string();
    auto const filter = record.text("physical_filter");
    auto const detector = dataId["detector"].integer();
    auto const &table = instrument::tableOf(instrument);
    answer.pass("read");
    answer.pass("recognise", instrument);
    answer.pass("translate", "exposure " + dataId["exposure"].dump() + " (" + obsId + "), detector "
                                 + std::to_string(detector) + detectorName(table, detector) + ", filter "
                                 + filter);
    answer.facts.set("instrument", instrument).set("data_id", dataId).set("obs_id", obsId);
    answer.facts.set("physical_filter", filter);
    if (auto const warnings = record.get("describe")["warnings"]; warnings.isArray()) {
        answer.facts.set("warnings", warnings);
        for (auto const &warning : warnings.array()) answer.remarks.push_back("warning: " + warning.string());
    }
}

bool FileWalk::openRepo() {
    if (!_repo && !_repoError) {
        try {
            _repo = butler::Repository::open(_options.repo, butler::Access::ReadOnly);
        } catch (Error const &e) {
            if (e.exitCode() == ExitCode::Usage) throw;
            _repoError = withHolder(e, _options.repo);
        }
    }
    return !_repoError;
}

void FileWalk::failRepo(Answer &answer) const {
    answer.fail("commit", manifest::errorObject(*_repoError), _repoError->exitCode());
    answer.remedy = withWord(answer.remedy, "REPO", _options.repo);
}

/// A file that the repository has as something else than a raw image: no header need say what it is.
bool FileWalk::noteOtherDataset(Answer &answer, std::string const &file) const try {
    auto const dataset = datasetOfFile(*_repo, file);
    if (!dataset || dataset->dataset_type == "raw" || dataset->dataset_type == intake::guiderType)
        return false;
    answer.outcome = "existing";
    answer.note("recognise", "not looked at; it is no raw image");
    answer.pass("register", dataset->dataset_type + " " + dataset->data_id.dump());
    answer.pass("transfer");
    answer.pass("commit");
    answer.remarks.push_back("run        " + dataset->run);
    answer.remarks.push_back("id         " + dataset->id);
    answer.facts.set("repo", _repo->config().root)
        .set("dataset_type", dataset->dataset_type)
        .set("data_id", dataset->data_id)
        .set("run", dataset->run)
        .set("id", dataset->id);
    return true;
} catch (Error const &) {
    return false; // what is wrong with the repository is told where the walk comes to it
}

/// The second half of the walk: a dry run, then what a dry run does not try.
void FileWalk::ingest(Answer &answer, Record const &record) try {
    if (!_ingester) {
        _ingesterOptions.plan = std::make_shared<butler::Plan>(*_repo);
        _ingester.emplace(*_repo, _ingesterOptions, _caught.sink(),
                          [this](Record const &r, std::string const &) { _receipt = r; });
    }
    _receipt.reset();
    _ingester->add(record);
    _ingester->commit();
    answer.facts.set("repo", _repo->config().root);
    if (_receipt) {
        noteIngested(answer, *_repo, *_receipt, _options.run);
        noteReceipt(answer, record, *_receipt);
    } else {
        auto const error = _caught.take().front().get("error");
        passIngestStages(answer, stageOfError(WalkStep::Ingest, error["code"].string()));
        fail(answer, WalkStep::Ingest, error);
        noteIngested(answer, *_repo, record, _options.run);
    }
    answer.remedy =
        withWord(withWord(answer.remedy, "REPO", _options.repo), "NAME", record.text("instrument"));
} catch (Error const &e) {
    if (e.exitCode() == ExitCode::Usage) throw;
    _caught.take();
    fail(answer, WalkStep::Ingest, withHolder(e, _options.repo));
}

namespace {

/// Root of the datastore that a receipt names, if there are several.
std::string const &rootOf(butler::Repository const &repo, Json const &name) {
    auto const &all = repo.config().datastores;
    auto const named = std::ranges::find_if(all, [&](auto const &one) { return Json(one.name) == name; });
    return named == all.end() ? all.front().root : named->root;
}

} // namespace

void FileWalk::noteReceipt(Answer &answer, Record const &record, Record const &receipt) {
    auto const ingest = receipt.get("ingest");
    auto const path = ingest["path"].string();
    answer.outcome = ingest["outcome"].string();
    // A file that is asked for twice is not ingested the second time, and another one of its dataset was
    // refused.
    auto const id = common::Uuid::fromText(receipt.text("id"));
    if (_ingesterOptions.plan->datasets.find(id.value())) answer.outcome = "planned";
    answer.pass("register");
    if (ingest["updated"].isObject()) {
        answer.facts.set("updated", ingest["updated"]);
        answer.note("register", "would replace values that differ: " + ingest["updated"].dump());
    }
    if (answer.outcome == "existing") {
        answer.pass("transfer");
        answer.pass("commit");
        return;
    }
    if (auto const e = lineObstacle(record, _options.run)) return fail(answer, WalkStep::Ingest, *e);
    auto const source = common::pathOfUri(record.text("uri"));
    auto const place =
        placeObstacle(rootOf(*_repo, ingest["datastore"]), _ingesterOptions.transfer, source, path);
    auto const commit = commitObstacle(_options.repo, _options.ignore_obscore);
    // The registry is opened before a file is touched, but locked after it.
    if (place && (!commit || commit->code() == "REPO_LOCKED")) return fail(answer, WalkStep::Ingest, *place);
    bool const known = answer.facts.find("ingested") != nullptr;
    if (!place) answer.pass("transfer", (known ? "is stored as " : "would be stored as ") + path);
    if (commit) return fail(answer, WalkStep::Ingest, *commit);
    answer.pass("commit");
    answer.facts.set("planned",
                     Json().set("path", path).set("run", receipt.get("run")).set("id", receipt.get("id")));
}

} // namespace dbb::ingest
