/// \file
/// All templates of a repository as one tree over the elements of paths, so that a file is compared only with
/// templates that its folders agree with.
#pragma once

#include "gen2/path_template.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dbb::gen2 {

class PathTree {
    struct Node;

public:
    PathTree();
    ~PathTree();
    PathTree(PathTree &&) noexcept;

    /// Add a template. Of templates that match the same file the one of the lowest rank comes first, of these
    /// the one with fewer keys in the first element that differs, then the one that was added first.
    /// \param owner  what find() gives back \param rank  0: current; of older layouts greater
    void add(PathTemplate const &pathTemplate, std::size_t owner, std::size_t rank);

    /// Where a walk down the folders stands: all ways through the tree that lead to a folder.
    class Place {
    public:
        /// Whether no template leads further down.
        bool empty() const { return _ways.empty(); }

    private:
        friend class PathTree;
        struct Way {
            Node const *node;
            Values values;
        };
        std::vector<Way> _ways;
        bool _undecided = false; ///< a template may lead on, but to find out takes too long
    };

    Place root() const;
    /// The place of a folder below a place; empty when no template has such a folder.
    Place below(Place const &place, std::string_view folder) const;

    struct Match {
        std::vector<std::size_t> owners; ///< of templates that are written alike: none when nothing matches
        Values values;                   ///< of the keys in the path
        std::string_view compression;    ///< .gz or .fz when the template says nothing of it
        bool undecided = false; ///< without owners: a template may match, but to find out takes too long
    };
    /// The templates that a file at a place is of.
    Match find(Place const &place, std::string_view file) const;

    /// Templates that lead on from a place, with the element that comes next as it is written.
    struct Ahead {
        std::string pathTemplate;
        std::string element;
    };
    std::vector<Ahead> ahead(Place const &place) const;

private:
    bool findIn(Place::Way const &way, std::string_view file, std::string_view compression, Match &out) const;

    std::unique_ptr<Node> _root;
};

} // namespace dbb::gen2
