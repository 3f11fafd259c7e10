/// \file
/// Lines that wait on disk until the end of the input.
#pragma once

#include "common/file.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace dbb::convert {

/// A file without a name in TMPDIR (else /tmp), made for the first line.
class Spool {
public:
    /// \throws Error DISK_FULL …
    void add(std::string_view line);
    bool empty() const { return _lines == 0 && _buffer.empty(); }

    /// Hand out all lines in their order, and forget them.
    void drain(std::function<void(std::string_view line)> const &line);

private:
    void write();

    common::UniqueFd _fd;
    std::string _buffer;
    std::int64_t _lines = 0;
};

} // namespace dbb::convert
