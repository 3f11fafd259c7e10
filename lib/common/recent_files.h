/// \file
/// What the last files said, so that a file is read once for all that is asked of it.
#pragma once

#include "common/file.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace dbb::common {

/// Remembers what was made of files until they change. Several threads need a lock of their own around it.
template<typename T>
class RecentFiles {
public:
    /// \param most  files that are remembered
    explicit RecentFiles(std::size_t most) : _most(most) {}

    /// \param stat  of the file now \param load  makes a std::shared_ptr<T const> of a path, null too; what
    /// it throws goes to the caller, and nothing is remembered
    template<typename F>
    std::shared_ptr<T const> at(std::string const &path, FileStat const &stat, F const &load) {
        auto const known = _known.find(path);
        if (known != _known.end() && known->second.stat.looksLike(stat)) return known->second.content;
        std::shared_ptr<T const> content = load(path);
        if (_known.size() >= _most) _known.clear();
        return (_known[path] = {stat, std::move(content)}).content;
    }

private:
    struct Known {
        FileStat stat;
        std::shared_ptr<T const> content;
    };
    std::size_t _most;
    std::map<std::string, Known> _known;
};

} // namespace dbb::common
