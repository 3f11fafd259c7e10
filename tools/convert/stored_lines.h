/// \file
/// Lines whose datasets a repository has already, as they say: nothing more need be looked at, and no header
/// be read.
#pragma once

#include "butler/datasets.h"
#include "butler/plan.h"
#include "butler/repository.h"
#include "butler/stored_datasets.h"
#include "intake/placement.h"
#include "manifest/record.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dbb::convert {

/// Looks for them. Datasets that are of other files, of copies or with a validity are left to those who look
/// closer.
class StoredLines {
public:
    /// \param plan  what counts as stored as well; null: nothing
    StoredLines(butler::Repository const &repo, butler::Plan const *plan);

    struct Stored {
        common::Uuid id;
        std::string path; ///< as the registry has it
    };
    /// For each line whether the dataset of its type, `run` and `data_id` is stored, and its file is the
    /// line's own, with the size that it had and has. \throws Error when the repository can't be used
    std::vector<std::optional<Stored>> find(std::vector<manifest::Record> const &lines);

    /// For each line whose file is gone whether its dataset is stored, with a file that is there: so it is
    /// after a move. \throws Error when the repository can't be used
    std::vector<std::optional<Stored>> findMoved(std::vector<manifest::Record> const &lines);

private:
    /// A dataset type in a run. Of a plan they need not be registered yet.
    struct Target {
        butler::DatasetType type;
        std::int64_t run_id = 0; ///< -1: one of both is not registered
    };
    Target const *targetOf(manifest::Record const &line);
    void forgetMissing();
    std::optional<Target> findTarget(manifest::Record const &line) const;
    std::optional<butler::DataId> valuesOf(manifest::Record const &line, Target const &target) const;
    std::optional<Stored> movedFile(manifest::Record const &line, butler::StoredDataset const &dataset) const;
    bool isOf(manifest::Record const &line, butler::StoredById const &row) const;
    bool isAway(std::string const &file) const;
    std::optional<Stored> plannedFile(manifest::Record const &line, common::Uuid const &id) const;

    butler::Repository const &_repo;
    butler::Plan const *_plan;
    intake::Placement _placement;
    std::map<std::string, std::optional<Target>> _targets; ///< by what lines say of them
};

} // namespace dbb::convert
