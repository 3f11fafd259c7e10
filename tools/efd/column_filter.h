/// \file
/// Which columns a run is about.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

namespace dbb::efd {

class ColumnFilter {
public:
    /// \param patterns  of names, one of which must match; none: every name does
    explicit ColumnFilter(std::vector<std::string> patterns) : _patterns(std::move(patterns)) {}

    bool takesAll() const { return _patterns.empty(); }
    bool takes(std::string const &name);

private:
    std::vector<std::string> _patterns;
    std::unordered_map<std::string, bool> _seen; ///< each name is looked at once
};

} // namespace dbb::efd
