/// \file
/// dbb-repo create: an empty repository.
#pragma once

#include <string>

namespace dbb::ingest {

/// Create an empty repository in a folder, or only check whether that could be done.
struct CreateOptions {
    std::string registry; ///< URL of a PostgreSQL database, empty: SQLite in the folder
    std::string schema;   ///< of it, empty: the server's current one
    bool dry_run = false;
};
/// \throws Error REPO_EXISTS and others of Repository::create, all with exit status 4
void createRepository(std::string const &folder, CreateOptions const &options);

} // namespace dbb::ingest
