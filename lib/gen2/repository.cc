#include "gen2/repository.h"

#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/yaml.h"

#include <algorithm>
#include <sys/stat.h>

namespace dbb::gen2 {

using common::Error;
using common::Json;

std::vector<std::string> const repositoryMarks{"_mapper", "_parent", "repositoryCfg.yaml"};

namespace {

bool isThere(std::string const &path) {
    struct stat s {};
    return ::stat(path.c_str(), &s) == 0;
}

void addParent(Repository &repository, std::string const &path) {
    auto const absolute = path.starts_with('/') ? path : repository.folder + "/" + path;
    if (common::isFolder(absolute)) {
        repository.parents.push_back(common::realPath(absolute));
    } else {
        repository.notes.push_back("the parent \"" + path + "\" is not there");
    }
}

/// Parents are paths, or whole configurations of which only the place counts.
void addParents(Repository &repository, Json const &parents) {
    if (!parents.isArray()) return;
    for (auto const &parent : parents.array()) {
        auto const &path = parent.isObject() ? parent["_root"] : parent;
        if (path.isString()) addParent(repository, path.string());
    }
}

void readConfiguration(Repository &repository) {
    auto const path = repository.folder + "/repositoryCfg.yaml";
    Json yaml;
    try {
        yaml = common::readYaml(path);
    } catch (Error const &e) {
        throw Error(e.code(), e.message(), common::ExitCode::Damaged);
    }
    if (!yaml.isObject())
        throw Error("BAD_YAML", "could not read \"" + path + "\": it is no mapping",
                    common::ExitCode::Damaged);
    if (yaml["_mapper"].isString()) repository.mapper = yaml["_mapper"].string();
    repository.policy = yaml["_policy"];
    if (yaml["_root"].isString() && yaml["_root"].string() != repository.folder
        && (!common::isFolder(yaml["_root"].string())
            || common::realPath(yaml["_root"].string()) != repository.folder)) {
        repository.notes.push_back("its configuration was made for \"" + yaml["_root"].string() + "\"");
    }
    addParents(repository, yaml["_parents"]);
}

void readOldStyle(Repository &repository) {
    auto const mapper = repository.folder + "/_mapper";
    if (isThere(mapper)) {
        auto const text = common::readFile(mapper);
        repository.mapper = common::strip(std::string_view(text).substr(0, text.find('\n')));
    }
    struct stat s {};
    auto const parent = repository.folder + "/_parent";
    if (::lstat(parent.c_str(), &s) != 0) return;
    if (common::isFolder(parent))
        addParent(repository, "_parent");
    else
        repository.notes.push_back("_parent leads nowhere");
}

void addAll(Repository const &repository, std::vector<Repository> &out) {
    auto const known = std::any_of(out.begin(), out.end(),
                                   [&](Repository const &r) { return r.folder == repository.folder; });
    if (known) return;
    out.push_back(repository);
    for (auto const &parent : repository.parents)
        if (auto const read = readRepository(parent)) addAll(*read, out);
}

} // namespace

std::optional<Repository> readRepository(std::string const &folder) {
    Repository out;
    out.folder = common::realPath(folder);
    struct stat s {};
    auto const has = [&](std::string const &name) {
        return ::lstat((out.folder + "/" + name).c_str(), &s) == 0;
    };
    if (has("repositoryCfg.yaml")) {
        readConfiguration(out);
        return out;
    }
    if (!has("_mapper") && !has("_parent")) return std::nullopt;
    readOldStyle(out);
    return out;
}

std::vector<Repository> withParents(Repository const &repository) {
    std::vector<Repository> out;
    addAll(repository, out);
    return out;
}

} // namespace dbb::gen2
