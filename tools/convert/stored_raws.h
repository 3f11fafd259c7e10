/// \file
/// Raw images that a repository has already, as the Gen2 registry names them: their headers need not be read
/// again.
#pragma once

#include "butler/datasets.h"
#include "butler/repository.h"
#include "intake/placement.h"
#include "manifest/record.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dbb::convert {

/// Looks for them. Datasets that are of other files, or of copies, are left to those who read the headers.
class StoredRaws {
public:
    explicit StoredRaws(butler::Repository const &repo);

    struct Stored {
        common::Uuid id;
        std::string path; ///< as the registry has it
    };
    /// For each line whether the dataset of its `run` and `data_id` is stored, and its file is the line's
    /// own, with the size that it had. \throws Error when the repository can't be used
    std::vector<std::optional<Stored>> find(std::vector<manifest::Record> const &lines);

private:
    butler::Datasets *datasetsOf(std::string const &instrument, std::string const &run);
    std::optional<std::pair<common::Uuid, butler::DataId>> identify(manifest::Record const &line,
                                                                    butler::Datasets const &datasets) const;
    std::optional<Stored> look(manifest::Record const &line, butler::Datasets &datasets) const;

    butler::Repository const &_repo;
    std::vector<intake::Placement> _placements;        ///< by datastore
    std::map<std::string, butler::Datasets> _datasets; ///< by instrument and run
};

} // namespace dbb::convert
