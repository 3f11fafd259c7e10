// dbb-repo: create a Gen3 repository, register instruments, show what it holds.

#include "common/lines.h"
#include "common/options.h"
#include "ingest/repo_create.h"
#include "ingest/repo_register.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    std::string folder;
    ingest::RegisterOptions reg;
    common::StandardOptions std;

    common::Options options("dbb-repo", "Create a Gen3 repository, register instruments, show what it holds");
    options.standard(std, 0)
        .example("dbb-repo create /repo/main", "make an empty repository")
        .example("dbb-repo register-instrument /repo/main LATISS LSSTCam", "add two cameras");

    auto &create = options.verb("create", "Create an empty repository");
    create.positional("REPO", folder, "Folder of the new repository")
        .standard(std, common::Options::Effects)
        .example("dbb-repo create /repo/main", "make an empty repository in /repo/main");

    auto &add = options.verb("register-instrument", "Register instruments with their detectors and filters");
    add.positional("REPO", reg.repo, "Folder, butler.yaml or label of the repository")
        .positionals("NAME", reg.instruments, "Names of instruments", true)
        .flag("--update", reg.update, "Change records that differ instead of failing")
        .standard(std, common::Options::Effects)
        .example("dbb-repo register-instrument /repo/main LSSTCam", "add LSSTCam");

    if (auto const status = options.parse(argc, argv)) return *status;
    return common::guarded([&] {
        common::Output out(STDOUT_FILENO);
        reg.dry_run = std.dry_run;
        if (options.chosenVerb() == "create") ingest::createRepository(folder, std.dry_run);
        if (options.chosenVerb() == "register-instrument") ingest::registerInstruments(reg, out);
        out.flush();
        return common::ExitCode::Done;
    });
}
