/// \file
/// What dbb-repo remove-raw is to remove: which exposure, which of its datasets, which records.
#pragma once

#include "butler/collections.h"
#include "butler/dimension_records.h"
#include "butler/repository.h"
#include "ingest/repo_remove.h"

#include <optional>
#include <string>
#include <vector>

namespace dbb::ingest {

/// The exposure that was asked for.
struct WantedExposure {
    std::string instrument;
    std::int64_t id = 0;
    std::optional<butler::DimensionRecord> record; ///< none: it is not registered (any more)

    /// `LATISS 3018092000065 (AT_O_20180920_000065)`
    std::string text() const;
};

/// \throws Error USAGE when it can't be told which is meant
WantedExposure findExposure(butler::Repository const &repo, RemoveOptions const &options);

/// A dataset that is to be removed.
struct Removal {
    std::string id;           ///< as the registry has it
    std::string dataset_type; ///< with run and data ID also when only the trash knows it
    std::string run;
    common::Json data_id;
    std::optional<std::int64_t> detector;
    bool in_trash = false; ///< its removal was begun already
};

/// Raw datasets of an exposure that are in the registry, and those whose removal was not finished; by run and
/// data ID. The latter are found by the ids that raw datasets of this exposure would have. \throws
/// Error REPO_DAMAGED (exit 5) when rows are missing that would say what there is
std::vector<Removal> findRemovals(butler::Repository const &repo, WantedExposure const &exposure,
                                  RemoveOptions const &options);

/// `run R (detectors 1, 2), …`, empty for none.
std::string summaryOf(std::vector<Removal> const &removals);

/// Names of the types of datasets that have the exposure in their data ID and are none of `removals`.
std::vector<std::string> otherDatasets(butler::Repository const &repo, WantedExposure const &exposure,
                                       std::vector<Removal> const &removals);

/// Visits that are made of the exposure.
std::vector<std::int64_t> visitsOf(butler::Repository const &repo, WantedExposure const &exposure);

} // namespace dbb::ingest
