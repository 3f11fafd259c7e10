/// \file
/// Walking through the folders of a Gen2 repository, beside the tree of its templates.
#pragma once

#include "common/error.h"
#include "common/file.h"
#include "gen2/path_tree.h"

#include <compare>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace dbb::convert {

/// What a name in a folder is, with links followed.
struct TreeFile {
    enum class Kind {
        Regular,
        Dangling,
        Circular,
        Again, ///< a link to a folder that was gone through by another link
        Other
    };

    std::string path; ///< absolute
    Kind kind = Kind::Regular;
    common::FileStat stat{};     ///< when it is regular and was looked at
    std::string link{};          ///< where a symbolic link leads to, as it is written; empty: it is none
    bool is_packed_twin = false; ///< the same name without .gz or .fz stands beside it

    std::string name() const { return common::nameOf(path); }
};

/// Status of one path. nullopt when there is nothing of that name.
std::optional<TreeFile> lookAt(std::string const &path);

/// Folders and files in bytewise order of their names. Links to folders are followed, but not in circles, and
/// only the first of those that lead to the same one: two in each folder would be ever so many paths.
class TreeWalk {
public:
    struct Visitor {
        /// Whether a folder is gone into.
        std::function<bool(std::string const &path)> enter;
        /// The same of one that is a repository of its own.
        std::function<bool(std::string const &path)> enterRepository;
        std::function<void(TreeFile const &file, gen2::PathTree::Place const &place)> take;
        /// A folder that can't be read.
        std::function<void(std::string const &path, common::Error const &e)> failed;
    };

    /// \param looks  files are looked at; else only names and kinds are known
    TreeWalk(gen2::PathTree const &tree, Visitor visitor, bool looks)
        : _tree(tree), _visitor(std::move(visitor)), _looks(looks) {}

    /// Walk through a repository. Stops early when asked to (common::stopSignal()).
    void walk(std::string const &folder);

private:
    struct Folder {
        dev_t device;
        ino_t inode;
        auto operator<=>(Folder const &) const = default;
    };
    struct Entry {
        std::string name;
        unsigned char type;
    };
    class OpenFolder;
    void folder(std::string const &path, gen2::PathTree::Place const &place);
    void entry(OpenFolder const &folder, Entry const &entry, std::string const &path,
               gen2::PathTree::Place const &place, TreeFile &file);
    std::optional<TreeFile::Kind> refusalOf(OpenFolder const &folder, std::string const &name, bool isLink);

    gen2::PathTree const &_tree;
    Visitor _visitor;
    bool _looks;
    std::vector<Folder> _above; ///< the folders that the walk is in
    std::set<Folder> _linked;   ///< folders that links have led to
};

} // namespace dbb::convert
