#include "gen2/path_tree.h"

#include "common/text.h"

#include <algorithm>
#include <limits>

namespace dbb::gen2 {

namespace {

struct Target {
    std::size_t owner;
    bool compressible;
    std::size_t age;
};

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
    struct Edge {
        Element element;
        std::unique_ptr<Node> child;
        std::size_t order; ///< number of keys that it brings
    };
    std::unordered_map<std::string, std::unique_ptr<Node>> named;
    std::vector<Edge> edges;
    std::vector<Target> targets; ///< of templates that end here
    std::vector<Ahead> ahead;    ///< each template that goes on

    Node &childFor(Element const &element) {
        if (isLiteral(element)) {
            auto &child = named[element.front().text];
            if (!child) child = std::make_unique<Node>();
            return *child;
        }
        for (auto &edge : edges)
            if (edge.element == element) return *edge.child;
        auto const order = newKeys(element);
        auto const at =
            std::find_if(edges.begin(), edges.end(), [&](Edge const &e) { return e.order > order; });
        return *edges.insert(at, {element, std::make_unique<Node>(), order})->child;
    }

    Node const *childNamed(std::string_view name) const {
        auto const at = named.find(std::string(name));
        return at == named.end() ? nullptr : at->second.get();
    }
};

PathTree::PathTree() : _root(std::make_unique<Node>()) {}
PathTree::~PathTree() = default;
PathTree::PathTree(PathTree &&) noexcept = default;

void PathTree::add(PathTemplate const &pathTemplate, std::size_t owner, std::size_t age) {
    auto *node = _root.get();
    auto const written = common::split(pathTemplate.text().substr(0, pathTemplate.text().find('[')), '/');
    for (std::size_t i = 0; i < pathTemplate.elements().size(); ++i) {
        node->ahead.push_back({pathTemplate.text(), written[i]});
        node = &node->childFor(pathTemplate.elements()[i]);
    }
    node->targets.push_back({owner, pathTemplate.allowsCompressed(), age});
}

PathTree::Place PathTree::root() const {
    Place out;
    out._ways.push_back({_root.get(), {}});
    return out;
}

PathTree::Place PathTree::below(Place const &place, std::string_view folder) const {
    Place out;
    for (auto const &way : place._ways) {
        if (auto const *child = way.node->childNamed(folder)) out._ways.push_back({child, way.values});
        for (auto const &edge : way.node->edges) {
            auto values = way.values;
            if (matches(edge.element, folder, values))
                out._ways.push_back({edge.child.get(), std::move(values)});
        }
    }
    // Files only end these ways.
    std::erase_if(out._ways,
                  [](Place::Way const &w) { return w.node->named.empty() && w.node->edges.empty(); });
    return out;
}

/// The match so far.
struct PathTree::Best {
    Match match;
    std::size_t age = std::numeric_limits<std::size_t>::max();

    bool isFinal() const { return age == 0; }

    /// Take the targets of a node that a file matches, the least aged of them, when they beat what was found.
    void offer(Node const &node, Values const &values, std::string_view compression) {
        auto const allowed = [&](Target const &t) { return compression.empty() || t.compressible; };
        auto least = age;
        for (auto const &target : node.targets)
            if (allowed(target)) least = std::min(least, target.age);
        if (least == age) return;
        age = least;
        match = {{}, values, compression};
        for (auto const &target : node.targets)
            if (allowed(target) && target.age == age) match.owners.push_back(target.owner);
    }
};

PathTree::Match PathTree::find(Place const &place, std::string_view file) const {
    Best best;
    auto const compression = compressionOf(file);
    for (auto const &way : place._ways) {
        findIn(way, file, {}, best);
        if (!compression.empty())
            findIn(way, file.substr(0, file.size() - compression.size()), compression, best);
        if (best.isFinal()) break;
    }
    return std::move(best.match);
}

/// \param compression  that was cut off the file's name
void PathTree::findIn(Place::Way const &way, std::string_view file, std::string_view compression,
                      Best &best) const {
    if (!way.node->named.empty()) {
        if (auto const *child = way.node->childNamed(file)) best.offer(*child, way.values, compression);
    }
    auto values = way.values;
    for (auto const &edge : way.node->edges) {
        if (best.isFinal()) return;
        if (edge.child->targets.empty()) continue;
        if (matches(edge.element, file, values)) best.offer(*edge.child, values, compression);
        values.shorten(way.values.size());
    }
}

std::vector<PathTree::Ahead> PathTree::ahead(Place const &place) const {
    std::vector<Ahead> out;
    for (auto const &way : place._ways) out.insert(out.end(), way.node->ahead.begin(), way.node->ahead.end());
    return out;
}

} // namespace dbb::gen2
