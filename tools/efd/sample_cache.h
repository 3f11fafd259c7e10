/// \file
/// Samples that were had once, kept for the next run.
#pragma once

#include "common/checksum.h"
#include "common/file.h"
#include "common/gzip.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dbb::efd {

/// A folder with a file for each piece: compressed line protocol between a line that says what it is and one
/// with its checksum. A file has its name only once it is complete and on disk.
class SampleCache {
public:
    /// \throws Error PERMISSION, DISK_FULL …
    explicit SampleCache(std::string folder);

    /// A piece that comes into being. Gone without keep(), it leaves nothing that is found.
    class Piece {
    public:
        /// \throws Error DISK_FULL, IO_ERROR …
        void add(std::string_view lines);
        void keep();

    private:
        friend class SampleCache;
        Piece(common::UniqueFd fd, std::string path, std::string const &identity);

        void write(std::string_view text);

        common::UniqueFd _fd;
        std::string _path;
        common::GzipWriter _gzip;
        common::Checksummer _checksum;
    };

    /// Begin a piece; nullptr when another run is at it. \param identity  what it is: one line
    /// \throws Error PERMISSION, DISK_FULL …
    std::unique_ptr<Piece> begin(std::string const &identity);

    bool has(std::string const &identity) const { return common::exists(pathOf(identity)); }

    /// Hand on the lines of a piece in parts. \return false for one that is damaged, of which nothing is
    /// handed on and which is told. \throws Error PERMISSION …
    bool read(std::string const &identity, std::function<void(std::string_view)> const &lines) const;

private:
    std::string pathOf(std::string const &identity) const;

    std::string _folder;
};

} // namespace dbb::efd
