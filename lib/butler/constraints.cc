#include "butler/constraints.h"

#include "common/error.h"

#include <algorithm>

namespace dbb::butler {

using common::Error;
using common::Json;

namespace {

constexpr std::string_view everything = "all";

Error badConstraint(std::string const &key, std::string const &reason) {
    return Error("REPO_UNSUPPORTED", key + " " + reason, common::ExitCode::Damaged);
}

/// The instrument of `instrument<NAME>`; nullopt for another dimension, of which the Butler makes nothing.
std::optional<std::string> instrumentOf(std::string const &key, std::string const &list) {
    auto const open = key.find('<');
    if (open == 0 || open == std::string::npos || !key.ends_with('>') || key.size() < open + 3)
        throw badConstraint(list, "has the key \"" + key + "\", which is not of the form dimension<value>");
    if (key.substr(0, open) != "instrument") return std::nullopt;
    return key.substr(open + 1, key.size() - open - 2);
}

} // namespace

Constraints::Constraints(Json const &config) {
    if (config.isNull()) return;
    if (!config.isObject()) throw badConstraint("constraints", "is no mapping but " + config.dump());
    _accept = entriesOf(config, "accept");
    _reject = entriesOf(config, "reject");
    auto const all = [](Entry const &entry) { return entry.name == everything && !entry.instrument; };
    if (std::any_of(_accept.begin(), _accept.end(), all)
        && std::any_of(_reject.begin(), _reject.end(), all)) {
        throw badConstraint("constraints", "accepts all and rejects all");
    }
}

std::vector<Constraints::Entry> Constraints::entriesOf(Json const &config, std::string const &list) {
    auto const *value = config.find(list);
    if (!value) return {};
    auto const key = "constraints." + list;
    if (!value->isArray()) throw badConstraint(key, "is no list but " + value->dump());
    std::vector<Entry> out;
    for (auto const &entry : value->array()) {
        if (entry.isString()) {
            out.push_back({entry.string()});
            continue;
        }
        if (!entry.isObject() || entry.object().size() != 1 || !entry.object()[0].second.isArray())
            throw badConstraint(key, "has " + entry.dump()
                                         + ", which is neither a name nor a mapping with one list");
        auto const instrument = instrumentOf(entry.object()[0].first, key);
        for (auto const &name : entry.object()[0].second.array()) {
            if (!name.isString()) throw badConstraint(key, "has " + name.dump() + ", which is no name");
            // An entry of another dimension matches nothing, but makes that there is a list.
            out.push_back({instrument ? name.string() : "", instrument ? instrument : ""});
        }
    }
    return out;
}

bool Constraints::isNamed(std::vector<Entry> const &entries, Universe const &universe,
                          Acceptable const &dataset) {
    return std::any_of(entries.begin(), entries.end(), [&](Entry const &entry) {
        if (entry.name.empty() || (entry.instrument && *entry.instrument != dataset.instrument)) return false;
        return entry.name == dataset.dataset_type || entry.name == dataset.storage_class
               || universe.meansDimensions(entry.name, dataset.dimensions);
    });
}

bool Constraints::hasAll(std::vector<Entry> const &entries, Acceptable const &dataset) {
    return std::any_of(entries.begin(), entries.end(), [&](Entry const &entry) {
        return entry.name == everything && (!entry.instrument || *entry.instrument == dataset.instrument);
    });
}

bool Constraints::accept(Universe const &universe, Acceptable const &dataset) const {
    if (isNamed(_accept, universe, dataset)) return true;
    if (isNamed(_reject, universe, dataset) || hasAll(_reject, dataset)) return false;
    return _accept.empty() || hasAll(_accept, dataset);
}

} // namespace dbb::butler
