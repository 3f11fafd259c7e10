#include "convert/collection_lines.h"

#include "butler/collections.h"
#include "common/error.h"

#include <map>
#include <optional>
#include <utility>

namespace dbb::convert {

using butler::CollectionType;
using common::Error;
using common::Json;
using manifest::Record;

namespace {

CollectionType typeOf(Record const &line) {
    auto const word = line.text("collection_type");
    for (auto const type : {CollectionType::Run, CollectionType::Chained, CollectionType::Calibration}) {
        if (butler::nameOf(type) == word) return type;
    }
    throw Error("BAD_VALUE", "\"collection_type\" is \"" + word + "\"")
        .cause({.column = "collection_type", .value = word, .expected = "RUN, CALIBRATION or CHAINED"});
}

std::vector<std::string> childrenOf(Record const &line) {
    auto const children = line.get("children");
    if (!children.isArray())
        throw Error("MISSING_KEY", "the line of a chain must hold the list \"children\"");
    std::vector<std::string> out;
    for (auto const &name : children.array()) {
        if (!name.isString()) throw Error("BAD_VALUE", "\"children\" must be a list of names of collections");
        out.push_back(name.string());
    }
    return out;
}

/// \return the outcome
std::string make(butler::Repository const &repo, Record &line, bool dry_run,
                 butler::PlannedCollections &planned) {
    auto const name = line.text("name");
    auto const type = typeOf(line);
    butler::checkRunName(name);
    if (type == CollectionType::Chained) {
        auto const children = childrenOf(line);
        auto const result = dry_run ? butler::planChain(repo, name, children, planned)
                                    : butler::extendChain(repo, name, children);
        if (dry_run) planned[name] = {.name = name, .type = type, .doc = {}, .children = result.children};
        using Kind = butler::ChainResult::Kind;
        return result.kind == Kind::Same ? "existing" : result.kind == Kind::Made ? "done" : "updated";
    }
    if (auto const at = planned.find(name); at != planned.end()) {
        butler::requireType(name, at->second.type, type);
        return "existing";
    }
    if (butler::findCollectionId(repo, name, type)) return "existing";
    if (dry_run) {
        planned[name] = {.name = name, .type = type, .doc = {}, .children = {}};
    } else {
        butler::registerCollection(repo, name, type);
    }
    return "done";
}

/// A line that fails takes nothing of the others back.
std::string tryMake(butler::Repository const &repo, Record &line, bool dry_run,
                    butler::PlannedCollections &planned) {
    if (dry_run) return make(repo, line, dry_run, planned);
    sql::Savepoint savepoint(repo.db());
    auto out = make(repo, line, dry_run, planned);
    savepoint.release();
    return out;
}

/// The lines with children before their chains, in whatever order they came.
std::vector<Record> childrenFirst(std::vector<Record> lines) {
    std::map<std::string, std::size_t> byName;
    for (std::size_t i = 0; i < lines.size(); ++i) byName.emplace(lines[i].get("name").text(), i);
    std::vector<bool> taken(lines.size());
    std::vector<Record> out;
    std::function<void(std::size_t)> const take = [&](std::size_t i) {
        if (taken[i]) return;
        taken[i] = true; // also ends a cycle, which is refused when it is made
        auto const children = lines[i].get("children");
        for (auto const &child : children.isArray() ? children.array() : Json::Array{}) {
            if (auto const at = byName.find(child.text()); at != byName.end()) take(at->second);
        }
        out.push_back(std::move(lines[i]));
    };
    for (std::size_t i = 0; i < lines.size(); ++i) take(i);
    return out;
}

} // namespace

void makeCollections(butler::Repository const &repo, std::vector<Record> lines, bool dry_run,
                     butler::PlannedCollections const &planned, manifest::Rejects &rejects,
                     std::function<void(Record const &, std::string const &)> const &receipts) {
    if (lines.empty()) return;
    lines = childrenFirst(std::move(lines));
    std::vector<std::pair<std::string, std::optional<Error>>> results;
    auto const makeAll = [&] {
        results.clear();
        auto known = planned;
        for (auto &line : lines) {
            try {
                results.emplace_back(tryMake(repo, line, dry_run, known), std::nullopt);
            } catch (Error const &e) {
                if (e.exitCode() != common::ExitCode::SomeFailed) throw;
                results.emplace_back("", e);
            }
        }
    };
    if (dry_run) {
        sql::ReadTransaction const view(repo.db());
        makeAll();
    } else {
        sql::repeating([&] {
            sql::Transaction transaction(repo.db());
            makeAll();
            transaction.commit();
        });
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto &[outcome, error] = results[i];
        if (error) {
            rejects.add(std::move(lines[i]), *error);
            continue;
        }
        if (dry_run && outcome != "existing") outcome = "planned";
        lines[i].set("convert", Json().set("outcome", outcome));
        receipts(lines[i], outcome);
    }
}

} // namespace dbb::convert
