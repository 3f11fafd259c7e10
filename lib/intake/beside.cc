#include "intake/beside.h"

#include "common/file.h"
#include "common/log.h"
#include "fits/header_file.h"

#include <cerrno>
#include <unistd.h>

namespace dbb::intake {

using common::Error;
using instrument::HeaderIndex;

namespace {

/// Some 10,000 raw headers, or 100,000 translated ones. In memory an index takes about fifteen times its
/// size.
constexpr std::size_t maxIndexBytes = std::size_t{64} << 20;

/// nullopt when there is nothing of that name.
std::optional<common::FileStat> statIfThere(std::string const &path) {
    // Most files have nothing beside them, and an exception for each would cost more than the look.
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
    return common::statFile(path);
}

} // namespace

HeaderIndex readIndex(std::string const &path) try {
    return HeaderIndex::parse(common::readFile(path, maxIndexBytes));
} catch (Error const &e) {
    throw e.at(path);
}

bool isIndex(std::string const &path) {
    return common::nameOf(path) == instrument::indexName;
}

std::vector<std::string> filesOfIndex(std::string const &path) {
    auto const folder = common::folderOf(path);
    auto out = readIndex(path).names();
    for (auto &name : out) name = (folder == "/" ? "" : folder) + "/" + name;
    return out;
}

std::shared_ptr<HeaderIndex const> Beside::loadIndex(std::string const &path) try {
    auto out = std::make_shared<HeaderIndex const>(intake::readIndex(path));
    if (!out->saysContent())
        common::log::warning("\"" + path
                             + "\" does not say what it holds; its entries are taken for raw headers");
    return out;
} catch (Error const &e) {
    addBroken(path, e);
    return nullptr;
}

std::shared_ptr<HeaderIndex const> Beside::indexAt(std::string const &path) {
    std::optional<common::FileStat> stat;
    try {
        stat = statIfThere(path);
    } catch (Error const &e) {
        std::lock_guard const lock(_mutex);
        addBroken(path, e);
    }
    if (!stat) return nullptr;
    std::lock_guard const lock(_mutex);
    return _known.at(path, *stat, [&](std::string const &file) { return loadIndex(file); });
}

std::optional<Beside::Found> Beside::inIndex(std::string const &path) {
    if (!_indexes) return std::nullopt;
    auto const folder = common::folderOf(path);
    auto const at = (folder == "/" ? "" : folder) + "/" + std::string(instrument::indexName);
    auto const index = indexAt(at);
    auto content = index ? index->find(common::nameOf(path)) : std::nullopt;
    if (!content) return std::nullopt;
    return Found{std::move(*content), at};
}

std::optional<Beside::Found> Beside::inSidecar(std::string const &path) const {
    if (!_sidecars) return std::nullopt;
    // A dump is a header by itself, and another file may go by the same name.
    if (fits::isDumpName(path)) return std::nullopt;
    auto const at = instrument::sidecarPath(path);
    try {
        if (!statIfThere(at)) return std::nullopt;
        return Found{instrument::parseSidecar(common::readFile(at)), at};
    } catch (Error const &e) {
        throw Error("BAD_SIDECAR", e.at(at).message());
    }
}

void Beside::addBroken(std::string const &index, Error const &e) {
    if (!_reported.insert(index).second) return;
    _broken.emplace_back(index, e.code() == "BAD_INDEX" ? e : Error("BAD_INDEX", e.message()));
}

void Beside::reportBroken(std::string const &index, Error const &e) {
    std::lock_guard const lock(_mutex);
    addBroken(index, Error("BAD_INDEX", "\"" + index + "\": " + e.message()));
}

std::vector<std::pair<std::string, Error>> Beside::takeBroken() {
    std::lock_guard const lock(_mutex);
    return std::exchange(_broken, {});
}

} // namespace dbb::intake
