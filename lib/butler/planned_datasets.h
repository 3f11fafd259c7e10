/// \file
/// Datasets that a dry run would have stored and files that it would have made, for what comes after it.
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
    std::int64_t size_bytes = -1; ///< as it would be recorded, -1: it would not
    /// In each datastore that would have it: index in Config::datastores, and path as it would be recorded.
    std::vector<std::pair<std::size_t, std::string>> files;
};

class PlannedDatasets {
public:
    /// \param db  gets tables for it; must live as long
    explicit PlannedDatasets(sql::Database &db);

    void add(common::Uuid const &id, PlannedDataset const &dataset);
    std::optional<PlannedDataset> find(common::Uuid const &id) const;

    /// Note that a file would be made. \param datastore  index in Config::datastores \param path  below its
    /// root \param source  absolute path of what it would be made of
    void addFile(std::size_t datastore, std::string const &path, std::string const &source);
    /// That it would be removed again.
    void eraseFile(std::size_t datastore, std::string const &path);
    /// What the file would be made of; empty when none is planned there.
    std::string sourceOf(std::size_t datastore, std::string const &path) const;

private:
    sql::Database &_db;
};

} // namespace dbb::butler
