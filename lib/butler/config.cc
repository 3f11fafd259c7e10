#include "butler/config.h"

#include "butler/config_files.h"
#include "butler/embedded.h"
#include "butler/postgres_config.h"
#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "common/text.h"
#include "common/uri.h"
#include "common/yaml.h"

#include <algorithm>
#include <set>
#include <sys/stat.h>

namespace dbb::butler {

using common::Error;
using common::ExitCode;
using common::Json;

namespace {

constexpr std::string_view rootMark = "<butlerRoot>";

Error unsupported(std::string const &file, std::string const &key, std::string const &reason) {
    return Error("REPO_UNSUPPORTED", "\"" + file + "\": " + key + " " + reason, ExitCode::Damaged)
        .cause({.value = key});
}

Error notFound(std::string const &message, std::string const &hint) {
    return Error("REPO_NOT_FOUND", message, ExitCode::Backend).hint(hint);
}

Json indexFrom(std::string const &source, Json const &index) {
    if (!index.isObject()) throw common::usageError(source + " is no mapping of labels to repositories");
    return index;
}

/// Labels and repositories of the site, null when there is no index.
Json repositoryIndex() {
    auto const inlined = common::environmentValue("DAF_BUTLER_REPOSITORIES");
    auto const file = common::environmentValue("DAF_BUTLER_REPOSITORY_INDEX");
    if (!inlined.empty() && !file.empty()) {
        throw common::usageError("both DAF_BUTLER_REPOSITORIES and DAF_BUTLER_REPOSITORY_INDEX are set",
                                 "unset one of them");
    }
    try {
        if (!inlined.empty()) {
            return indexFrom("DAF_BUTLER_REPOSITORIES",
                             common::parseYaml(inlined, "DAF_BUTLER_REPOSITORIES"));
        }
        if (!file.empty()) return indexFrom(file, common::readYaml(common::pathOfUri(file)));
    } catch (Error const &e) {
        throw common::usageError("the repository index can't be read: " + e.message(), e.hint());
    }
    return {};
}

/// The place that a repository argument means: labels first, as the Butler does.
std::string resolved(std::string const &repo) {
    auto const index = repositoryIndex();
    if (auto const *place = index.find(repo)) {
        if (!place->isString())
            throw common::usageError("label \"" + repo + "\" of the repository index is no text");
        return place->string();
    }
    if (common::schemeOf(repo).empty() && !common::exists(repo) && repo.find('/') == std::string::npos
        && index.isObject()) {
        std::vector<std::string> labels;
        for (auto const &[label, place] : index.object()) labels.push_back(label);
        auto const near = common::nearest(repo, labels);
        throw notFound("\"" + repo + "\" is neither a folder nor a label of the repository index",
                       near.empty() ? "labels are: " + common::join(labels, ", ")
                                    : "did you mean " + near + "?");
    }
    return repo;
}

std::string configFile(std::string const &repo) {
    auto const place = resolved(repo);
    auto const scheme = common::schemeOf(place);
    if (!scheme.empty() && scheme != "file") {
        throw Error("REPO_UNSUPPORTED", "\"" + place + "\" is a remote repository", ExitCode::Damaged)
            .hint("dbb opens repositories whose butler.yaml is a local file");
    }
    auto const path = common::pathOfUri(place);
    if (common::isFolder(path)) {
        auto const file = common::absolutePath(path) + "/butler.yaml";
        if (common::exists(file)) return file;
        throw notFound("folder \"" + path + "\" is no Butler repository: it has no butler.yaml",
                       "make one with: dbb-repo create " + path);
    }
    if (!common::exists(path)) {
        throw notFound("there is no repository \"" + path + "\"",
                       "check the path, or make a repository with: dbb-repo create " + path);
    }
    return common::absolutePath(path);
}

/// A part of a configuration. The Butler takes it from a mapping of the same name within it, too, so that a
/// file that has its name on top can be included in its place.
Json const &partOf(Json const &config, std::string const &part) {
    auto const &outer = config[part];
    auto const *const inner = outer.find(part);
    return inner ? *inner : outer;
}

/// What the site has by default of a part of the configuration, in its files of a name.
void addDefaults(Json &into, ConfigFiles &files, std::string const &part, std::string const &name) {
    for (auto const &file : files.defaults(name)) {
        // A file without the name of the part is all of it.
        auto const &own = file.find(part) ? partOf(file, part) : file;
        if (own.isObject()) mergeInto(into, own);
    }
}

Json withDefaults(ConfigFiles &files, std::string const &part, Json const &own) {
    Json out = Json::Object{};
    addDefaults(out, files, part, part + ".yaml");
    if (own.isObject()) mergeInto(out, own);
    return out;
}

/// What the Butler has by default of a datastore of files, as far as it goes before a site's datastore.yaml.
/// The templates, which do as well, are those of templateFor().
void addButlersDefaults(Json &into) {
    mergeInto(into, Json::parse(R"({"cls":"lsst.daf.butler.datastores.fileDatastore.FileDatastore",
        "root":"<butlerRoot>/datastore","records":{"table":"file_datastore_records"}})"));
    auto const *const templates = into.find("templates");
    if (!templates || !templates->isObject()) return;
    auto others = templates->object();
    std::erase_if(others, [](auto const &entry) {
        return entry.first == "default" || entry.first == "physical_filter+detector+exposure";
    });
    into.set("templates", std::move(others));
}

/// A datastore with its defaults, which the Butler takes by the name of the class; children of a chain have
/// theirs. \param depth  0, or 1 for a child
Json datastoreWithDefaults(ConfigFiles &files, Json const &own, int depth = 0) {
    Json out = Json::Object{};
    addDefaults(out, files, "datastore", "datastore.yaml");
    auto const cls = own["cls"].isString() ? own["cls"] : out["cls"];
    bool const isChain = cls.isString() && cls.string().ends_with(".ChainedDatastore");
    if (isChain) {
        addDefaults(out, files, "datastore", "datastores/chainedDatastore.yaml");
    } else if (!cls.isString() || cls.string().ends_with(".FileDatastore")) {
        addButlersDefaults(out);
        addDefaults(out, files, "datastore", "datastores/fileDatastore.yaml");
    }
    if (own.isObject()) mergeInto(out, own);
    if (!isChain || depth > 0 || !out["datastores"].isArray()) return out;
    Json::Array children;
    for (auto const &child : out["datastores"].array()) {
        auto const &part = child.find("datastore") ? partOf(child, "datastore") : child;
        children.push_back(child.isObject() ? datastoreWithDefaults(files, part, depth + 1) : child);
    }
    return out.set("datastores", std::move(children));
}

/// One configuration file being read: looks up values and knows how to complain about them.
class Reader {
public:
    explicit Reader(std::string file) : _file(std::move(file)) {
        ConfigFiles files(_file);
        _yaml = files.main();
        // The Butler would go by its defaults, with another datastore root than most repositories have; but
        // what is empty was more likely cut short. `{}` says that the defaults are meant.
        if (_yaml.isNull()) throw damaged("", "is empty");
        if (!_yaml.isObject()) throw damaged("", "is no mapping");
        auto registry = requireMapping("registry");
        auto datastore = requireMapping("datastore");
        _yaml.set("registry", withDefaults(files, "registry", std::move(registry)));
        _yaml.set("datastore", datastoreWithDefaults(files, std::move(datastore)));
        _included = files.included();
    }

