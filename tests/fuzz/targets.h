/// \file
/// What reads foreign bytes, each with inputs to begin from. A new target is an entry in targets.cc.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace dbb::fuzz {

struct Target {
    std::string name;
    /// Reads an input. May throw common::Error and nothing else.
    std::function<void(std::string const &)> run;
    /// See Mutator::mutate.
    std::size_t unit;
    std::vector<std::string> corpus;
};

/// \param data  tests/data
/// \param repo  a filled repository, which stays as it is; empty: targets that need one are left out
std::vector<Target> targets(std::string const &data, std::string const &repo);

} // namespace dbb::fuzz
