#include "ingest/repo_create.h"

#include "butler/repository.h"
#include "common/error.h"
#include "common/log.h"

namespace dbb::ingest {

void createRepository(std::string const &folder, bool dryRun) {
    butler::Repository::checkCreate(folder);
    if (dryRun) {
        common::log::info("would create a repository in \"" + folder + "\"");
        return;
    }
    butler::Repository::create(folder);
    common::log::info("created a repository in \"" + folder + "\"");
}

} // namespace dbb::ingest
