/// \file
/// Which of the datasets of a Gen2 repository are told of.
#pragma once

#include "common/error.h"
#include "convert/gen2_finding.h"
#include "gen2/layout.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dbb::convert {

/// As on the command line.
struct Gen2Choice {
    std::vector<std::string> reruns;        ///< globs of names
    std::vector<std::string> only;          ///< root, calib, reruns
    std::vector<std::string> dataset_types; ///< globs of Gen2 or Gen3 names
    std::string where;
    std::string day_obs; ///< A..B or one day, see common::dayRangeFrom
};

class Gen2Selection {
public:
    /// \param rerun  that was named in the place of a root, empty: none
    /// \throws Error USAGE
    Gen2Selection(Gen2Choice choice, std::string const &rerun);
    ~Gen2Selection();

    bool hasRoot() const { return _root; }
    bool hasCalib() const { return _calib; }
    bool hasReruns() const { return _reruns; }
    /// Whether the outputs of a rerun are wanted.
    bool wantsRerun(std::string const &name) const;
    /// Patterns of reruns, empty: all.
    std::vector<std::string> const &rerunPatterns() const { return _choice.reruns; }

    /// Compile --where. \param names  of all keys and columns that there are. \throws Error USAGE
    void compile(std::vector<std::string> const &names);

    bool wantsType(Finding const &finding);
    /// The conditions on what a line says: --where and --day-obs.
    bool wantsLine(manifest::Record const &line);

    /// Warnings about options that nothing met. \param types  names that dataset types can have
    /// \param reruns  names of those that were gone through
    std::vector<common::Error> unmet(std::vector<std::string> const &types,
                                     std::vector<std::string> const &reruns) const;

private:
    struct Where;
    /// Of how many datasets a condition was asked, and how many met it.
    struct Met {
        std::int64_t asked = 0;
        std::int64_t met = 0;
        bool count(bool isMet);
        bool isByNone() const { return asked > 0 && met == 0; }
    };
    Gen2Choice _choice;
    bool _root = true;
    bool _calib = true;
    bool _reruns = true;
    std::optional<std::pair<std::int64_t, std::int64_t>> _days;
    std::unique_ptr<Where> _where;
    std::set<std::string> _metTypes; ///< patterns of dataset types that something met
    Met _metDays;
    Met _metWhere;
};

} // namespace dbb::convert
