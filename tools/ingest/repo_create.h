/// \file
/// dbb-repo create: an empty repository.
#pragma once

#include <string>

namespace dbb::ingest {

/// Create an empty repository in a folder, or only check whether that could be done.
/// \throws Error REPO_EXISTS and others of Repository::create, all with exit status 4
void createRepository(std::string const &folder, bool dryRun);

} // namespace dbb::ingest
