/// \file
/// butler.yaml: where a repository's registry and files are.
#pragma once

#include "butler/constraints.h"
#include "common/json.h"
#include "sql/database.h"

#include <optional>
#include <string>
#include <vector>

namespace dbb::butler {

/// A place for the files of datasets, with the table of what lies there.
struct Datastore {
    std::string root; ///< absolute path below which relative paths of files lie
    std::string name; ///< as in dataset_location: `FileDatastore@` and the unexpanded root, or configured
    std::string records_table; ///< file_datastore_records
    bool checksum = false;     ///< datastore.checksum
    common::Json templates;    ///< datastore.templates, null when there are none; see templateFor()
    std::vector<Constraints> constraints; ///< all must accept what is stored here

    /// Whether a dataset may be stored here.
    bool accepts(Universe const &universe, Acceptable const &dataset) const;
};

/// What dbb needs of a repository's configuration.
struct Config {
    std::string file;                            ///< path of butler.yaml
    std::string root;                            ///< absolute path that <butlerRoot> stands for
    std::string sqlite_path;                     ///< absolute path of the registry, empty with PostgreSQL
    std::optional<sql::PostgresTarget> postgres; ///< the registry, when it is no SQLite file
    /// One, or the children of a chain: files are stored in all that accept them, and read from the first
    /// that has them. Those that live in memory are left out.
    std::vector<Datastore> datastores;
    bool obscore = false;              ///< registry.managers.obscore: a live ObsCore table
    std::vector<std::string> included; ///< absolute paths of the files that the configuration includes

    /// The registry for messages: path of the file, or URL without password.
    std::string registry() const { return postgres ? postgres->name() : sqlite_path; }

    /// Names of all other datastores. What the registry has under a name that is none of these may be this
    /// one's.
    std::vector<std::string> othersThan(Datastore const &datastore) const;
};

/// Text of the butler.yaml that `butler create` writes.
/// \param url     of a PostgreSQL registry, empty: SQLite \param schema  registry.namespace, empty: none
std::string freshConfigText(std::string const &url = "", std::string const &schema = "");

/// Read the configuration of a repository.
/// \param repo  folder, path of a YAML file, or a label of DAF_BUTLER_REPOSITORIES /
/// DAF_BUTLER_REPOSITORY_INDEX \throws Error REPO_NOT_FOUND (exit 4); REPO_UNSUPPORTED (exit 5) for
/// client/server, remote or
///         otherwise configured repositories, naming the key at fault; USAGE for a broken repository index
Config readConfig(std::string const &repo);

} // namespace dbb::butler
