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
    bool first = isCsv; // the header
    bool const isRead = forEachLine(argv[1], [&](char const *begin, char const *end) {
        if (first) {
            first = false;
        } else if (isCsv) {
            csv(begin, end, row, loop);
        } else {
            lineProtocol(begin, end, row, loop);
        }
    });
    if (!isRead) return 4;
    std::printf("%.15g\n", loop.sum());
    return 0;
}
