/// \file
/// Where the PostgreSQL registry of a configuration is.
#pragma once

#include "common/json.h"
#include "sql/database.h"

#include <string>

namespace dbb::butler {

/// Whether registry.db means a PostgreSQL database: postgresql:// or postgresql+driver://.
bool isPostgres(std::string const &url);

/// The parts of such a URL; each may be empty. \throws Error BAD_URI with the reason
sql::PostgresTarget splitPostgresUrl(std::string const &url);

/// The target of `postgresql[+driver]://[user[:password]@][host][:port]/database`, as SQLAlchemy reads it:
/// percent-encoded, what is missing taken from registry.username, .password, .host, .port and .database.
/// \param registry  section registry of the configuration; its namespace is the schema
/// \throws Error BAD_URI with the reason
sql::PostgresTarget postgresTarget(std::string const &url, common::Json const &registry);

} // namespace dbb::butler
