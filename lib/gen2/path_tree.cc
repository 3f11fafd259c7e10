#include "gen2/path_tree.h"

#include "common/text.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dbb::gen2 {

namespace {

std::size_t newKeys(Element const &element) {
    return static_cast<std::size_t>(
        std::count_if(element.begin(), element.end(), [](Piece const &p) { return p.isKey() && !p.known; }));
}

bool isLiteral(Element const &element) {
    return element.size() == 1 && !element.front().isKey();
}

std::string_view compressionOf(std::string_view name) {
    for (std::string_view const suffix : {".gz", ".fz"})
        if (name.size() > suffix.size() && name.ends_with(suffix)) return suffix;
    return {};
}

} // namespace

struct PathTree::Node {
    struct Target {
        std::size_t owner;
        std::size_t rank;
        bool compressible;
    };
    struct Edge {
        Element element;
        std::unique_ptr<Node> child;
        std::size_t rank; ///< lowest of the templates that it is of
        std::size_t keys; ///< number of keys that it brings

        bool operator<(Edge const &other) const {
            return std::pair(rank, keys) < std::pair(other.rank, other.keys);
        }
    };
    std::unordered_map<std::string, std::unique_ptr<Node>> named;
    std::vector<Edge> edges;
    std::vector<Target> targets; ///< of templates that end here
    std::vector<Ahead> ahead;    ///< each template that goes on

    Node &childFor(Element const &element, std::size_t rank) {
        if (isLiteral(element)) {
            auto &child = named[element.front().text];
            if (!child) child = std::make_unique<Node>();
            return *child;
        }
        auto known =
            std::find_if(edges.begin(), edges.end(), [&](Edge const &e) { return e.element == element; });
        if (known == edges.end())
            known = edges.insert(known, {element, std::make_unique<Node>(), rank, newKeys(element)});
        known->rank = std::min(known->rank, rank);
        auto &child = *known->child;
        std::stable_sort(edges.begin(), edges.end());
        return child;
    }

    Node const *childNamed(std::string_view name) const {
        auto const at = named.find(std::string(name));
        return at == named.end() ? nullptr : at->second.get();
    }
};

PathTree::PathTree() : _root(std::make_unique<Node>()) {}
PathTree::~PathTree() = default;
PathTree::PathTree(PathTree &&) noexcept = default;

void PathTree::add(PathTemplate const &pathTemplate, std::size_t owner, std::size_t rank) {
    auto *node = _root.get();
    auto const written = common::split(pathTemplate.text().substr(0, pathTemplate.text().find('[')), '/');
    for (std::size_t i = 0; i < pathTemplate.elements().size(); ++i) {
        node->ahead.push_back({pathTemplate.text(), written[i]});
        node = &node->childFor(pathTemplate.elements()[i], rank);
    }
    node->targets.push_back({owner, rank, pathTemplate.allowsCompressed()});
}

PathTree::Place PathTree::root() const {
    Place out;
    out._ways.push_back({_root.get(), {}});
    return out;
}

PathTree::Place PathTree::below(Place const &place, std::string_view folder) const {
    Place out;
    out._undecided = place._undecided;
    for (auto const &way : place._ways) {
        if (auto const *child = way.node->childNamed(folder)) out._ways.push_back({child, way.values});
        for (auto const &edge : way.node->edges) {
            auto values = way.values;
            auto const fit = matches(edge.element, folder, values);
            if (fit == Fit::Yes) out._ways.push_back({edge.child.get(), std::move(values)});
            out._undecided = out._undecided || fit == Fit::Undecided;
        }
    }
    // Files only end these ways.
    std::erase_if(out._ways,
                  [](Place::Way const &w) { return w.node->named.empty() && w.node->edges.empty(); });
    return out;
}

PathTree::Match PathTree::find(Place const &place, std::string_view file) const {
    Match out;
    out.undecided = place._undecided;
    auto const compression = compressionOf(file);
    for (auto const &way : place._ways) {
        if (findIn(way, file, {}, out)) return out;
        if (!compression.empty()
            && findIn(way, file.substr(0, file.size() - compression.size()), compression, out))
            return out;
    }
    return {.owners = {}, .values = {}, .compression = {}, .undecided = out.undecided};
}

/// \param compression  that was cut off the file's name
bool PathTree::findIn(Place::Way const &way, std::string_view file, std::string_view compression,
                      Match &out) const {
    auto const take = [&](Node const &node) {
        std::size_t best = std::numeric_limits<std::size_t>::max();
        for (auto const &target : node.targets) {
            if (!compression.empty() && !target.compressible) continue;
            if (target.rank < best) out.owners.clear();
            best = std::min(best, target.rank);
            if (target.rank == best) out.owners.push_back(target.owner);
        }
        out.compression = compression;
        out.undecided = out.undecided && out.owners.empty();
        return !out.owners.empty();
    };
    if (!way.node->named.empty()) {
        auto const *child = way.node->childNamed(file);
        if (child && take(*child)) {
            out.values = way.values;
            return true;
        }
    }
    if (way.node->edges.empty()) return false;
    out.values = way.values;
    for (auto const &edge : way.node->edges) {
        if (edge.child->targets.empty()) continue;
        auto const fit = matches(edge.element, file, out.values);
        if (fit == Fit::Yes && take(*edge.child)) return true;
        out.undecided = out.undecided || fit == Fit::Undecided;
        out.values.shorten(way.values.size());
    }
    return false;
}

std::vector<PathTree::Ahead> PathTree::ahead(Place const &place) const {
    std::vector<Ahead> out;
    for (auto const &way : place._ways) out.insert(out.end(), way.node->ahead.begin(), way.node->ahead.end());
    return out;
}

} // namespace dbb::gen2
