/// \file
/// The check of a repository: finds damage by name, says how to mend it, mends what can be mended without
/// guessing. What there is to find: damageKinds() in damage.h.
#pragma once

#include "butler/damage.h"
#include "butler/repository.h"
#include "common/json.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::butler {

struct CheckOptions {
    bool files = true;           ///< look at files too
    bool repair = false;         ///< mend what can be mended
    bool dry_run = false;        ///< say what would be mended, change nothing
    bool ignore_obscore = false; ///< mend although a live ObsCore table is left as it is
    /// Called with the repository once it is open for mending.
    std::function<void(Repository const &)> mends{};
};

/// One damage, as it is told.
struct Damage {
    DamageKind const *kind = nullptr;
    common::Json where;  ///< table and key, or path
    std::string message; ///< what is wrong, one line
    std::string outcome; ///< empty: not mended; "planned" or "done"
};

struct CheckResult {
    std::map<std::string, std::int64_t> found;  ///< by name of damage
    std::map<std::string, std::int64_t> mended; ///< done, or planned in a dry run
    bool complete = true;                       ///< false: damage kept the rest from being checked
    std::vector<std::string> unchecked;         ///< why something could not be checked
    std::int64_t remote_files = 0;              ///< files at remote places, which are not looked at

    std::int64_t foundTotal() const;
    std::int64_t mendedTotal() const;
};

/// Check a repository. Memory does not grow with what it holds; queries end before anything is reported, so a
/// slow reader of the report keeps no writer waiting. Mending runs in transactions of some hundred damages,
/// each of which makes sure that the damage is still there; `report` hears of it after its commit. On a
/// server what one function looks for is one view of the registry, and who may only read can check. \param
/// report    gets each damage, in the order of damageKinds() \param progress  gets the name of what is looked
/// for next \throws Error as Repository::open, but for REPO_DAMAGED, which becomes a damage
CheckResult check(std::string const &repo, CheckOptions const &options,
                  std::function<void(Damage const &)> const &report,
                  std::function<void(std::string_view)> const &progress);

} // namespace dbb::butler
