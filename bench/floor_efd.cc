// The floor of dbb-efd-join from text: one loop that finds the fields of line protocol or CSV, calls
// std::from_chars and accumulates what the columns of the bench ask for (efd_loop.h). Nothing printed per
// window.
//
// Usage: floor_efd FILE.lp|FILE.csv WINDOWS FIELDS      WINDOWS: lines "begin end", UTC nanoseconds, in order
#include "efd_loop.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace {

/// `measurement name=value,... time`
void lineProtocol(char const *p, char const *end, std::vector<double> &row, Loop &loop) {
    p = static_cast<char const *>(std::memchr(p, ' ', static_cast<std::size_t>(end - p)));
    for (auto &value : row) {
        p = static_cast<char const *>(std::memchr(p, '=', static_cast<std::size_t>(end - p))) + 1;
        p = std::from_chars(p, end, value).ptr;
    }
    std::int64_t t = 0;
    std::from_chars(p + 1, end, t);
    loop.row(t, row.data());
}

/// `time,value,...`
void csv(char const *p, char const *end, std::vector<double> &row, Loop &loop) {
    std::int64_t t = 0;
    p = std::from_chars(p, end, t).ptr;
    for (auto &value : row) p = std::from_chars(p + 1, end, value).ptr;
    loop.row(t, row.data());
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    std::vector<double> row(static_cast<std::size_t>(std::atoi(argv[3])));
    Loop loop(readLoopWindows(argv[2]), row.size());
    bool const isCsv = std::string(argv[1]).ends_with(".csv");
    int const fd = ::open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 4;
    std::vector<char> buffer(std::size_t{1} << 18);
    std::size_t have = 0;
    bool first = isCsv;
    for (;;) {
        auto const n = ::read(fd, buffer.data() + have, buffer.size() - have);
        if (n <= 0) break;
        have += static_cast<std::size_t>(n);
        char const *p = buffer.data();
        char const *const end = p + have;
        while (p < end) {
            auto const *stop =
                static_cast<char const *>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
            if (!stop) break;
            if (first) {
                first = false;
            } else if (isCsv) {
                csv(p, stop, row, loop);
            } else {
                lineProtocol(p, stop, row, loop);
            }
            p = stop + 1;
        }
        have = static_cast<std::size_t>(end - p);
        std::memmove(buffer.data(), p, have);
    }
    ::close(fd);
    std::printf("%.15g\n", loop.sum());
    return 0;
}
