// The bytes of a FITS header, read with nothing in between: what floors do in place of dbb-describe.
#pragma once

#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace bench {

/// Whether one of the cards of `data` from `from` on is END.
inline bool hasEnd(std::vector<char> const &data, std::size_t from) {
    for (auto at = from; at + 80 <= data.size(); at += 80) {
        if (std::memcmp(data.data() + at, "END     ", 8) == 0) return true;
    }
    return false;
}

/// Read blocks until one has the END card.
inline void readHeader(std::string const &path) {
    constexpr std::size_t block = 2880;
    int const fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw std::runtime_error(path);
    std::vector<char> data(5 * block);
    std::size_t searched = 0;
    auto size = static_cast<std::size_t>(::pread(fd, data.data(), data.size(), 0));
    while (size == data.size() && !hasEnd(data, searched)) {
        searched = data.size();
        data.resize(data.size() + block);
        size += static_cast<std::size_t>(
            ::pread(fd, data.data() + searched, block, static_cast<off_t>(searched)));
    }
    ::close(fd);
}

} // namespace bench
