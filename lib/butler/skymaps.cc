#include "butler/skymaps.h"

#include "common/error.h"
#include "common/text.h"

#include <algorithm>

namespace dbb::butler {

using common::Error;

namespace {

/// Tracts whose patches are remembered.
constexpr std::size_t mostTracts = 300;

/// `3,2`, as Gen2 repositories name a patch.
std::string cellText(std::pair<std::int64_t, std::int64_t> const &cell) {
    return std::to_string(cell.first) + "," + std::to_string(cell.second);
}

} // namespace

std::vector<std::string> SkyMaps::registered() const {
    std::vector<std::string> out;
    _repo.db().cached("SELECT name FROM skymap").query({}, [&](sql::Statement const &row) {
        out.push_back(row.text(0));
    });
    // A server would order them by its locale.
    std::ranges::sort(out);
    return out;
}

void SkyMaps::requireSkyMap(std::string const &skymap) const {
    if (_repo.db().cached("SELECT 1 FROM skymap WHERE name = ?").hasRow({skymap})) return;
    auto const names = registered();
    throw Error("SKYMAP_NOT_REGISTERED", "sky map \"" + skymap + "\" is not registered in \""
                                             + _repo.config().root + "\", which has "
                                             + (names.empty() ? "none" : common::join(names, ", ")))
        .cause({.column = "skymap", .value = skymap, .expected = common::join(names, ", ")});
}

/// The patches of a tract, which has some.
SkyMaps::Tract const &SkyMaps::tractOf(std::string const &skymap, std::int64_t tract) {
    auto const known = _tracts.find({skymap, tract});
    if (known != _tracts.end()) return known->second;
    Tract patches;
    _repo.db()
        .cached("SELECT cell_x, cell_y, id FROM patch WHERE skymap = ? AND tract = ?")
        .query({skymap, tract}, [&](sql::Statement const &row) {
            patches[{row.integer(0), row.integer(1)}] = row.integer(2);
        });
    if (patches.empty()) {
        requireSkyMap(skymap);
        throw Error("PATCH_NOT_FOUND",
                    "sky map \"" + skymap + "\" has no tract " + std::to_string(tract) + " with patches")
            .cause({.column = "tract", .value = std::to_string(tract), .expected = "a registered tract"});
    }
    if (_tracts.size() >= mostTracts) _tracts.clear();
    return _tracts[{skymap, tract}] = std::move(patches);
}

std::int64_t SkyMaps::patchAt(std::string const &skymap, std::int64_t tract, std::int64_t x, std::int64_t y) {
    auto const &patches = tractOf(skymap, tract);
    auto const at = patches.find({x, y});
    if (at != patches.end()) return at->second;
    auto const have = cellText(patches.begin()->first) + " to " + cellText(patches.rbegin()->first);
    throw Error("PATCH_NOT_FOUND", "tract " + std::to_string(tract) + " of sky map \"" + skymap
                                       + "\" has no patch " + cellText({x, y}) + ", only " + have)
        .cause({.column = "patch", .value = cellText({x, y}), .expected = have});
}

} // namespace dbb::butler
