#include "convert/gen2_collections.h"

#include "butler/collections.h"
#include "common/error.h"
#include "common/file.h"
#include "common/log.h"
#include "gen2/collection_names.h"
#include "gen2/layout.h"

#include <algorithm>

namespace dbb::convert {

using common::Json;
using manifest::Record;

namespace {

Record lineOf(std::string const &name, std::string const &type) {
    return Record("collection").set("name", name).set("collection_type", type);
}

Record chainOf(std::string const &name, std::vector<std::string> const &children) {
    Json::Array names;
    for (auto const &child : children) names.emplace_back(child);
    return lineOf(name, "CHAINED").set("children", std::move(names));
}

/// Whether a name that is made of a rerun's can be one.
bool canBeName(std::string const &name) {
    try {
        butler::checkAskableRunName(name);
        return true;
    } catch (common::Error const &) {
        return false;
    }
}

void append(std::vector<std::string> &names, std::string const &name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

} // namespace

void Gen2Collections::addRerun(Gen2Source const &source) {
    _reruns.try_emplace(source.rerun, Rerun{.source = source, .runs = {}});
}

void Gen2Collections::addDataset(Gen2Source const &source, std::string const &run) {
    _runs.insert(run);
    if (source.kind == Gen2Source::Kind::Root) _rootRuns.insert(run);
    if (source.kind == Gen2Source::Kind::Rerun) _reruns.at(source.rerun).runs.insert(run);
}

/// What every chain ends with, as upstream has it.
std::vector<std::string> Gen2Collections::rootChildren() const {
    std::vector<std::string> out{gen2::rawRun(_policy.instrument)};
    for (auto const &run : _rootRuns)
        if (run != gen2::refcatRun) append(out, run);
    if (_rootRuns.contains(gen2::refcatRun)) out.emplace_back(gen2::refcatRun);
    out.push_back(gen2::calibrationCollection(_policy.instrument));
    return out;
}

/// Reruns, or the folder of all of them, may be links to another disk.
void Gen2Collections::findPlaces() {
    auto const top = _root.folder + gen2::rerunFolder;
    if (common::isFolder(top)) _below = common::realPath(top) + "/";
    for (auto const &[name, rerun] : _reruns)
        if (common::isFolder(rerun.source.folder)) _places[common::realPath(rerun.source.folder)] = name;
}

/// Name of the rerun in a folder whose links are resolved; empty when it is none of this repository.
std::string Gen2Collections::rerunOf(std::string const &folder) const {
    auto const known = _places.find(folder);
    if (known != _places.end()) return known->second;
    return !_below.empty() && folder.starts_with(_below) ? folder.substr(_below.size()) : std::string();
}

/// Runs of a rerun and of those that it reads through to, in that order.
void Gen2Collections::addRunsOf(std::string const &name, std::vector<std::string> &children,
                                std::set<std::string> &seen) {
    if (name.empty() || !seen.insert(name).second) return;
    auto const own = gen2::rerunRun(_policy.instrument, name);
    auto const known = _reruns.find(name);
    // One that was not scanned may have been converted before.
    bool const wanted = known == _reruns.end() ? canBeName(own) : known->second.runs.contains(own);
    if (wanted) append(children, own);
    if (known != _reruns.end())
        for (auto const &run : known->second.runs) append(children, run);
    auto const repository = known != _reruns.end() ? std::optional(known->second.source.repository)
                                                   : gen2::readRepository(_root.folder + "/rerun/" + name);
    if (!repository) return;
    for (auto const &parent : repository->parents) {
        auto const rerun = rerunOf(parent);
        if (rerun.empty()) warnOfOther(name, parent);
        addRunsOf(rerun, children, seen);
    }
}

/// Of a parent that is a rerun of another repository. Repositories themselves have no run of their own.
void Gen2Collections::warnOfOther(std::string const &name, std::string const &parent) {
    bool const isRoot =
        parent == _root.folder || std::ranges::find(_root.parents, parent) != _root.parents.end();
    if (isRoot || parent.find(gen2::rerunFolder + "/") == std::string::npos) return;
    if (!_warned.insert(name + '\n' + parent).second) return;
    common::log::warning("the rerun \"" + name + "\" reads through to \"" + parent
                             + "\", a rerun of another repository, which its chain lacks",
                         "convert that one, too, and add its run to the chain");
}

std::vector<std::string> Gen2Collections::leaveOutEmpty() {
    std::vector<std::string> out;
    for (auto &[name, rerun] : _reruns) {
        rerun.is_left_out = rerun.runs.empty();
        if (rerun.is_left_out) out.push_back(name);
    }
    return out;
}

void Gen2Collections::write(std::function<void(Record const &)> const &take) {
    findPlaces();
    auto const root = rootChildren();
    std::vector<std::pair<std::string, std::vector<std::string>>> chains;
    for (auto const &[name, rerun] : _reruns) {
        if (rerun.is_left_out) continue;
        // Its datasets have been refused.
        if (!canBeName(gen2::rerunChain(_policy.instrument, name))) continue;
        std::vector<std::string> children;
        std::set<std::string> seen;
        addRunsOf(name, children, seen);
        for (auto const &child : root) append(children, child);
        // Two reruns may become one run.
        auto const chain = gen2::rerunChain(_policy.instrument, name);
        auto const same = std::ranges::find(chains, chain, &decltype(chains)::value_type::first);
        if (same == chains.end()) {
            chains.emplace_back(chain, std::move(children));
        } else {
            for (auto const &child : children) append(same->second, child);
        }
    }
    auto defaults = root;
    defaults.emplace_back(gen2::skymapRun);
    for (auto const &extra : _policy.umbrella_extra)
        if (_runs.contains(extra)) append(defaults, extra);

    auto const calibrations = gen2::calibrationCollection(_policy.instrument);
    auto runs = _runs;
    runs.insert(defaults.begin(), defaults.end());
    for (auto const &[name, children] : chains) runs.insert(children.begin(), children.end());
    runs.erase(calibrations);
    for (auto const &run : runs) take(lineOf(run, "RUN"));
    take(lineOf(calibrations, "CALIBRATION"));
    if (_rootRuns.contains(gen2::refcatRun)) take(chainOf(gen2::refcatChain, {gen2::refcatRun}));
    take(chainOf(gen2::defaultsChain(_policy.instrument), defaults));
    for (auto const &[name, children] : chains) take(chainOf(name, children));
}

} // namespace dbb::convert
