/// \file
/// The files of a dataset against the Gen2 file that it was made of.
#pragma once

#include "butler/config.h"
#include "butler/stored_datasets.h"
#include "common/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dbb::convert {

/// One thing that is wrong with a file.
struct FileDifference {
    std::string kind;    ///< size, file or checksum
    std::string path;    ///< as recorded
    common::Json gen2;   ///< size or checksum there; null: of no use
    common::Json gen3;   ///< the same here
    std::string message; ///< for people
};

/// Compares files. Remote ones are not looked at, and counted.
class VerifyFiles {
public:
    /// \param config  must live as long \param checksum  read and compare contents
    VerifyFiles(butler::Config const &config, bool checksum) : _config(config), _checksum(checksum) {}

    /// \param gen2File  absolute path \param gen2Size  as the line has it, nullopt: it does not say
    std::vector<FileDifference> compare(std::string const &gen2File, std::optional<std::int64_t> gen2Size,
                                        butler::StoredDataset const &stored);
    /// Whether one of a dataset's files is the Gen2 file itself.
    bool isItself(std::string const &gen2File, butler::StoredDataset const &stored) const;
    /// How many files were remote.
    std::int64_t remote() const { return _remote; }
    /// How many contents could not be compared since the Gen2 file is gone, as it is after a move.
    std::int64_t gone() const { return _gone; }

private:
    std::optional<FileDifference> compareSizes(std::optional<std::int64_t> gen2Size, std::int64_t size,
                                               butler::StoredFile const &stored) const;
    std::optional<FileDifference> compareContents(std::string const &gen2File, std::string const &gen3File,
                                                  butler::StoredFile const &stored);

    butler::Config const &_config;
    bool _checksum;
    std::int64_t _remote = 0;
    std::int64_t _gone = 0;
};

} // namespace dbb::convert
