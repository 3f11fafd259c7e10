// Chains of collections.
#include "butler/collections.h"
#include "common/error.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

namespace dbb::butler {

using common::Error;

namespace {

using Names = std::vector<std::string>;

/// The collections of the registry, and before them those that would be there.
class Known {
public:
    Known(Repository const &repo, PlannedCollections const &planned) : _repo(repo), _planned(planned) {}

    std::optional<Collection> find(std::string const &name) const {
        auto const at = _planned.find(name);
        return at == _planned.end() ? findCollection(_repo, name) : at->second;
    }

private:
    Repository const &_repo;
    PlannedCollections const &_planned;
};

/// Collections in the order in which they are searched, each once, chains replaced by their children.
class Flattening {
public:
    /// \param chain  that must not be among them
    Flattening(Known const &known, std::string const &chain) : _known(known), _chain(chain) {}

    Names of(Names const &names) {
        for (auto const &name : names) add(name);
        return std::move(_result);
    }

private:
    void add(std::string const &name) {
        if (name == _chain)
            throw Error("COLLECTION_CYCLE", "chain \"" + name + "\" can't have itself among its children");
        if (!_seen.insert(name).second) return;
        auto const found = _known.find(name);
        if (!found) {
            throw Error("COLLECTION_NOT_FOUND", "chain \"" + _chain + "\" is to have the child \"" + name
                                                    + "\", which is no collection of the repository")
                .cause({.column = "children", .value = name, .expected = "a collection"});
        }
        if (found->type != CollectionType::Chained) return _result.push_back(name);
        for (auto const &child : found->children) add(child);
    }

    Known const &_known;
    std::string _chain;
    std::set<std::string> _seen;
    Names _result;
};

/// The children of a chain with those that it lacks of `children`, each before the next of these that the
/// chain has: so a chain that is made in parts is as one that is made at once, and what somebody arranged
/// stays.
Names extended(Known const &known, Collection const &chain, Names const &children) {
    std::map<std::string, std::string> holders; // of collections: the chain's child that they are, or are in
    for (auto const &child : chain.children) {
        for (auto const &name : Flattening(known, "").of({child})) holders.emplace(name, child);
    }
    auto out = chain.children;
    auto next = out.end();
    for (auto const &name : std::views::reverse(Flattening(known, chain.name).of(children))) {
        auto const holder = holders.find(name);
        next = holder == holders.end() ? out.insert(next, name) : std::ranges::find(out, holder->second);
    }
    return out;
}

/// Keep others from changing the chain, as the Butler does. SQLite lets one write at a time in any case.
void lock(Repository const &repo, std::int64_t chain) {
    if (repo.db().dialect() != sql::Dialect::Postgres) return;
    repo.db().cached("SELECT 1 FROM collection WHERE collection_id = ? FOR UPDATE").run({chain});
}

/// The position of a child that is appended, as the Butler chooses it.
std::int64_t positionBehind(Repository const &repo, std::int64_t chain) {
    std::int64_t last = 0;
    repo.db()
        .cached("SELECT max(\"position\") FROM collection_chain WHERE parent = ?")
        .query({chain}, [&](sql::Statement const &row) { last = row.integer(0); });
    return last + 1;
}

} // namespace

ChainResult planChain(Repository const &repo, std::string const &name, Names const &children,
                      PlannedCollections const &planned) {
    Known const known(repo, planned);
    auto chain = known.find(name);
    using Kind = ChainResult::Kind;
    auto kind = Kind::Extended;
    if (chain) {
        requireType(name, chain->type, CollectionType::Chained);
    } else {
        checkCollectionName(name);
        chain.emplace().name = name;
        kind = Kind::Made;
    }
    auto merged = extended(known, *chain, children);
    if (kind == Kind::Extended && merged == chain->children) kind = Kind::Same;
    return {kind, std::move(merged)};
}

ChainResult extendChain(Repository const &repo, std::string const &name, Names const &children) {
    bool made = !findCollectionId(repo, name, CollectionType::Chained);
    auto const id = registerCollection(repo, name, CollectionType::Chained);
    lock(repo, id);
    auto const held = findCollection(repo, name).value().children;
    made = made && held.empty(); // else another program has been faster
    auto out = planChain(repo, name, children);
    if (made) out.kind = ChainResult::Kind::Made;
    auto const first = std::ranges::mismatch(held, out.children);
    bool const appended = !made && first.in1 == held.end();
    auto position = appended ? positionBehind(repo, id) : 0;
    auto from = appended ? first.in2 : out.children.begin();
    if (!appended) repo.db().cached("DELETE FROM collection_chain WHERE parent = ?").run({id});
    auto &insert = repo.db().cached("INSERT INTO collection_chain (parent, \"position\", child) "
                                    "SELECT CAST(? AS BIGINT), CAST(? AS SMALLINT), collection_id "
                                    "FROM collection WHERE name = ?");
    for (; from != out.children.end(); ++from) insert.run({id, position++, *from});
    return out;
}

} // namespace dbb::butler
