/// \file
/// Reference catalogues of a Gen2 repository: shards of HTM trixels, whose depth a Python file tells.
#pragma once

#include "convert/gen2_finding.h"

#include <map>
#include <optional>
#include <string>

namespace dbb::convert {

/// The depth that a configuration assigns (`config.indexer['HTM'].depth=7`), which is read as text and never
/// executed; 7 when it assigns none. nullopt when what it assigns is no number.
std::optional<int> htmDepth(std::string const &configuration);

class Refcats {
public:
    /// \param root  folder of the root repository
    explicit Refcats(std::string root) : _root(std::move(root)) {}

    /// Fill in what a shard is in Gen3.
    void complete(Finding &finding);

private:
    std::optional<int> depthOf(std::string const &name);

    std::string _root;
    std::map<std::string, std::optional<int>> _depths; ///< by catalogue
};

} // namespace dbb::convert