    Error bad(std::string const &key, std::string const &reason) const {
        return unsupported(_file, key, reason);
    }

    /// The value at a dotted key; null when absent. An index in it is one that the list has.
    Json const &at(std::string const &key) const {
        Json const *value = &_yaml;
        std::string path;
        for (auto const &part : common::split(key, '.')) {
            if (value->isArray() && part.find_first_not_of("0123456789") == std::string::npos) {
                value = &value->array()[std::stoul(part)];
                path += "." + part;
                continue;
            }
            if (!value->isNull() && !value->isObject()) {
                throw damaged(path, "is no mapping but " + value->dump());
            }
            value = &(*value)[part];
            path += (path.empty() ? "" : ".") + part;
        }
        return *value;
    }

    std::string text(std::string const &key, std::string const &fallback) const {
        auto const &value = at(key);
        if (value.isNull()) return fallback;
        if (!value.isString()) throw bad(key, "is no text but " + value.dump());
        return value.string();
    }

    bool boolean(std::string const &key, bool fallback) const {
        auto const &value = at(key);
        if (value.isNull()) return fallback;
        if (!value.isBool()) throw bad(key, "is neither true nor false but " + value.dump());
        return value.boolean();
    }

    std::vector<std::string> const &included() const { return _included; }

private:
    /// A part of the configuration as the repository has it, null when it has none.
    Json requireMapping(std::string const &part) const {
        auto const &own = partOf(_yaml, part);
        if (!own.isNull() && !own.isObject()) throw damaged(part, "is no mapping but " + own.dump());
        return own;
    }

