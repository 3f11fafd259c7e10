// The floor of dbb-describe: read the blocks of each primary header and do nothing with them.
//     floor_headers < paths        prints seconds
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t block = 2880;

/// Whether one of the cards of `data` from `from` on is END.
bool hasEnd(std::vector<char> const &data, std::size_t from) {
    for (auto at = from; at + 80 <= data.size(); at += 80) {
        if (std::memcmp(data.data() + at, "END     ", 8) == 0) return true;
    }
    return false;
}

void readHeader(std::string const &path) {
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

} // namespace

int main() {
    std::vector<std::string> paths;
    for (std::string line; std::getline(std::cin, line);) paths.push_back(line);
    auto const start = std::chrono::steady_clock::now();
    for (auto const &path : paths) readHeader(path);
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", elapsed.count());
}
