#include "intake/zipped.h"

#include "common/error.h"
#include "common/file.h"
#include "common/uri.h"
#include "common/zip.h"

#include <algorithm>

namespace dbb::intake {

using common::Error;
using common::Json;

namespace {

/// Some 3000 raw headers. In memory an index takes about thirty times its size.
constexpr std::size_t maxZipIndexBytes = std::size_t{16} << 20;

std::string readIndexOf(common::ZipFile const &zip, char const *name, char const *whatFor) {
    if (auto text = zip.read(name, maxZipIndexBytes)) return std::move(*text);
    throw Error("BAD_ZIP", std::string("it has no ") + name + ", which tells " + whatFor);
}

/// The Butler reads as many bytes as are recorded, and no others.
void requireMember(common::ZipFile const &zip, std::string const &name, butler::ZipMember const &member) {
    if (auto const fault = zip.faultOf(name); !fault.empty())
        throw Error("BAD_ZIP", "member \"" + name + "\" " + fault);
    auto const size = zip.sizeOf(name);
    if (size == member.size_bytes) return;
    throw Error("BAD_ZIP", "member \"" + name + "\" "
                               + (size ? "has " + std::to_string(*size) + " bytes" : "has no size")
                               + ", but the Butler's index says " + std::to_string(member.size_bytes)
                               + " bytes")
        .cause({.value = size ? std::to_string(*size) : "", .expected = std::to_string(member.size_bytes)});
}

bool sameExposure(butler::ZipMember const &a, butler::ZipMember const &b) {
    return a.data_id["instrument"] == b.data_id["instrument"]
           && a.data_id["exposure"] == b.data_id["exposure"];
}

} // namespace

ZippedRaws::ZippedRaws(butler::ZipIndex datasets, instrument::HeaderIndex headers)
    : _datasets(std::move(datasets)), _headers(std::move(headers)), _storedPath(_datasets.storedPath()) {}

ZippedRaws ZippedRaws::read(std::string const &path) try {
    common::ZipFile const zip(path);
    if (auto const name = zip.repeatedName(); !name.empty())
        throw Error("BAD_ZIP", "it has two members of the name \"" + name + "\"");
    auto datasets =
        butler::ZipIndex::parse(readIndexOf(zip, butler::ZipIndex::fileName, "which datasets it holds"));
    for (auto const &[name, member] : datasets.members()) requireMember(zip, name, member);
    auto const text = readIndexOf(zip, headersName, "what their headers say");
    try {
        return {std::move(datasets), instrument::HeaderIndex::parse(text)};
    } catch (Error const &e) {
        throw Error("BAD_ZIP", std::string(headersName) + ": " + e.message());
    }
} catch (Error const &e) {
    throw e.at(path);
}

ZippedRaws::Header ZippedRaws::headerOf(std::string const &member) const {
    if (auto content = _headers.find(member)) return {std::move(*content), ""};
    auto const &members = _datasets.members();
    auto const at = members.find(member);
    if (at == members.end()) throw Error("BAD_ZIP", "neither index of the zip file names such a member");
    for (auto const &[name, other] : members) {
        if (!sameExposure(other, at->second)) continue;
        if (auto content = _headers.find(name)) return {std::move(*content), name};
    }
    throw Error("BAD_ZIP", std::string(headersName) + " has neither its header nor another of its exposure");
}

std::vector<std::string> ZippedRaws::mismatches() const {
    std::vector<std::string> out;
    for (auto const &name : _headers.names()) {
        if (!_datasets.members().contains(name))
            out.push_back("\"" + name + "\" is no dataset of the Butler's index and is left out");
    }
    return out;
}

std::shared_ptr<ZippedRaws const> Zips::at(std::string const &path) {
    auto const stat = common::statFile(path);
    std::lock_guard const lock(_mutex);
    return _known.at(path, stat, [](std::string const &file) {
        return std::make_shared<ZippedRaws const>(ZippedRaws::read(file));
    });
}

bool isZip(manifest::Record const &record) {
    if (record.type() != "file" || !record.get("uri").isString()) return false;
    auto const uri = record.text("uri");
    if (!common::memberOfUri(uri).empty()) return false;
    try {
        return common::pathOfUri(uri).ends_with(".zip");
    } catch (Error const &) {
        return false; // no path of this computer
    }
}

} // namespace dbb::intake
