#include "butler/config_files.h"

#include "common/file.h"
#include "common/options.h"
#include "common/text.h"
#include "common/uri.h"
#include "common/yaml.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <pwd.h>
#include <unistd.h>
#include <unordered_map>

namespace dbb::butler {

using common::Error;
using common::ExitCode;
using common::Json;

namespace {

constexpr std::string_view listKey = "includeConfigs";
constexpr char const *unsupportedCode = "REPO_UNSUPPORTED";
constexpr std::size_t maxNested = 8;
constexpr std::size_t maxFiles = 64;
constexpr std::size_t maxBytes = std::size_t{1} << 20;
/// Of all included files together: aliases and files that are included again would multiply them.
constexpr std::size_t maxIncludedValues = 1'000'000;

using KeyPath = std::vector<std::string>; ///< keys, and indices of lists

/// Folder of a user, nullopt for one that is not known.
std::optional<std::string> homeOf(std::string const &user) {
    if (user.empty()) {
        if (auto home = common::environmentValue("HOME"); !home.empty()) return home;
    }
    auto const *const entry = user.empty() ? ::getpwuid(::getuid()) : ::getpwnam(user.c_str());
    return entry ? std::optional<std::string>(entry->pw_dir) : std::nullopt;
}

/// A leading `~` or `~user` as the folder that it stands for.
std::string withHome(std::string const &text) {
    if (!text.starts_with('~')) return text;
    auto const end = std::min(text.find('/'), text.size());
    auto const home = homeOf(text.substr(1, end - 1));
    return home ? *home + text.substr(end) : text;
}

bool isNameCharacter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/// `$name` and `${name}` as their values; as they are when there are none.
std::string withVariables(std::string const &text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        auto end = at + 1;
        std::string name;
        if (text[at] == '$' && end < text.size() && text[end] == '{') {
            if (auto const brace = text.find('}', end); brace != std::string::npos) {
                name = text.substr(end + 1, brace - end - 1);
                end = brace + 1;
            }
        } else if (text[at] == '$') {
            while (end < text.size() && isNameCharacter(text[end])) ++end;
            name = text.substr(at + 1, end - at - 1);
        }
        auto const *const value = name.empty() ? nullptr : ::getenv(name.c_str());
        out += value ? std::string(value) : text.substr(at, end - at);
        at = end;
    }
    return out;
}

std::string withHomeAndVariables(std::string const &text) {
    return withVariables(withHome(text));
}

/// The value at a path, which the caller knows to be there.
Json &valueAt(Json &root, KeyPath const &path) {
    auto *value = &root;
    for (auto const &step : path) {
        if (value->isArray()) {
            value = &value->array()[std::stoul(step)];
            continue;
        }
        auto &members = value->object();
        value = &std::find_if(members.begin(), members.end(), [&](auto const &m) {
                     return m.first == step;
                 })->second;
    }
    return *value;
}

/// Paths of the mappings with the key `includeConfigs`, in the order in which the Butler comes across the
/// keys.
void collectLists(Json const &value, KeyPath &path, std::vector<KeyPath> &out) {
    auto const descend = [&](std::string const &step, Json const &member) {
        path.push_back(step);
        collectLists(member, path, out);
        path.pop_back();
    };
    if (value.isArray()) {
        for (std::size_t i = 0; i < value.array().size(); ++i) descend(std::to_string(i), value.array()[i]);
    } else if (value.isObject()) {
        for (auto const &[key, member] : value.object()) {
            if (key == listKey) {
                out.push_back(path);
            } else {
                descend(key, member);
            }
        }
    }
}

std::size_t countOf(Json const &value) {
    std::size_t out = 1;
    if (value.isArray()) {
        for (auto const &item : value.array()) out += countOf(item);
    } else if (value.isObject()) {
        for (auto const &[key, member] : value.object()) out += countOf(member);
    }
    return out;
}

} // namespace

