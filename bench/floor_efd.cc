// The floor of dbb-efd-join from text: one loop that finds the fields of line protocol or CSV, calls
// std::from_chars and accumulates what the columns of the bench ask for: count, mean, standard deviation,
// least and greatest value in each window, and the last value at its begin. No index, no duplicates, no
// order, no gaps, nothing printed per window.
//
// Usage: floor_efd FILE.lp|FILE.csv WINDOWS FIELDS      WINDOWS: lines "begin end", UTC nanoseconds, in order
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

struct Window {
    std::int64_t begin_ns = 0, end_ns = 0;
};

struct Statistics {
    std::int64_t n = 0;
    double mean = 0, squares = 0, least = INFINITY, greatest = -INFINITY;

    void add(double x) {
        ++n;
        double const d = x - mean;
        mean += d / static_cast<double>(n);
        squares += d * (x - mean);
        if (x < least) least = x;
        if (x > greatest) greatest = x;
    }
};

class Loop {
public:
    Loop(std::vector<Window> windows, std::size_t fields)
        : _windows(std::move(windows)), _row(fields), _last(fields), _statistics(fields) {}

    void row(std::int64_t t_ns) {
        while (_at < _windows.size() && t_ns >= _windows[_at].end_ns) close();
        if (_at < _windows.size() && t_ns > _windows[_at].begin_ns && !_asked) ask();
        if (_at < _windows.size() && t_ns >= _windows[_at].begin_ns) {
            for (std::size_t f = 0; f < _row.size(); ++f) _statistics[f].add(_row[f]);
        }
        _last = _row;
    }
    std::vector<double> &values() { return _row; }
    double sum() {
        while (_at < _windows.size()) close();
        return _sum;
    }

private:
    void ask() {
        _asked = true;
        for (double const v : _last) _sum += v;
    }
    void close() {
        if (!_asked) ask();
        for (auto &s : _statistics) {
            _sum += static_cast<double>(s.n) + s.mean + std::sqrt(s.squares / static_cast<double>(s.n - 1))
                    + s.least + s.greatest;
            s = {};
        }
        ++_at;
        _asked = false;
    }

    std::vector<Window> _windows;
    std::size_t _at = 0;
    bool _asked = false;
    std::vector<double> _row, _last;
    std::vector<Statistics> _statistics;
    double _sum = 0;
};

/// `measurement name=value,... time`
void lineProtocol(char const *p, char const *end, Loop &loop) {
    p = static_cast<char const *>(std::memchr(p, ' ', static_cast<std::size_t>(end - p)));
    for (auto &value : loop.values()) {
        p = static_cast<char const *>(std::memchr(p, '=', static_cast<std::size_t>(end - p))) + 1;
        p = std::from_chars(p, end, value).ptr;
    }
    std::int64_t t = 0;
    std::from_chars(p + 1, end, t);
    loop.row(t);
}

/// `time,value,...`
void csv(char const *p, char const *end, Loop &loop) {
    std::int64_t t = 0;
    p = std::from_chars(p, end, t).ptr;
    for (auto &value : loop.values()) p = std::from_chars(p + 1, end, value).ptr;
    loop.row(t);
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    std::vector<Window> windows;
    std::ifstream in(argv[2]);
    for (Window w; in >> w.begin_ns >> w.end_ns;) windows.push_back(w);
    Loop loop(windows, static_cast<std::size_t>(std::atoi(argv[3])));
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
                csv(p, stop, loop);
            } else {
                lineProtocol(p, stop, loop);
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
