/// \file
/// Sky maps of a registry: which patch lies where in its tract.
#pragma once

#include "butler/repository.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dbb::butler {

/// Looks for patches; tracts are remembered, as many as fit a fixed space.
class SkyMaps {
public:
    /// \param repo  must live as long
    explicit SkyMaps(Repository const &repo) : _repo(repo) {}

    /// Names of all sky maps, in bytewise order.
    std::vector<std::string> registered() const;

    /// Number of the patch of a tract that is the x-th of a row and in the y-th row, from 0.
    /// \throws Error SKYMAP_NOT_REGISTERED; PATCH_NOT_FOUND when the sky map has no such tract, or the tract
    ///         no such patch
    std::int64_t patchAt(std::string const &skymap, std::int64_t tract, std::int64_t x, std::int64_t y);

private:
    using Cell = std::pair<std::int64_t, std::int64_t>; ///< x, y
    using Tract = std::map<Cell, std::int64_t>;         ///< numbers of patches
    void requireSkyMap(std::string const &skymap) const;
    Tract const &tractOf(std::string const &skymap, std::int64_t tract);

    Repository const &_repo;
    std::map<std::pair<std::string, std::int64_t>, Tract> _tracts;
};

} // namespace dbb::butler
