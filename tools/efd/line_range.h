/// \file
/// Whole lines of a part of a file, so that several threads can read it at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dbb::efd {

/// Text in memory that may be larger, and stays when it is emptied.
struct SampleText {
    std::string memory;
    std::size_t begin = 0, size = 0;
    std::string_view text() const { return std::string_view(memory).substr(begin, size); }
};

/// Bytes of a file. Its lines are those that begin there; the last one may end behind it.
struct LineRange {
    int fd = -1;
    std::int64_t begin = 0, end = 0;
    std::int64_t limit = 0;  ///< of the file: lines that end behind it are not there yet
    bool beginsLine = false; ///< a line begins where the range does; else it may, or not
};

/// Read the lines of a range, as far as they are whole. \return the end of the last one; nullopt when there
/// is none \throws Error IO_ERROR; TOO_LONG for a line that goes on beyond reason
std::optional<std::int64_t> readLines(LineRange const &range, std::string const &path, SampleText &out);

} // namespace dbb::efd
