/// \file
/// Datasets as a repository has them, found by dataset type, run and data ID, whatever their UUID is.
#pragma once

#include "butler/collections.h"
#include "butler/datasets.h"
#include "butler/repository.h"
#include "common/uuid.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dbb::butler {

/// A file of a dataset.
struct StoredFile {
    std::size_t datastore = 0;    ///< index in Config::datastores
    std::string path;             ///< as recorded
    std::int64_t size_bytes = -1; ///< as recorded, -1 when it was not
    std::string checksum;         ///< as recorded, empty when it was not
    std::string component;        ///< wholeDataset, or a part of it
};

struct StoredDataset {
    std::string id;                ///< with hyphens
    std::vector<StoredFile> files; ///< by datastore; empty: registered, but not stored
    /// Of its exposure, only when that was asked for: when it began, TAI nanoseconds, and its filter.
    std::optional<std::int64_t> exposure_begin_tai_ns;
    std::string exposure_filter;
};

/// Which dataset is meant; both pointers must live as long as the call.
struct WantedDataset {
    DatasetType const *type = nullptr;
    std::int64_t run_id = 0;
    DataId const *data_id = nullptr;
    bool with_exposure = false; ///< of a type that has the dimension
};

/// Find datasets: for each what the registry has, nullopt for nothing. One round trip for all of them where
/// the database is a server. \throws Error what concerns the repository, not one dataset
std::vector<std::optional<StoredDataset>> findDatasets(Repository const &repo,
                                                       std::vector<WantedDataset> const &wanted);

/// A whole dataset that is stored.
struct StoredById {
    std::int64_t type_id = 0;
    std::int64_t run_id = 0;
    std::string path;
    std::int64_t size_bytes = -1; ///< as recorded, -1 when it was not
};

/// Of these UUIDs those that are stored as one file, by their hexadecimal digits: one quick look, and one
/// round trip on a server. None in repositories with several datastores, each of which would have to be
/// looked at.
std::unordered_map<std::string, StoredById> findStored(Repository const &repo,
                                                       std::vector<common::Uuid> const &ids);

} // namespace dbb::butler
