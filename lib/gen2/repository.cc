#include "gen2/repository.h"

#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/yaml.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

namespace dbb::gen2 {

using common::Error;
using common::Json;

std::vector<std::string> const repositoryMarks{"_mapper", "_parent", "repositoryCfg.yaml"};

namespace {

/// Whether there is a name, be it a link that leads nowhere. \throws Error PERMISSION … (exit 4) when its
/// folder can't be searched
bool isNamed(std::string const &path) {
    struct stat s {};
    if (::lstat(path.c_str(), &s) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw unusable(common::systemError("look at", path, errno));
}

void addParent(Repository &repository, std::string const &path) {
    auto const absolute = path.starts_with('/') ? path : repository.folder + "/" + path;
    if (common::isFolder(absolute)) {
        repository.parents.push_back(common::realPath(absolute));
    } else {
        repository.notes.push_back("the parent \"" + path + "\" is not there");
    }
}

/// Parents are paths, or whole configurations of which only the place counts. One may stand alone.
void addParents(Repository &repository, Json const &parents) {
    if (parents.isString()) addParent(repository, parents.string());
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
        if (e.code() != "BAD_YAML") throw unusable(e);
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

std::string firstLineOf(std::string const &path) {
    try {
        auto const text = common::readFile(path);
        return std::string(common::strip(std::string_view(text).substr(0, text.find('\n'))));
    } catch (Error const &e) {
        throw unusable(e);
    }
}

void readOldStyle(Repository &repository) {
    auto const mapper = repository.folder + "/_mapper";
    if (isNamed(mapper)) repository.mapper = firstLineOf(mapper);
    auto const parent = repository.folder + "/_parent";
    if (!isNamed(parent)) return;
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

Error unusable(Error const &e) {
    if (e.exitCode() != common::ExitCode::SomeFailed) return e;
    Error const out(e.code(), e.message(), common::ExitCode::Backend);
    bool const isOther = e.code() == "NOT_A_FILE" || e.code() == "NOT_FOUND";
    return isOther
               ? Error(out).hint("look what stands there in the place of a file; put the file back from a "
                                 "copy, or mount what a link leads to")
               : Error(out).hint(e.hint());
}

std::optional<Repository> readRepository(std::string const &folder) {
    Repository out;
    out.folder = common::realPath(folder);
    auto const has = [&](std::string const &name) { return isNamed(out.folder + "/" + name); };
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
