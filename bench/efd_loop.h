// What the floors of dbb-efd-join have in common: reading lines, and, of two of them, one pass that
// accumulates what the columns of the bench ask for: count, mean, standard deviation, least and greatest
// value in each window, and the last value at its begin. No index, no duplicates, no order, no gaps, nothing
// kept per window.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

struct LoopWindow {
    std::int64_t begin_ns = 0, end_ns = 0;
};

/// Lines "begin end", UTC nanoseconds, in order.
inline std::vector<LoopWindow> readLoopWindows(std::string const &path) {
    std::vector<LoopWindow> out;
    std::ifstream in(path);
    for (LoopWindow w; in >> w.begin_ns >> w.end_ns;) out.push_back(w);
    return out;
}

/// Call `line(begin, end)` for each line of a file. \return false when it can't be opened
template<typename Line>
bool forEachLine(char const *path, Line const &line) {
    int const fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    std::vector<char> buffer(std::size_t{1} << 18);
    std::size_t have = 0;
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
            line(p, stop);
            p = stop + 1;
        }
        have = static_cast<std::size_t>(end - p);
        std::memmove(buffer.data(), p, have);
    }
    ::close(fd);
    return true;
}

class Loop {
public:
    Loop(std::vector<LoopWindow> windows, std::size_t fields)
        : _windows(std::move(windows)), _last(fields), _statistics(fields) {}

    /// \param values  as many as there are fields
    void row(std::int64_t t_ns, double const *values) {
        while (_at < _windows.size() && t_ns >= _windows[_at].end_ns) close();
        if (_at < _windows.size() && t_ns > _windows[_at].begin_ns && !_asked) ask();
        if (_at < _windows.size() && t_ns >= _windows[_at].begin_ns) {
            for (std::size_t f = 0; f < _last.size(); ++f) _statistics[f].add(values[f]);
        }
        _last.assign(values, values + _last.size());
    }
    /// Of all statistics of all windows.
    double sum() {
        while (_at < _windows.size()) close();
        return _sum;
    }

private:
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

    std::vector<LoopWindow> _windows;
    std::size_t _at = 0;
    bool _asked = false;
    std::vector<double> _last;
    std::vector<Statistics> _statistics;
    double _sum = 0;
};
