#include "butler/zip_index.h"

#include "butler/datasets.h"
#include "butler/stored_path.h"
#include "common/error.h"
#include "common/text.h"

#include <unordered_map>
#include <vector>

namespace dbb::butler {

using common::Error;
using common::Json;

namespace {

Error badIndex(std::string const &what) {
    return Error("BAD_ZIP", std::string(ZipIndex::fileName) + ": " + what);
}

Json const &objectIn(Json const &object, std::string_view key) {
    auto const &value = object[key];
    if (!value.isObject()) throw badIndex("\"" + std::string(key) + "\" is no object");
    return value;
}

std::string const &textIn(Json const &object, std::string_view key, std::string const &of) {
    auto const &value = object[key];
    if (!value.isString() || value.string().empty())
        throw badIndex("\"" + of + "\" has no \"" + std::string(key) + "\"");
    return value.string();
}

/// What is said of datasets, by their ids.
using Refs = std::unordered_map<std::string_view, Json const *>;

ZipMember memberOf(std::string const &name, Json const &artifact, Refs const &refs) {
    auto const &info = artifact["info"];
    auto const &ids = artifact["ids"];
    if (!ids.isArray() || ids.array().size() != 1 || !ids.array()[0].isString()
        || !info["component"].isNull())
        throw badIndex("\"" + name + "\" is not exactly one dataset");
    auto const &text = ids.array()[0].string();
    auto const id = common::Uuid::fromText(text);
    auto const at = refs.find(text);
    if (!id || at == refs.end())
        throw badIndex("nothing is said of the dataset \"" + text + "\" of \"" + name + "\"");
    auto const &ref = *at->second;
    if (!ref["data_id"].isObject()) throw badIndex("\"" + name + "\" has no data ID");
    if (!info["file_size"].isInt()) throw badIndex("\"" + name + "\" has no \"file_size\"");
    return {.id = *id,
            .dataset_type = textIn(ref, "dataset_type_name", name),
            .run = textIn(ref, "run", name),
            .data_id = ref["data_id"],
            .formatter = textIn(info, "formatter", name),
            .storage_class = textIn(info, "storage_class", name),
            .checksum = info["checksum"].isString() ? info["checksum"].string() : "",
            .size_bytes = info["file_size"].integer()};
}

} // namespace

ZipIndex ZipIndex::parse(std::string_view text) {
    Json index;
    try {
        index = Json::parse(text);
    } catch (Error const &e) {
        throw badIndex(e.message());
    }
    if (index["index_version"] != Json("V1"))
        throw badIndex("its version is " + index["index_version"].dump() + ", known is \"V1\"");
    Refs refs;
    for (auto const &[id, ref] : objectIn(objectIn(index, "refs"), "compact_refs").object())
        refs.emplace(id, &ref);
    ZipIndex out;
    for (auto const &[name, artifact] : objectIn(index, "artifact_map").object()) {
        if (!staysBelow(name)) throw badIndex("\"" + name + "\" can't be the path of a member");
        out._members.emplace(name, memberOf(name, artifact, refs));
    }
    if (out._members.empty()) throw badIndex("it names no member");
    return out;
}

std::string ZipIndex::storedPath() const {
    std::vector<std::string> names;
    for (auto const &[name, member] : _members) names.push_back(name);
    auto const uuid = butlerUuid(common::join(names, ",")).text();
    return "zips/" + uuid.substr(0, 4) + "/" + uuid + ".zip";
}

} // namespace dbb::butler
