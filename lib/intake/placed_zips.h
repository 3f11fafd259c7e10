/// \file
/// Zip files of a batch on their way into the datastore.
#pragma once

#include "common/zip.h"
#include "intake/dataset_line.h"
#include "intake/placement.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace dbb::intake {

/// A zip file comes in once for all of its members, which the rows name.
class PlacedZips {
public:
    /// \param placement  must live as long
    PlacedZips(Placement const &placement, bool dryRun) : _placement(placement), _dryRun(dryRun) {}

    /// The place of a member. \param placeFile  brings the line's zip file to a path below the root
    /// \throws Error BAD_ZIP when the line speaks of another size than the zip file, else as `placeFile`
    Placed place(DatasetLine const &line, std::function<Placed(std::string const &path)> const &placeFile);

    /// A new batch begins.
    void clear() { _known.clear(); }

private:
    struct InPlace {
        Placed placed;
        std::shared_ptr<common::ZipFile const> directory;
    };
    Placement const &_placement;
    bool _dryRun;
    std::map<std::string, InPlace> _known; // by their sources
};

} // namespace dbb::intake
