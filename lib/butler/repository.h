/// \file
/// An open repository: configuration, registry database, universe; compatibility is checked on opening.
#pragma once

#include "butler/config.h"
#include "butler/schema.h"
#include "butler/universe.h"
#include "common/error.h"
#include "sql/database.h"

#include <memory>
#include <string>

namespace dbb::butler {

/// Trial is for finding out whether one could write: as ReadWrite, but opening changes nothing.
enum class Access { ReadOnly, ReadWrite, Trial };

/// What to do about a live ObsCore table that was passed over: the Butler's commands.
std::string obscoreRemedy(Config const &config);

/// Open the database of a registry. What a writer that was killed left behind is rolled back first, which
/// reading alone could not do. \throws Error as openSqlite
std::unique_ptr<sql::Database> openRegistry(Config const &config, Access access);

/// Whether datasets are said to be stored in a datastore. A chain can have got another one, in which nothing
/// is yet; of a single one the name may be wrong, so that all names count.
bool storesDatasets(sql::Database &db, Config const &config, Datastore const &datastore);
/// Whether a datastore needs no root yet: in a chain it is made for the first file.
bool maySpareRoot(sql::Database &db, Config const &config, Datastore const &datastore);

/// An error that keeps a whole repository from being opened, whatever it would mean for a single file.
common::Error openingError(common::Error const &e);

class Repository {
public:
    /// Create an empty repository of universe 8 in folder `root` (made when absent), equal to that of
    /// `butler create`, with file_datastore_records in place. Nothing of it is visible before it is whole:
    /// butler.yaml appears last. \throws Error REPO_EXISTS (exit 4) when there is a butler.yaml or
    /// gen3.sqlite3 already
    /// \param url     of a PostgreSQL registry, empty: SQLite in the folder. Its schema is made when it is
    ///                not there, and must have no tables (REPO_EXISTS); the extension btree_gist must be
    ///                installed, as the Butler wants it \param schema  empty: the server's current_schema()
    static void create(std::string const &root, std::string const &url = "", std::string const &schema = "");
    /// What create() would throw for `root` because of what is there already. Changes nothing.
    static void checkCreate(std::string const &root, std::string const &url = "",
                            std::string const &schema = "");

    /// Open a repository; opening for writing adds file_datastore_records when it is missing and
    /// nothing is stored.
    /// \throws Error as readConfig and openSqlite; REPO_UNSUPPORTED (exit 5) naming the manager, its version
    /// and what
    ///         dbb can use; a live ObsCore table makes a repository unsupported for writing, unless it is to
    ///         be passed over. REPO_DAMAGED
    ///         (exit 5) when the database is no registry, SCHEMA_DAMAGED (exit 5) when datasets are stored
    ///         without that table
    /// \param ignoreObscore  write, and leave a live ObsCore table as it is
    static Repository open(std::string const &repo, Access access, bool ignoreObscore = false);

    Config const &config() const { return _config; }
    Universe const &universe() const { return _universe; }
    sql::Database &db() const { return *_db; }
    DatasetsManager datasetsManager() const { return _datasets; }
    Access access() const { return _access; }
    /// Whether it keeps a live ObsCore table, which dbb does not write to.
    bool hasObscore() const { return _obscore; }

    /// REPO_DAMAGED (exit 5) with the repository's name, for rows and columns that can't be as they are.
    common::Error damaged(std::string const &how) const;

private:
    Repository() = default;

    Config _config;
    Universe _universe;
    std::unique_ptr<sql::Database> _db;
    DatasetsManager _datasets = DatasetsManager::V2;
    Access _access = Access::ReadOnly;
    bool _obscore = false;
};

} // namespace dbb::butler
