// dbb-repo: create a Gen3 repository, register instruments, show what it holds.

#include "common/lines.h"
#include "common/options.h"
#include "manifest/stream.h"
#include "ingest/repo_create.h"
#include "ingest/repo_register.h"
#include "ingest/repo_show.h"

#include <unistd.h>

using namespace dbb;
using common::Options;

int main(int argc, char **argv) {
    std::string repo;
    ingest::RegisterOptions registering;
    ingest::ShowOptions showing;
    common::StandardOptions standard;

    Options options("dbb-repo", "Create a Gen3 repository, register instruments, show what it holds");
    options.standard(standard, 0)
        .example("dbb-repo create new-repo", "make an empty repository")
        .example("dbb-repo register-instrument repo LATISS LSSTCam", "add two cameras");

    options.verb("create", "Create an empty repository")
        .positional("REPO", repo, "Folder of the new repository")
        .standard(standard, Options::Effects)
        .example("dbb-repo create new-repo", "make an empty repository in the folder new-repo");

    options.verb("register-instrument", "Register instruments with their detectors and filters")
        .positional("REPO", repo, "Folder, butler.yaml or label of the repository")
        .positionals("NAME", registering.instruments, "Names of instruments", true)
        .flag("--update", registering.update, "Change records that differ instead of failing")
        .standard(standard, Options::Effects)
        .example("dbb-repo register-instrument repo LSSTCam", "add LSSTCam")
        .example("dbb-repo register-instrument -n --update repo HSC", "see whether HSC would change");

    options.verb("show", "Show what a repository holds: JSON Lines, or a table on a terminal")
        .positional("REPO", repo, "Folder, butler.yaml or label of the repository")
        .positional("WHAT", showing.what, "collections, dataset-types, datasets or records")
        .positional("ELEMENT", showing.element, "Kind of records, for example exposure (default: all)", false)
        .value("--where", showing.where, "EXPR", "Only rows that meet this condition")
        .choice("--format", showing.format, {"json", "table"}, "Form of the output")
        .example("dbb-repo show repo datasets --where \"day_obs = 20250415\"", "datasets of a night")
        .example("dbb-repo show repo records exposure | jq 'select(.record) | .record.id'", "ids of all exposures");

    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] {
        common::Output out(STDOUT_FILENO);
        auto const verb = options.chosenVerb();
        auto status = common::ExitCode::Done;
        registering.repo = showing.repo = repo;
        registering.dry_run = standard.dry_run;
        if (verb == "create") ingest::createRepository(repo, standard.dry_run);
        if (verb == "register-instrument") status = ingest::registerInstruments(registering, out);
        if (verb == "show") ingest::show(showing, ::isatty(STDOUT_FILENO) == 1, out);
        out.flush();
        return status;
    });
}
