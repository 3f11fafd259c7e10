// dbb-repo: create a Gen3 repository, register instruments, show, check and correct what it holds.

#include "common/lines.h"
#include "common/options.h"
#include "ingest/repo_check.h"
#include "ingest/repo_create.h"
#include "ingest/repo_register.h"
#include "ingest/repo_remove.h"
#include "ingest/repo_show.h"
#include "intake/header_options.h"
#include "intake/repository_options.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;
using common::Options;

int main(int argc, char **argv) {
    std::string repo;
    ingest::CreateOptions creating;
    ingest::RegisterOptions registering;
    ingest::ShowOptions showing;
    ingest::CheckProgramOptions checking;
    ingest::RemoveOptions removing;
    std::string instrumentDir;
    common::StandardOptions standard;

    Options options("dbb-repo",
                    "Create a Gen3 repository, register instruments, show, check and correct what it holds");
    options.standard(standard, 0)
        .example("dbb-repo create new-repo", "make an empty repository")
        .example("dbb-repo register-instrument repo LATISS LSSTCam", "add two cameras");

    options.verb("create", "Create an empty repository")
        .positional("REPO", repo, "Folder of the new repository")
        .value("--registry", creating.registry, "URL",
               "PostgreSQL database of the registry (default: SQLite)")
        .value("--namespace", creating.schema, "SCHEMA", "Schema in it (default: the server's)")
        .standard(standard, Options::Effects)
        .example("dbb-repo create new-repo", "make an empty repository in the folder new-repo");

    auto &registration =
        options.verb("register-instrument", "Register instruments with their detectors and filters")
            .positional("REPO", repo, "Folder, butler.yaml or label of the repository")
            .positionals("NAME", registering.instruments, "Names of instruments", true)
            .flag("--update", registering.update, "Change records that differ instead of failing");
    intake::addInstrumentDir(registration, instrumentDir);
    intake::addIgnoreObscore(registration, registering.ignore_obscore);
    registration.standard(standard, Options::Effects)
        .example("dbb-repo register-instrument repo LSSTCam", "add LSSTCam")
        .example("dbb-repo register-instrument -n --update repo HSC", "see whether HSC would change");

    options.verb("show", "Show what a repository holds: JSON Lines, or a table on a terminal")
        .positional("REPO", repo, "Folder, butler.yaml or label of the repository")
        .choice("WHAT", showing.what, {"collections", "dataset-types", "datasets", "nights", "records"},
                "What to list")
        .required()
        .positional("ELEMENT", showing.element, "Kind of records, for example exposure (default: all)", false)
        .value("--where", showing.where, "EXPR", "Only rows that meet this condition")
        .choice("--format", showing.format, {"json", "table"}, "Form of the output")
        .example("dbb-repo show repo datasets --where \"day_obs = 20250415\"", "datasets of a night")
        .example("dbb-repo show repo nights --format table", "what each night brought")
        .example("dbb-repo show repo records exposure | jq 'select(.record) | .record.id'",
                 "ids of all exposures");

    auto &checks =
        options
            .verb("check",
                  "Find what is damaged in a repository on SQLite, say how to mend it, mend it on demand")
            .positional("REPO", repo, "Folder, butler.yaml or label of the repository", false)
            .flag("--repair", checking.repair, "Mend what can be mended without guessing; try -n first")
            .toggle("files", checking.files, "Look whether files are there, and at their sizes")
            .flag("--orphans", checking.orphans, "List the files of the datastore that no row names")
            .value("--limit", checking.limit, "N", "Most lines for each kind (default: all; 10 in a report)",
                   0, 1000000000)
            .choice("--format", checking.format, {"json", "text"},
                    "JSON Lines, or a report (default on a terminal)")
            .flag("--list-damages", checking.list, "Print the catalogue of damages as JSON Lines and end");
    intake::addIgnoreObscore(checks, checking.ignore_obscore)
        .standard(standard, Options::Effects)
        .example("dbb-repo check repo", "what is damaged, and how to mend it")
        .example("dbb-repo check --repair -n repo", "what --repair would mend")
        .example("dbb-repo check --no-files --orphans repo | jq -r 'select(.type == \"orphan\") | .uri'",
                 "files without rows");

    auto &removal =
        options.verb("remove-raw", "Take a wrongly ingested exposure out again")
            .positional("REPO", repo, "Folder, butler.yaml or label of the repository")
            .positional("OBS_ID", removing.obs_id, "Observation id of the exposure", false)
            .value("--instrument", removing.instrument, "NAME", "Instrument of the exposure")
            .value("--exposure", removing.exposure, "ID", "Number of the exposure, instead of OBS_ID")
            .values("--detector", removing.detectors, "N", "Only this detector (repeatable)")
            .value("--run", removing.run, "RUN", "Only in this run (default: in all)")
            .flag("--keep-files", removing.keep_files, "Leave the files; then no row names them")
            .flag("--keep-records", removing.keep_records,
                  "Leave the record of the exposure, when nothing else is left");
    intake::addInstrumentDir(removal, instrumentDir);
    intake::addIgnoreObscore(removal, removing.ignore_obscore);
    removal.standard(standard, Options::Effects)
        .example("dbb-ingest --repo repo raw/LSSTCam && dbb-repo remove-raw -n repo MC_C_20190319_000001",
                 "see what would be removed")
        .example(
            "dbb-ingest --repo repo raw/LATISS && dbb-repo remove-raw repo --instrument LATISS --exposure "
            "3018092000065",
            "remove it");

    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] {
        common::Output out(STDOUT_FILENO);
        auto const verb = options.chosenVerb();
        auto status = common::ExitCode::Done;
        intake::useTableFolder(instrumentDir);
        registering.repo = showing.repo = checking.repo = removing.repo = repo;
        registering.dry_run = checking.dry_run = removing.dry_run = standard.dry_run;
        creating.dry_run = standard.dry_run;
        if (verb == "create") ingest::createRepository(repo, creating);
        if (verb == "register-instrument") status = ingest::registerInstruments(registering, out);
        if (verb == "show") ingest::show(showing, ::isatty(STDOUT_FILENO) == 1, out);
        if (verb == "check") status = ingest::checkRepository(checking, ::isatty(STDOUT_FILENO) == 1, out);
        if (verb == "remove-raw") status = ingest::removeRaw(removing, out);
        out.flush();
        return status;
    });
}
