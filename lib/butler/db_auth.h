/// \file
/// User and password of a database from the file that the Butler's own client reads (lsst-utils, db_auth).
#pragma once

#include "sql/database.h"

namespace dbb::butler {

/// Complete what a target lacks of user and password from LSST_DB_AUTH_CREDENTIALS, a JSON text, else from
/// the YAML file LSST_DB_AUTH, else ~/.lsst/db-auth.yaml: the first entry whose `url` fits. A user that the
/// target has goes before. Without a host, file or entry nothing happens, and libpq asks its own (~/.pgpass).
/// \throws Error DB_AUTH (exit 4) for a file that others may read, or one that is not as it should be
void addCredentials(sql::PostgresTarget &target);

} // namespace dbb::butler
