#include "ingest/why_ingested.h"

#include "butler/stored_path.h"
#include "common/uri.h"
#include "ingest/why_stored.h"

#include <sys/stat.h>

namespace dbb::ingest {

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

/// How a file compares with the one that is stored instead of it.
std::string comparison(StoredFile const &stored, Json const &error) {
    if (error["code"] == Json("OTHER_ORIGIN")) return " (another one)";
    bool const compared = error.isNull() && !stored.gone && !stored.file.empty();
    // Of members of zip files the sizes alone are compared.
    bool const isMember = butler::artifactOf(stored.path) != stored.path;
    return !compared ? "" : isMember ? " (equal in size)" : " (equal in size and header)";
}

/// The file, and which member of it.
std::string shown(StoredFile const &stored) {
    auto const member = stored.path.substr(butler::artifactOf(stored.path).size());
    return stored.file.empty() ? stored.path : stored.file + member;
}

} // namespace

void noteIngested(Answer &answer, butler::Repository const &repo, Record const &record,
                  std::string const &asked) {
    auto const dataId = record.get("data_id");
    // A guider's file whose exposure is not there.
    if (!dataId["exposure"].isInt()) return;
    auto const run = asked.empty() ? record.text("run") : asked;
    auto const source = common::pathOfUri(record.text("uri"));
    auto const files = storedFiles(repo, record.text("dataset_type"), record.text("instrument"),
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
        if (!same) answer.remarks.push_back("this file  " + source + comparison(stored, answer.error()));
        answer.remarks.push_back("since      " + shownUtc(stored.ingest_date_utc));
        answer.remarks.push_back("run        " + stored.run);
        answer.remarks.push_back("id         " + stored.id);
        if (!stored.gone || !answer.error().isNull()) continue;
        answer.status = common::worse(answer.status, ExitCode::Incomplete);
        answer.remedy = "put the file back there, or remove the dataset and ingest it again";
        answer.remarks.push_back("remedy     " + answer.remedy);
    }
    if (!elsewhere.empty()) answer.facts.set("also", elsewhere);
}

} // namespace dbb::ingest
