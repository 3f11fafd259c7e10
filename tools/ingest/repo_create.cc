#include "ingest/repo_create.h"

#include "butler/postgres_config.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/log.h"

namespace dbb::ingest {

namespace {

/// \throws Error USAGE for what can be no target
void requireTarget(CreateOptions const &options) {
    constexpr std::size_t longestName = 63; // PostgreSQL cuts what is longer
    if (options.schema.size() > longestName)
        throw common::usageError("--namespace: a name has at most 63 bytes, not "
                                 + std::to_string(options.schema.size()));
    sql::PostgresTarget target;
    try {
        target = butler::postgresTarget(options.registry, {});
    } catch (common::Error const &e) {
        throw common::usageError("--registry: \"" + options.registry + "\": " + e.message());
    }
    if (!target.password.empty())
        throw common::usageError(
            "--registry: a password would stand in butler.yaml, where others can read it",
            "put it into ~/.lsst/db-auth.yaml or ~/.pgpass; see dbb(7), ENVIRONMENT");
}

} // namespace

void createRepository(std::string const &folder, CreateOptions const &options) {
    if (!options.schema.empty() && options.registry.empty())
        throw common::usageError("--namespace is of a PostgreSQL registry",
                                 "give --registry postgresql://…, too");
    if (!options.registry.empty() && !butler::isPostgres(options.registry))
        throw common::usageError("--registry: \"" + options.registry + "\" is no postgresql:// URL");
    if (!options.registry.empty()) requireTarget(options);
    if (options.dry_run) {
        butler::Repository::checkCreate(folder, options.registry, options.schema);
        common::log::info("would create a repository in \"" + folder + "\""
                          + (options.registry.empty() ? "" : " with its registry in " + options.registry));
        return;
    }
    butler::Repository::create(folder, options.registry, options.schema);
    common::log::info("created a repository in \"" + folder + "\"");
}

} // namespace dbb::ingest
