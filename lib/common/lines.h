/// \file
/// Lines in and lines out of a filter: bounded, interruptible, flushed when the other side may be waiting.
#pragma once

#include "common/file.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dbb::common {

/// Buffered lines to a descriptor that stays owned by the caller. Not for several threads at once.
class Output {
public:
    explicit Output(int fd) : _fd(fd) {}

    /// Append `line` and a newline. Data older than 0.2 s or more than 64 kB is written out.
    /// \throws Error as flush
    void write(std::string_view line);
    /// Append text as it is.
    void append(std::string_view text);
    /// Width of the terminal that is written to (COLUMNS, else what it says itself); 0 when it is none.
    std::size_t columns() const;

    /// Write out what is buffered.
    /// \throws ClosedOutput when nobody reads any more; Error OUTPUT_FAILED (exit 4) when it can't be written
    void flush();

private:
    int _fd;
    std::string _buffer;
    std::chrono::steady_clock::time_point _oldest{};
};

/// The reader of our output is gone: stop quietly and end as SIGPIPE would have ended us.
struct ClosedOutput {};

/// Lines (or other records) from a descriptor that stays owned by the caller.
class LineReader {
public:
    enum class Status {
        Line, ///< `line()` has the next line
        Long, ///< the line is longer than the limit; `line()` has its beginning, the rest was skipped
        Idle, ///< nothing came in time
        End,  ///< end of input, or asked to stop (see stopSignal())
    };

    static constexpr std::size_t maxLine = std::size_t{1} << 20;

    /// \param fd  a pipe gets more room, for whoever writes \param source  shown in messages
    explicit LineReader(int fd, char separator = '\n', std::string source = "standard input");

    /// Wait for the next line. \param timeout  negative: without end
    /// \throws Error INPUT_FAILED (exit 4)
    Status next(std::chrono::milliseconds timeout = std::chrono::milliseconds(-1));

    /// Whether next() would return at once because a whole line is here.
    bool ready() const { return _buffer.find(_separator, _start) != std::string::npos; }

    /// The line without its separator; valid until the next call of next().
    std::string_view line() const { return _line; }
    /// Number of the line, from 1.
    std::int64_t number() const { return _number; }

private:
    bool takeLine();
    Status takeLong();

    int _fd;
    char _separator;
    std::string _source;
    std::string _buffer;
    std::size_t _start = 0;
    std::size_t _scanned = 0;
    std::string_view _line;
    std::string _head; // beginning of a line that is too long
    std::int64_t _number = 0;
    bool _eof = false;
    bool _skipping = false;
};

} // namespace dbb::common
