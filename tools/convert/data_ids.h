/// \file
/// Data IDs of `gen2` lines as a repository wants them.
#pragma once

#include "butler/datasets.h"
#include "butler/repository.h"
#include "butler/skymaps.h"
#include "common/json.h"
#include "manifest/record.h"

#include <optional>
#include <string>

namespace dbb::convert {

/// Fills in skymaps and numbers of patches.
class Patches {
public:
    /// \param repo  must live as long
    /// \param skymap  of lines that name none; empty: the only one that is registered
    Patches(butler::Repository const &repo, std::string skymap)
        : _repo(repo), _skymap(std::move(skymap)), _skymaps(repo) {}

    /// Complete the data ID of a dataset that is of a patch or tract; others are left as they are.
    /// \return whether it was changed
    /// \throws Error NEEDS_SKYMAP, SKYMAP_NOT_REGISTERED, PATCH_NOT_FOUND, BAD_VALUE
    bool fill(manifest::Record const &line, common::Json &dataId);

private:
    std::string skymapOf(common::Json const &dataId);

    butler::Repository const &_repo;
    std::string _skymap;
    butler::SkyMaps _skymaps;
};

/// The values of a type's required dimensions; nullopt when one is missing or is no value of its dimension.
std::optional<butler::DataId> requiredValues(butler::Universe const &universe,
                                             butler::DatasetType const &type, common::Json const &dataId);

} // namespace dbb::convert