void mergeInto(Json &into, Json const &over) {
    if (!into.isObject()) into = Json::Object{};
    auto &members = into.object();
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < members.size(); ++i) places.emplace(members[i].first, i);
    for (auto const &[key, value] : over.object()) {
        auto const [at, isNew] = places.emplace(key, members.size());
        if (isNew) members.emplace_back(key, Json());
        auto &place = members[at->second].second;
        if (value.isObject()) {
            mergeInto(place, value);
        } else {
            place = value;
        }
    }
}

namespace {

/// What somebody asks for, as a message begins.
std::string sentence(std::string const &file, std::string const &key, std::string const &name) {
    if (file.empty()) return "DAF_BUTLER_CONFIG_PATH has \"" + name + "\"";
    return "\"" + file + "\": " + (key.empty() ? "it" : key) + " includes \"" + name + "\"";
}

/// Extension as lsst.resources has it, for the two kinds of files that `includeConfigs` may name.
bool isConfigName(std::string const &path) {
    return path.ends_with(".yaml") || path.ends_with(".json");
}

} // namespace

ConfigFiles::ConfigFiles(std::string main) : _main(std::move(main)) {
    for (auto const &folder : common::split(common::environmentValue("DAF_BUTLER_CONFIG_PATH"), ':')) {
        if (!folder.empty()) _siteFolders.push_back(common::absolutePath(withHomeAndVariables(folder)));
    }
}

Error ConfigFiles::Asker::fault(std::string const &reason, std::string const &code) const {
    return Error(code, sentence(file, key, name) + ", " + reason, ExitCode::Damaged).cause({.value = key});
}

Error ConfigFiles::Asker::failed(Error const &e) const {
    if (e.code() == "NOT_A_FILE" || e.code() == "FILE_TOO_LONG")
        return fault("which can't be read: " + e.message(), unsupportedCode);
    auto const exit = e.exitCode() == ExitCode::SomeFailed ? ExitCode::Backend : e.exitCode();
    return Error(e.code(), sentence(file, key, name) + ": " + e.message(), exit)
        .hint(e.hint())
        .cause({.value = key});
}

std::string ConfigFiles::Asker::localPath(std::string const &expanded) const {
    auto const scheme = common::schemeOf(expanded);
    if (!scheme.empty() && scheme != "file") {
        throw fault("which is no file of this host", unsupportedCode)
            .hint("keep a copy of it beside butler.yaml, and include that");
    }
    try {
        return common::pathOfUri(expanded);
    } catch (Error const &e) {
        throw fault(e.message());
    }
}

Json ConfigFiles::main() {
    auto const text = common::readFile(_main);
    _open = {common::realPath(_main)};
    Json out;
    try {
        out = parsed(_main, text);
    } catch (Error const &e) {
        if (e.code() != "BAD_YAML") throw;
        throw Error("REPO_DAMAGED", e.message(), ExitCode::Damaged).hint(e.hint());
    }
    out = withIncludes(std::move(out), _main);
    _open.clear();
    return out;
}

std::vector<Json> ConfigFiles::defaults(std::string const &name) {
    std::vector<Json> out;
    for (auto folder = _siteFolders.rbegin(); folder != _siteFolders.rend(); ++folder) {
        auto const path = *folder + "/" + name;
        if (common::exists(path)) out.push_back(read({.file = "", .key = "", .name = path}, path, true));
    }
    return out;
}

Json ConfigFiles::parsed(std::string const &file, std::string const &text) {
    return common::parseYaml(text, file, [&](std::string const &key, std::string const &name) {
        return taggedFile({file, key, name});
    });
}

Json ConfigFiles::taggedFile(Asker const &by) {
    auto const path = by.localPath(withHomeAndVariables(by.name));
    return read(by, path.starts_with('/') ? path : common::folderOf(by.file) + "/" + path, false);
}

Json ConfigFiles::listedFile(Asker const &by) {
    auto path = by.localPath(withHomeAndVariables(withVariables(by.name)));
    if (!path.starts_with('/')) {
        auto const folder = common::folderOf(by.file);
        auto const here = common::absolutePath("") + "/" + path;
        path = common::exists(here) ? here : folder + "/" + path;
        if (!common::exists(path)) {
            throw by.fault("which is neither in the working folder nor in \"" + folder + "\"")
                .hint("put it there, or take it out of the list");
        }
    }
    if (!isConfigName(path)) throw by.fault("whose name ends with neither .yaml nor .json", unsupportedCode);
    return read(by, path, true);
}

