/// \file
/// Headers that stand beside their files: in the index of a folder, or in a sidecar.
#pragma once

#include "common/error.h"
#include "common/recent_files.h"
#include "instrument/sidecar.h"
#include "intake/header_options.h"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dbb::intake {

/// Finds them; one object serves several threads and remembers the indexes of the last folders.
class Beside {
public:
    explicit Beside(HeaderOptions const &options)
        : _indexes(options.search_indexes), _sidecars(options.sidecars) {}

    struct Found {
        instrument::Content content;
        std::string from; ///< path of the index or sidecar
    };
    /// What the index of its folder says of a file. An index that can't be read is as good as none, see
    /// takeBroken().
    std::optional<Found> inIndex(std::string const &path);
    /// What the sidecar of a file says. \throws Error BAD_SIDECAR when there is one that can't be read
    std::optional<Found> inSidecar(std::string const &path) const;

    /// An entry of an index can't be read.
    void reportBroken(std::string const &index, common::Error const &e);
    /// Indexes that could not be read, each once: path, and why.
    std::vector<std::pair<std::string, common::Error>> takeBroken();

private:
    std::shared_ptr<instrument::HeaderIndex const> indexAt(std::string const &path);
    std::shared_ptr<instrument::HeaderIndex const> loadIndex(std::string const &path);
    void addBroken(std::string const &index, common::Error const &e);

    bool _indexes;
    bool _sidecars;
    std::mutex _mutex;
    common::RecentFiles<instrument::HeaderIndex> _known{2}; ///< null: broken
    std::set<std::string> _reported;
    std::vector<std::pair<std::string, common::Error>> _broken;
};

/// Whether a path is that of an index.
bool isIndex(std::string const &path);

/// \throws Error BAD_INDEX, NOT_FOUND …, with the path in front
instrument::HeaderIndex readIndex(std::string const &path);

/// The paths that an index names, in its order. \throws Error as readIndex
std::vector<std::string> filesOfIndex(std::string const &path);

} // namespace dbb::intake
