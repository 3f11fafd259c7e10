/// \file
/// What a line says of its file since it was scanned, to be compared with the file as it is now.
#pragma once

#include "common/file.h"
#include "manifest/record.h"

#include <cstdint>
#include <optional>
#include <string>

namespace dbb::intake {

struct Scanned {
    std::optional<std::int64_t> size_bytes; ///< nullopt: the line does not say
    std::optional<common::FileTime>
        mtime; ///< nullopt: it does not say, or not in the form that it should have

    /// \throws Error BAD_VALUE when its size is no integer
    static Scanned of(manifest::Record const &record);
};

/// \throws Error CHANGED when the file is not the one that was scanned
void requireAsScanned(std::string const &path, common::FileStat const &now, Scanned const &scanned);

} // namespace dbb::intake
