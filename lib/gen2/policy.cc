#include "gen2/policy.h"

#include "common/error.h"
#include "common/text.h"
#include "common/yaml.h"
#include "gen2/embedded.h"

#include <algorithm>
#include <set>

namespace dbb::gen2 {

using common::Error;
using common::Json;

namespace {

Error badTable(std::string const &where, std::string const &what) {
    return Error("BAD_TABLE", where + ": " + what, common::ExitCode::Usage);
}

void requireKnown(Json const &object, std::vector<std::string> const &known, std::string const &where) {
    if (!object.isObject()) throw badTable(where, "is no mapping");
    for (auto const &[key, value] : object.object()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        auto const near = common::nearest(key, known);
        throw badTable(where, "unknown key \"" + key + "\"")
            .hint(near.empty() ? "keys are: " + common::join(known, ", ") : "did you mean " + near + "?");
    }
}

std::string textAt(Json const &object, std::string_view key, std::string const &where) {
    auto const &value = object[key];
    if (value.isNull()) return {};
    if (!value.isString()) throw badTable(where, std::string(key) + " must be a text");
    return value.string();
}

std::vector<std::string> textsAt(Json const &object, std::string_view key, std::string const &where) {
    auto const &value = object[key];
    if (value.isNull()) return {};
    if (value.isString()) return {value.string()};
    std::vector<std::string> out;
    if (!value.isArray()) throw badTable(where, std::string(key) + " must be a list of texts");
    for (auto const &item : value.array()) {
        if (!item.isString()) throw badTable(where, std::string(key) + " must be a list of texts");
        out.push_back(item.string());
    }
    return out;
}

std::vector<std::string> const familyKeys{
    "mappers", "inherits",    "detector_key",         "exposure_key",  "obs_time",    "types",
    "note",    "root_skymap", "file_ignore_patterns", "ignored_types", "runs_forced", "umbrella_extra"};
std::vector<std::string> const typeKeys{"template", "storage_class", "kind",      "table",
                                        "same_as",  "dimensions",    "formatter", "note"};

std::map<std::string, Kind> const kinds{{"raw", Kind::Raw},         {"calibration", Kind::Calibration},
                                        {"curated", Kind::Curated}, {"output", Kind::Output},
                                        {"skymap", Kind::Skymap},   {"refcat", Kind::Refcat},
                                        {"mask", Kind::Mask},       {"refcat_config", Kind::RefcatConfig},
                                        {"ignored", Kind::Ignored}, {"no_gen3", Kind::NoGen3}};

Json embeddedTable(std::string const &family) {
    auto const content = embeddedFile(family + ".yaml");
    if (content.empty()) throw badTable(family, "there is no such table");
    return common::parseYaml(std::string(content), family + ".yaml");
}

/// What a key has in one object of several; the first that has it wins.
void addMissing(Json &to, Json const &from) {
    for (auto const &[key, value] : from.object())
        if (!to.find(key)) to.set(key, value);
}

/// Merge a family into what is there, then those that it inherits.
void addFamily(Json &merged, std::string const &family, std::set<std::string> &seen) {
    if (!seen.insert(family).second) return;
    auto const table = embeddedTable(family);
    requireKnown(table, familyKeys, family + ".yaml");
    for (auto const &[key, value] : table.object()) {
        if (key == "mappers" || key == "inherits") continue;
        auto const *known = merged.find(key);
        if (!known) {
            merged.set(key, value);
        } else if (value.isObject()) {
            auto both = *known;
            addMissing(both, value);
            merged.set(key, both);
        } else if (value.isArray()) {
            auto both = known->array();
            both.insert(both.end(), value.array().begin(), value.array().end());
            merged.set(key, both);
        }
    }
    for (auto const &next : textsAt(table, "inherits", family + ".yaml")) addFamily(merged, next, seen);
}

/// Put overrides on top of a merged table, types key by key.
void override(Json &merged, Json const &overrides) {
    requireKnown(overrides, familyKeys, "templates");
    for (auto const *key : {"types", "runs_forced", "root_skymap"}) {
        auto const *value = overrides.find(key);
        if (value && !value->isObject()) throw badTable(key, "must be a mapping");
    }
    auto const requireTemplate = [](std::string const &name, Json const &entry) {
        auto const texts = textsAt(entry, "template", name);
        if (std::ranges::any_of(texts, [](auto const &text) { return !text.empty(); })) return;
        throw badTable("dataset type " + name, "it has no template")
            .hint("write template: and the path below the repository, as raw/%(visit)07d-%(ccd)03d.fits");
    };
    for (auto const &[key, value] : overrides.object()) {
        if (key != "types") {
            merged.set(key, value);
            continue;
        }
        auto types = merged["types"];
        for (auto const &[name, entry] : value.object()) {
            auto own = entry;
            if (auto const *known = types.find(name); known && known->isObject() && own.isObject())
                addMissing(own, *known);
            if (own.isObject() && !own.find("same_as")) requireTemplate(name, own);
            types.set(name, own);
        }
        merged.set("types", types);
    }
}

std::string formatterOf(std::string const &storageClass) {
    static auto const table = embeddedTable("formatters");
    if (storageClass.empty()) return {};
    auto const own = textAt(table["formatters"], storageClass, "formatters.yaml");
    return own.empty() ? textAt(table, "default", "formatters.yaml") : own;
}

DatasetType typeFrom(std::string const &name, Json const &entry) {
    requireKnown(entry, typeKeys, "dataset type " + name);
    DatasetType out;
    out.name = name;
    out.storage_class = textAt(entry, "storage_class", name);
    out.table = textAt(entry, "table", name);
    out.formatter = textAt(entry, "formatter", name);
    out.dimensions = textsAt(entry, "dimensions", name);
    out.note = textAt(entry, "note", name);
    for (auto const &text : textsAt(entry, "template", name)) {
        if (text == "ignored" || text.empty()) continue;
        out.templates.emplace_back(text);
    }
    auto const kind = textAt(entry, "kind", name);
    if (kind.empty()) {
        out.kind = out.hasKey("calibDate") ? Kind::Calibration : Kind::Output;
        return out;
    }
    auto const at = kinds.find(kind);
    if (at == kinds.end()) {
        std::vector<std::string> names;
        for (auto const &[word, value] : kinds) names.push_back(word);
        auto const near = common::nearest(kind, names);
        throw badTable("dataset type " + name, "unknown kind \"" + kind + "\"")
            .hint(near.empty() ? "kinds are: " + common::join(names, ", ") : "did you mean " + near + "?");
    }
    out.kind = at->second;
    return out;
}

/// The family of a mapper and the instrument that it stands for.
std::pair<std::string, std::string> familyOf(std::string const &mapper) {
    for (auto const &family : embeddedFamilies()) {
        auto const table = embeddedTable(family);
        if (auto const *instrument = table["mappers"].find(mapper)) return {family, instrument->text()};
    }
    auto const near = common::nearest(mapper, knownMappers());
    throw common::usageError("there is no Gen3 instrument for the mapper \"" + mapper + "\"",
                             near.empty() ? "known are: " + common::join(knownMappers(), ", ")
                                          : "did you mean " + near + "?");
}

} // namespace

Policy Policy::of(std::string const &mapper, Json const &overrides) {
    auto const [family, instrument] = familyOf(mapper);
    Json merged;
    std::set<std::string> seen;
    addFamily(merged, family, seen);
    if (!overrides.isNull()) override(merged, overrides);
    Policy out;
    out.mapper = mapper;
    out.instrument = instrument;
    out.detector_key = textAt(merged, "detector_key", family);
    out.exposure_key = textAt(merged, "exposure_key", family);
    out.obs_time = textAt(merged, "obs_time", family);
    out.root_skymap = textAt(merged["root_skymap"], instrument, family);
    out.umbrella_extra = textsAt(merged, "umbrella_extra", family);
    out.ignored_files = textsAt(merged, "file_ignore_patterns", family);
    auto const ignored = textsAt(merged, "ignored_types", family);
    if (auto const *runs = merged.find("runs_forced"))
        for (auto const &[type, run] : runs->object()) out.runs[type] = run.text();
    for (auto const &[name, entry] : merged["types"].object()) {
        if (entry.isNull() || entry.find("same_as")) continue;
        auto type = typeFrom(name, entry);
        if (std::find(ignored.begin(), ignored.end(), name) != ignored.end()) type.kind = Kind::Ignored;
        if (type.formatter.empty() && type.kind != Kind::Raw)
            type.formatter = formatterOf(type.storage_class);
        out.types.push_back(std::move(type));
    }
    return out;
}

Json Policy::overridesFrom(Json const &repositoryPolicy, std::string const &repository) {
    static std::vector<std::string> const sections{"exposures", "calibrations", "datasets", "images"};
    Json types{Json::Object{}};
    auto const refuse = [&](std::string const &key) {
        return common::usageError("the repository \"" + repository + "\" has a policy of its own with \""
                                      + key + "\", which is not understood",
                                  "give its templates with --templates and remove the key from a copy of its "
                                  "repositoryCfg.yaml");
    };
    if (!repositoryPolicy.isObject()) throw refuse(repositoryPolicy.text());
    for (auto const &[section, entries] : repositoryPolicy.object()) {
        if (std::find(sections.begin(), sections.end(), section) == sections.end() || !entries.isObject())
            throw refuse(section);
        for (auto const &[type, entry] : entries.object()) {
            if (!entry.isObject()) throw refuse(section + "." + type);
            Json own{Json::Object{}};
            for (auto const &[key, value] : entry.object()) {
                if (key == "template" && value.isString()) {
                    own.set("template", value);
                } else if (key == "tables") {
                    own.set("table",
                            value.isArray() && !value.array().empty() ? value.array().front() : value);
                } else {
                    throw refuse(section + "." + type + "." + key);
                }
            }
            types.set(type, own);
        }
    }
    Json out;
    out.set("types", types);
    return out;
}

std::vector<std::string> Policy::typeNames() const {
    std::vector<std::string> out;
    for (auto const &type : types) out.push_back(type.name);
    return out;
}

DatasetType const *Policy::find(std::string_view name) const {
    auto const at = std::find_if(types.begin(), types.end(), [&](auto const &t) { return t.name == name; });
    return at == types.end() ? nullptr : &*at;
}

DatasetType const *Policy::raw() const {
    auto const at = std::find_if(types.begin(), types.end(),
                                 [](auto const &t) { return t.kind == Kind::Raw && !t.templates.empty(); });
    return at == types.end() ? nullptr : &*at;
}

std::vector<std::string> knownMappers() {
    std::vector<std::string> out;
    for (auto const &family : embeddedFamilies()) {
        auto const table = embeddedTable(family);
        auto const *mappers = table.find("mappers");
        if (!mappers) continue;
        for (auto const &[mapper, instrument] : mappers->object()) out.push_back(mapper);
    }
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace dbb::gen2