Json ConfigFiles::withIncludes(Json content, std::string const &file) {
    std::vector<KeyPath> places;
    KeyPath path;
    collectLists(content, path, places);
    for (auto const &place : places) {
        auto &mapping = valueAt(content, place);
        auto const names = mapping[listKey];
        std::erase_if(mapping.object(), [](auto const &member) { return member.first == listKey; });
        auto const prefix = place.empty() ? std::string() : common::join(place, ".") + ".";
        auto included = joined(names, prefix + std::string(listKey), file);
        mergeInto(included, mapping);
        mapping = std::move(included);
    }
    return content;
}

Json ConfigFiles::joined(Json const &names, std::string const &key, std::string const &file) {
    Json out;
    auto const list = names.isArray() ? names.array() : Json::Array{names};
    if (list.empty()) {
        throw Error("REPO_DAMAGED", "\"" + file + "\": " + key + " is an empty list", ExitCode::Damaged)
            .cause({.value = key});
    }
    for (auto const &name : list) {
        if (!name.isString()) throw Asker{file, key, name.dump()}.fault("which is no name of a file");
        mergeInto(out, listedFile({file, key, name.string()}));
    }
    return out;
}

Json ConfigFiles::read(Asker const &by, std::string const &path, bool isConfig) {
    auto const real = admitted(by, path);
    if (std::find(_open.begin(), _open.end(), real) != _open.end()) throw by.fault("which includes itself");
    if (_open.size() > maxNested) {
        throw by.fault("a file within " + std::to_string(_open.size()) + " others; dbb follows "
                           + std::to_string(maxNested),
                       unsupportedCode);
    }
    if (_included.size() >= maxFiles) {
        throw by.fault("one more than the " + std::to_string(maxFiles) + " files that dbb reads",
                       unsupportedCode);
    }
    _included.push_back(real);
    _open.push_back(real);
    auto out = content(by, path, real);
    if (isConfig) {
        if (out.isNull()) out = Json::Object{};
        if (!out.isObject()) throw by.fault("which is no mapping");
        out = withIncludes(std::move(out), path);
    }
    _open.pop_back();
    _values += countOf(out);
    if (_values > maxIncludedValues) {
        throw by.fault("with which there are more than " + std::to_string(maxIncludedValues) + " values",
                       unsupportedCode);
    }
    return out;
}

Json ConfigFiles::content(Asker const &by, std::string const &path, std::string const &real) {
    std::string text;
    try {
        text = common::readFile(real, maxBytes);
    } catch (Error const &e) {
        throw by.failed(e);
    }
    try {
        return parsed(path, text);
    } catch (Error const &e) {
        if (e.code() != "BAD_YAML") throw;
        throw by.fault("which can't be read: " + e.message()).hint(e.hint());
    }
}

std::string ConfigFiles::admitted(Asker const &by, std::string const &path) const {
    std::string real;
    try {
        real = common::realPath(path);
    } catch (Error const &e) {
        if (e.code() != "NOT_FOUND") throw by.failed(e);
        throw by.fault("but there is no \"" + path + "\"").hint("put it back, or take out what includes it");
    }
    if (isAdmitted(real)) return real;
    throw by
        .fault("which is \"" + real
                   + "\", neither below the folder of the repository's butler.yaml nor below one of "
                     "DAF_BUTLER_CONFIG_PATH",
               unsupportedCode)
        .hint("if its content may be trusted, add its folder: export DAF_BUTLER_CONFIG_PATH="
              + common::folderOf(real) + "${DAF_BUTLER_CONFIG_PATH:+:$DAF_BUTLER_CONFIG_PATH}");
}

bool ConfigFiles::isAdmitted(std::string const &realPath) const {
    auto const holds = [&](std::string const &folder) {
        return common::exists(folder) && common::isBelow(realPath, common::realPath(folder));
    };
    return holds(common::folderOf(_main)) || std::any_of(_siteFolders.begin(), _siteFolders.end(), holds);
}

} // namespace dbb::butler
