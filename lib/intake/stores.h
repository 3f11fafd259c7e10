/// \file
/// The datastores of a repository, as files come into them.
#pragma once

#include "butler/config.h"
#include "intake/placed_zips.h"
#include "intake/placement.h"

#include <deque>

namespace dbb::intake {

/// One datastore.
struct Store {
    /// \param isFirst  of a chain: from a move the others get copies, which do not share its file
    Store(butler::Datastore const &datastore, bool isFirst, Transfer transfer, Ownership ownership,
          bool dryRun)
        : table(datastore.records_table), checksum(datastore.checksum),
          placement(datastore.root, !isFirst && transfer == Transfer::Move ? Transfer::Copy : transfer,
                    ownership),
          zips(placement, dryRun) {}

    std::string table; ///< of file records
    bool checksum;     ///< whether it wants checksums
    Placement placement;
    PlacedZips zips;
};

/// In the order of Config::datastores.
using Stores = std::deque<Store>;

} // namespace dbb::intake
