#include "ingest/why_file.h"

#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/uri.h"
#include "ingest/scan.h"
#include "ingest/why_engine.h"
#include "ingest/why_stored.h"
#include "ingest/why_writable.h"
#include "manifest/reason.h"

#include <algorithm>
#include <cctype>
#include <sys/stat.h>

namespace dbb::ingest {

using common::Error;
using common::ExitCode;
using common::Json;
using manifest::Record;

namespace {

bool sameFile(std::string const &a, std::string const &b) {
    struct stat sa {};
    struct stat sb {};
    return ::stat(a.c_str(), &sa) == 0 && ::stat(b.c_str(), &sb) == 0 && sa.st_dev == sb.st_dev
           && sa.st_ino == sb.st_ino;
}

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
    auto const at = std::find_if(table.detectors.begin(), table.detectors.end(),
                                 [&](instrument::Detector const &d) { return d.id == number; });
    return at == table.detectors.end() ? "" : " (" + at->full_name + ")";
}

/// How a file compares with the one that is stored instead of it.
std::string comparison(StoredFile const &stored, std::string const &outcome) {
    if (stored.gone || stored.file.empty()) return "";
    return outcome == "failed" ? " (another one)" : " (equal in size and header)";
}

std::string shown(StoredFile const &stored) {
    return stored.file.empty() ? stored.path : stored.file;
}

} // namespace

FileWalk::FileWalk(WhyOptions const &options)
    : _options(options), _caught(options.standard),
      _describer({.corrections = options.corrections, .check_data = options.check_data}) {
    _ingesterOptions.transfer = transferNamed(options.transfer);
    _ingesterOptions.run = options.run;
    _ingesterOptions.update_records = options.update_records;
    _ingesterOptions.dry_run = true;
}

void FileWalk::look(std::string const &path, Sink const &sink) {
    _subject = path;
    Scanner scanner({.paths = {}, .checksums = {}}, _caught.sink(), [&](Record record) {
        answerUnscanned(sink);
        sink(walk(std::move(record)));
    });
    scanner.scan(path.starts_with("file://") ? common::pathOfUri(path) : path);
    answerUnscanned(sink);
}

/// A file keeps the name by which it was asked for; one of a folder goes by its path.
Answer FileWalk::answerFor(std::string const &file) const {
    bool const asked = _subject == common::fileUri(file) || common::absolutePath(_subject) == file;
    Answer out(asked ? _subject : file, "read");
    out.facts.set("uri", file);
    return out;
}

/// Files that the scanner could not look at.
void FileWalk::answerUnscanned(Sink const &sink) {
    for (auto const &record : _caught.take()) {
        auto answer = answerFor(record.text("uri"));
        fail(answer, WalkStep::Describe, record.get("error"));
        sink(answer);
    }
}

Answer FileWalk::walk(Record record) {
    auto answer = answerFor(record.text("uri"));
    std::vector<Record> records{std::move(record)};
    if (auto const error = describeAll(_describer, records, 1).front()) {
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
    } else if (openRepo(answer)) {
        ingest(answer, records.front());
    }
    return answer;
}

void FileWalk::noteDescription(Answer &answer, Record const &record) const {
    auto const instrument = record.text("instrument");
    auto const dataId = record.get("data_id");
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

bool FileWalk::openRepo(Answer &answer) {
    if (!_repo && !_repoError) {
        try {
            _repo = butler::Repository::open(_options.repo, butler::Access::ReadOnly);
        } catch (Error const &e) {
            if (e.exitCode() == ExitCode::Usage) throw;
            _repoError = e;
        }
    }
    if (!_repoError) return true;
    answer.fail("commit", manifest::errorObject(*_repoError), _repoError->exitCode());
    answer.remedy = withWord(answer.remedy, "REPO", _options.repo);
    return false;
}

/// The second half of the walk: a dry run, then what a dry run does not try.
void FileWalk::ingest(Answer &answer, Record const &record) try {
    std::optional<Record> receipt;
    Ingester ingester(*_repo, _ingesterOptions, _caught.sink(),
                      [&](Record const &r, std::string const &) { receipt = r; });
    ingester.add(record);
    ingester.commit();
    answer.facts.set("repo", _repo->config().root);
    if (receipt) {
        noteReceipt(answer, *receipt);
    } else {
        auto const error = _caught.take().front().get("error");
        passIngestStages(answer, stageOfError(WalkStep::Ingest, error["code"].string()));
        fail(answer, WalkStep::Ingest, error);
    }
    noteStored(answer, record);
    answer.remedy =
        withWord(withWord(answer.remedy, "REPO", _options.repo), "NAME", record.text("instrument"));
} catch (Error const &e) {
    if (e.exitCode() == ExitCode::Usage) throw;
    _caught.take();
    fail(answer, WalkStep::Ingest, e);
}

void FileWalk::noteReceipt(Answer &answer, Record const &receipt) {
    auto const ingest = receipt.get("ingest");
    auto const path = ingest["path"].string();
    answer.outcome = ingest["outcome"].string();
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
    auto const source = common::pathOfUri(receipt.text("uri"));
    if (auto const e = placeObstacle(_repo->config(), _ingesterOptions.transfer, source, path)) {
        return fail(answer, WalkStep::Ingest, *e);
    }
    answer.pass("transfer", "would be stored as " + path);
    if (auto const e = commitObstacle(_options.repo)) return fail(answer, WalkStep::Ingest, *e);
    answer.pass("commit");
    answer.facts.set("planned",
                     Json().set("path", path).set("run", receipt.get("run")).set("id", receipt.get("id")));
}

/// What the repository has of the same exposure and detector, in the run that was asked for and in others.
void FileWalk::noteStored(Answer &answer, Record const &record) const {
    auto const dataId = record.get("data_id");
    auto const run = _options.run.empty() ? record.text("run") : _options.run;
    auto const source = common::pathOfUri(record.text("uri"));
    auto const files = storedFiles(*_repo, record.text("dataset_type"), record.text("instrument"),
                                   dataId["exposure"].integer(), dataId["detector"].integer());
    Json::Array elsewhere;
    for (auto const &stored : files) {
        bool const same = !stored.file.empty() && sameFile(source, stored.file);
        auto entry = toJson(stored);
        entry.set("same_file", same);
        if (stored.run != run) {
            elsewhere.push_back(entry);
            answer.remarks.push_back("also in run " + stored.run + ": " + shown(stored) + ", since "
                                     + shownUtc(stored.ingest_date_utc));
            continue;
        }
        answer.facts.set("ingested", entry);
        answer.remarks.push_back("stored     " + shown(stored));
        if (!same) answer.remarks.push_back("this file  " + source + comparison(stored, answer.outcome));
        answer.remarks.push_back("since      " + shownUtc(stored.ingest_date_utc));
        answer.remarks.push_back("run        " + stored.run);
        answer.remarks.push_back("id         " + stored.id);
        if (!stored.gone || answer.outcome == "failed") continue;
        answer.status = common::worse(answer.status, ExitCode::Incomplete);
        answer.remedy = "put the file back there, or remove the dataset and ingest it again";
        answer.remarks.push_back("remedy     " + answer.remedy);
    }
    if (!elsewhere.empty()) answer.facts.set("also", elsewhere);
}

} // namespace dbb::ingest
