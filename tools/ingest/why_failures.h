/// \file
/// Files of an exposure that failed, as files of rejects tell.
#pragma once

#include "common/json.h"
#include "manifest/record.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::ingest {

/// An exposure, as far as it is known: at least its obs_id, or its instrument and id.
struct ExposureName {
    std::string instrument;
    std::optional<std::int64_t> id;
    std::string obs_id;
};

/// A rejected file of it.
struct Failure {
    std::string file;       ///< URI, or the text of a line that was none
    std::string instrument; ///< empty when the line does not say
    std::optional<std::int64_t> detector;
    common::Json error; ///< `error` object
};

/// Whether a rejected line is about an exposure: by its data ID or records, else by the name of its file,
/// which holds the obs_id, or the exposure's id and no other instrument's name. \param others  names of other
/// instruments that the repository knows
bool isAbout(manifest::Record const &reject, ExposureName const &exposure,
             std::vector<std::string> const &others);

/// Whether `text` holds `word` with no letter or digit beside it; `_` and `-` are the same.
bool holdsWord(std::string_view text, std::string_view word);

/// All rejects about an exposure in some files; of the same file the last one counts.
/// \throws Error USAGE for a file that can't be read
std::vector<Failure> failuresOf(ExposureName const &exposure, std::vector<std::string> const &rejects,
                                std::vector<std::string> const &others);

} // namespace dbb::ingest
