#include "intake/placed_zips.h"

#include "common/error.h"
#include "common/uri.h"

#include <unistd.h>

namespace dbb::intake {

using common::Error;

Placed PlacedZips::place(DatasetLine const &line,
                         std::function<Placed(std::string const &path)> const &placeFile) {
    auto known = _known.find(line.file);
    if (known != _known.end() && !_dryRun && ::access(known->second.placed.file.c_str(), F_OK) != 0) {
        _known.erase(known);
        known = _known.end();
    }
    if (known == _known.end()) {
        auto const &path = line.zip->stored_path;
        auto const before = ::access(line.file.c_str(), F_OK) != 0
                                ? _placement.movedBefore(line.scanned, path)
                                : std::nullopt;
        auto placed = before ? *before : placeFile(path);
        auto directory = std::make_shared<common::ZipFile const>(before ? placed.file : line.file);
        known = _known.emplace(line.file, InPlace{std::move(placed), std::move(directory)}).first;
    }
    auto const size = known->second.directory->sizeOf(line.zip->member);
    if (size != line.zip->size_bytes) {
        throw Error("BAD_ZIP", "\"" + line.path + "\": the line says " + std::to_string(line.zip->size_bytes)
                                   + " bytes, but the zip file "
                                   + (size ? "has " + std::to_string(*size) : "has no such member"));
    }
    auto out = known->second.placed;
    out.stored_path = common::memberPath(out.stored_path, line.zip->member);
    out.size_bytes = line.zip->size_bytes;
    return out;
}

} // namespace dbb::intake
