#include "ingest/repo_create.h"

#include "butler/postgres_config.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/log.h"

namespace dbb::ingest {

void createRepository(std::string const &folder, CreateOptions const &options) {
    if (!options.schema.empty() && options.registry.empty())
        throw common::usageError("--namespace is of a PostgreSQL registry",
                                 "give --registry postgresql://…, too");
    if (!options.registry.empty() && !butler::isPostgres(options.registry))
        throw common::usageError("--registry: \"" + options.registry + "\" is no postgresql:// URL");
    butler::Repository::checkCreate(folder);
    if (options.dry_run) {
        common::log::info("would create a repository in \"" + folder + "\"");
        return;
    }
    butler::Repository::create(folder, options.registry, options.schema);
    common::log::info("created a repository in \"" + folder + "\"");
}

} // namespace dbb::ingest
