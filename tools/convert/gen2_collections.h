/// \file
/// The collections that the datasets of a scan will be in, and the chains over them.
#pragma once

#include "convert/gen2_finding.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace dbb::convert {

class Gen2Collections {
public:
    Gen2Collections(gen2::Policy const &policy, gen2::Repository const &root)
        : _policy(policy), _root(root) {}

    /// A rerun whose chain is wanted.
    void addRerun(Gen2Source const &source);
    /// A dataset that will be converted.
    void addDataset(Gen2Source const &source, std::string const &run);

    /// Make no chains of reruns without a dataset that will be converted. \return the names of these reruns
    std::vector<std::string> leaveOutEmpty();

    /// The lines: children before the chains that they are in.
    void write(std::function<void(manifest::Record const &)> const &take);

private:
    struct Rerun {
        Gen2Source source;
        std::set<std::string> runs; ///< of its own datasets
        bool is_left_out = false;   ///< it gets no chain
    };
    std::vector<std::string> rootChildren() const;
    void addRunsOf(std::string const &rerun, std::vector<std::string> &children, std::set<std::string> &seen);
    void warnOfOther(std::string const &name, std::string const &parent);
    std::string rerunOf(std::string const &folder) const;
    void findPlaces();

    gen2::Policy const &_policy;
    gen2::Repository const &_root;
    std::map<std::string, Rerun> _reruns;       ///< by name
    std::map<std::string, std::string> _places; ///< names of reruns by their folders, links resolved
    std::set<std::string> _warned;
    std::string _below; ///< what the folders of others begin with
    std::set<std::string> _runs;
    std::set<std::string> _rootRuns;
};

} // namespace dbb::convert