    Error damaged(std::string const &key, std::string const &reason) const {
        return Error("REPO_DAMAGED", "\"" + _file + (key.empty() ? "\" " : "\": " + key + " ") + reason,
                     ExitCode::Damaged)
            .hint("restore it, or take that of a fresh repository (dbb-repo create), then look with dbb-repo "
                  "check")
            .cause({.value = key});
    }

    std::string _file;
    Json _yaml;
    std::vector<std::string> _included;
};

std::string withRoot(std::string text, std::string const &root) {
    for (auto at = text.find(rootMark); at != std::string::npos; at = text.find(rootMark, at + root.size())) {
        text.replace(at, rootMark.size(), root);
    }
    return text;
}

/// Absolute path of a local folder given as a path or file URI.
std::string localFolder(Reader const &reader, std::string const &key, std::string const &value) {
    auto const scheme = common::schemeOf(value);
    if (!scheme.empty() && scheme != "file") {
        throw reader.bad(key, "is \"" + value + "\", a remote place; dbb writes to local folders only");
    }
    return common::absolutePath(common::pathOfUri(value));
}

void checkKind(Reader const &reader) {
    auto const cls = reader.text("cls", "");
    if (cls.ends_with("RemoteButler") || !reader.at("remote_butler").isNull()) {
        throw reader.bad(cls.empty() ? "remote_butler" : "cls",
                         "makes it a client/server repository (RemoteButler), "
                         "whose database dbb can't reach");
    }
    if (!cls.empty() && !cls.ends_with(".DirectButler"))
        throw reader.bad("cls", "is \"" + cls + "\", which dbb does not know");
}

void checkManagers(Reader const &reader) {
    auto const &managers = reader.at("registry.managers");
    if (!managers.isObject()) return;
    for (auto const &[name, manager] : managers.object()) {
        if (!manager.isObject()) continue;
        auto const &config = manager["config"];
        bool const empty = config.isNull() || (config.isObject() && config.object().empty());
        if (!empty && name != "obscore") {
            throw reader.bad("registry.managers." + name + ".config",
                             "overrides what the registry holds, which dbb does not follow");
        }
    }
}

std::string sqlitePath(Reader const &reader, std::string const &root) {
    auto const db = reader.text("registry.db", "sqlite:///<butlerRoot>/gen3.sqlite3");
    constexpr std::string_view prefix = "sqlite:///";
    auto const path = db.starts_with(prefix) ? withRoot(db.substr(prefix.size()), root) : std::string();
    if (path.empty() || path == ":memory:" || path.find('?') != std::string::npos) {
        throw reader.bad("registry.db",
                         "is \"" + db + "\"; expected sqlite:/// and the path of a file, or postgresql://…");
    }
    return common::absolutePath(path);
}

/// The constraints below a key, among others.
void addConstraints(Reader const &reader, std::string const &key, std::vector<Constraints> &out) {
    try {
        out.emplace_back(reader.at(key + ".constraints"));
    } catch (Error const &e) {
        auto const &message = e.message();
        auto const space = message.find(' ');
        throw reader.bad(key + "." + message.substr(0, space), message.substr(space + 1));
    }
}

/// A datastore of files at a key. Its name in the registry has the root as it is written, mark and all.
Datastore fileDatastore(Reader const &reader, std::string const &key, std::string const &root) {
    Datastore out;
    auto const written = reader.text(key + ".root", "");
    out.root = localFolder(reader, key + ".root", withRoot(written, root));
    out.name = reader.text(key + ".name", "FileDatastore@" + written);
    out.records_table = reader.text(key + ".records.table", "");
    out.checksum = reader.boolean(key + ".checksum", false);
    out.templates = reader.at(key + ".templates");
    addConstraints(reader, key, out.constraints);
    return out;
}

/// What two datastores have in common would mix up their files or rows.
void requireApart(Reader const &reader, std::vector<Datastore> const &datastores) {
    auto const require = [&](std::string Datastore::*part, std::string const &what) {
        std::set<std::string> seen;
        for (auto const &datastore : datastores) {
            if (seen.insert(datastore.*part).second) continue;
            throw reader.bad("datastore.datastores",
                             "has two datastores with the " + what + " \"" + datastore.*part + "\"");
        }
    };
    require(&Datastore::root, "root");
    require(&Datastore::name, "name");
    require(&Datastore::records_table, "records.table");
}

/// The children of a chain that keep files.
std::vector<Datastore> chainedDatastores(Reader const &reader, std::string const &root) {
    auto const &children = reader.at("datastore.datastores");
    if (!children.isArray()) throw reader.bad("datastore.datastores", "is no list but " + children.dump());
    auto const &overrides = reader.at("datastore.datastore_constraints");
    if (!overrides.isNull()
        && (!overrides.isArray() || overrides.array().size() != children.array().size())) {
        throw reader.bad("datastore.datastore_constraints", "is no list with an entry for each datastore");
    }
    std::vector<Datastore> out;
    for (std::size_t i = 0; i < children.array().size(); ++i) {
        auto const index = "." + std::to_string(i);
        auto const key = "datastore.datastores" + index;
        auto const cls = reader.text(key + ".cls", "");
        if (cls.ends_with(".InMemoryDatastore")) continue;
        if (!cls.ends_with(".FileDatastore"))
            throw reader.bad(key + ".cls", "is \"" + cls + "\", which dbb does not know in a chain");
        out.push_back(fileDatastore(reader, key, root));
        addConstraints(reader, "datastore", out.back().constraints);
        if (!overrides.isNull())
            addConstraints(reader, "datastore.datastore_constraints" + index, out.back().constraints);
    }
    if (out.empty()) throw reader.bad("datastore.datastores", "has no datastore of files");
    requireApart(reader, out);
    return out;
}

std::vector<Datastore> datastoresOf(Reader const &reader, std::string const &root) {
    auto const cls = reader.text("datastore.cls", "");
    if (cls.ends_with(".ChainedDatastore")) return chainedDatastores(reader, root);
    if (!cls.ends_with(".FileDatastore"))
        throw reader.bad("datastore.cls", "is \"" + cls + "\", which dbb does not know");
    return {fileDatastore(reader, "datastore", root)};
}

} // namespace

bool Datastore::accepts(Universe const &universe, Acceptable const &dataset) const {
    return std::all_of(constraints.begin(), constraints.end(),
                       [&](Constraints const &one) { return one.accept(universe, dataset); });
}

std::vector<std::string> Config::othersThan(Datastore const &datastore) const {
    std::vector<std::string> out;
    for (auto const &other : datastores) {
        if (other.name != datastore.name) out.push_back(other.name);
    }
    return out;
}

std::string freshConfigText(std::string const &url, std::string const &schema) {
    std::string out(embedded::butlerYaml());
    if (url.empty()) return out;
    auto const line = out.find("  db: ");
    out.replace(line, out.find('\n', line) - line, "  db: " + Json(url).dump());
    return schema.empty() ? out : out + "  namespace: " + Json(schema).dump() + "\n";
}

Config readConfig(std::string const &repo) {
    Config out;
    out.file = configFile(repo);
    Reader const reader(out.file);
    checkKind(reader);
    checkManagers(reader);
    out.root = localFolder(reader, "root", reader.text("root", common::folderOf(out.file)));
    if (auto const db = reader.text("registry.db", ""); isPostgres(db)) {
        auto const &schema = reader.at("registry.namespace");
        if (!schema.isNull() && (!schema.isString() || schema.string().empty()))
            throw reader.bad("registry.namespace", "is no name of a schema but " + schema.dump());
        try {
            out.postgres = postgresTarget(db, reader.at("registry"));
        } catch (Error const &e) {
            throw reader.bad("registry.db", e.message());
        }
    } else {
        out.sqlite_path = sqlitePath(reader, out.root);
    }
    out.datastores = datastoresOf(reader, out.root);
    out.included = reader.included();
    out.obscore = !reader.at("registry.managers.obscore").isNull();
    return out;
}

} // namespace dbb::butler
