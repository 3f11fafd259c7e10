/// \file
/// Datasets that a dry run would have stored, files that it would have made and taken away, for what comes
/// after it.
#pragma once

#include "common/uuid.h"
#include "sql/database.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dbb::butler {

/// A dataset with its one file.
struct PlannedDataset {
    std::string source;           ///< absolute path of the file that it would come from
    bool leads_to_source = false; ///< the path that would be recorded is the source's, or a link to it
    std::int64_t size_bytes = -1; ///< as it would be recorded, -1: it would not
    /// In each datastore that would have it: index in Config::datastores, and path as it would be recorded.
    std::vector<std::pair<std::size_t, std::string>> files;
};

/// A file below the root of a datastore.
struct PlannedFile {
    std::string source;   ///< absolute path of what it would be made of
    bool is_link = false; ///< as a symbolic link to it
};

/// Datastores are indices in Config::datastores, sources absolute paths.
class PlannedDatasets {
public:
    /// \param db  gets tables for it; must live as long
    explicit PlannedDatasets(sql::Database &db);

    void add(common::Uuid const &id, PlannedDataset const &dataset);
    std::optional<PlannedDataset> find(common::Uuid const &id) const;
    /// Whether a dataset would have this path in a datastore. The first question takes a while.
    bool isRecorded(std::size_t datastore, std::string const &path) const;

    /// Note that a file would be made. \param path  below the root
    void addFile(std::size_t datastore, std::string const &path, PlannedFile const &file);
    /// That it would be removed again, unless a dataset has it.
    void eraseFile(std::size_t datastore, std::string const &path);
    /// What would be made there, nullopt: nothing.
    std::optional<PlannedFile> fileAt(std::size_t datastore, std::string const &path) const;

    /// Note that a source would be gone.
    void addMoved(std::string const &source);
    bool isMoved(std::string const &source) const;

private:
    sql::Database &_db;
    bool _anyMoved = false;
    mutable bool _hasPathIndex = false;
};

} // namespace dbb::butler
