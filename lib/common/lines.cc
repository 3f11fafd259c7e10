#include "common/lines.h"

#include "common/error.h"
#include "common/options.h"
#include "common/signals.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace dbb::common {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t maxBuffered = 65536;
constexpr std::size_t headOfLongLine = 4096;
constexpr auto maxAge = std::chrono::milliseconds(200);
/// What a pipe holds. A reader that commits a thousand lines at a time, which takes as long as writing the
/// next thousand, would else let the writer wait. More is not allowed to everyone.
constexpr int pipeBytes = 1 << 20;

} // namespace

void Output::append(std::string_view text) {
    if (_buffer.empty()) _oldest = Clock::now();
    _buffer += text;
}

void Output::write(std::string_view line) {
    append(line);
    _buffer += '\n';
    if (_buffer.size() >= maxBuffered || Clock::now() - _oldest >= maxAge) flush();
}

std::size_t Output::columns() const {
    if (::isatty(_fd) != 1) return 0;
    auto const given = environmentValue("COLUMNS");
    std::size_t columns = 0;
    auto const [rest, error] = std::from_chars(given.data(), given.data() + given.size(), columns);
    if (error == std::errc() && rest == given.data() + given.size() && columns > 0) return columns;
    winsize size{};
    return ::ioctl(_fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void Output::flush() {
    for (std::size_t done = 0; done < _buffer.size();) {
        auto const n = writeSome(_fd, std::string_view(_buffer).substr(done));
        done += n;
        if (n > 0) continue;
        int const errnum = errno;
        _buffer.clear();
        if (errnum == EPIPE) throw ClosedOutput{};
        throw Error("OUTPUT_FAILED", std::string("could not write standard output: ") + std::strerror(errnum),
                    ExitCode::Backend);
    }
    _buffer.clear();
}

bool LineReader::takeLine() {
    auto const end = _buffer.find(_separator, std::max(_start, _scanned));
    if (end == std::string::npos) {
        _scanned = _buffer.size();
        return false;
    }
    _line = std::string_view(_buffer).substr(_start, end - _start);
    _start = end + 1;
    return true;
}

LineReader::Status LineReader::takeLong() {
    _skipping = false;
    _line = _head;
    ++_number;
    return Status::Long;
}

LineReader::LineReader(int fd, char separator, std::string source)
    : _fd(fd), _separator(separator), _source(std::move(source)) {
    // What is no pipe, or may have no more, is as it was.
    static_cast<void>(::fcntl(fd, F_SETPIPE_SZ, pipeBytes));
}

LineReader::Status LineReader::next(std::chrono::milliseconds timeout) {
    auto const deadline = Clock::now() + timeout;
    for (;;) {
        if (stopSignal() != 0) return Status::End;
        if (takeLine()) {
            if (_skipping) return takeLong(); // this was the end of a line that is too long
            ++_number;
            if (_line.size() <= maxLine) return Status::Line;
            _line = _line.substr(0, headOfLongLine);
            return Status::Long;
        }
        if (_eof) {
            if (_skipping) {
                _buffer.clear(); // the end of that line
                return takeLong();
            }
            if (_start >= _buffer.size()) return Status::End;
            _line = std::string_view(_buffer).substr(_start);
            _start = _buffer.size();
            ++_number;
            return Status::Line;
        }
        _buffer.erase(0, _start);
        _scanned -= std::min(_scanned, _start);
        _start = 0;
        if (_buffer.size() > maxLine) {
            if (!_skipping) _head = _buffer.substr(0, headOfLongLine);
            _skipping = true;
            _buffer.clear();
            _scanned = 0;
        }

        int wait = -1;
        if (timeout.count() >= 0) {
            auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
            wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
        }
        pollfd p{_fd, POLLIN, 0};
        int const ready = ::poll(&p, 1, wait);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) return Status::Idle;
        char chunk[65536];
        auto const n = ::read(_fd, chunk, sizeof chunk);
        // Another reader of the same pipe may have been faster.
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) {
            throw Error("INPUT_FAILED", "could not read " + _source + ": " + std::strerror(errno),
                        ExitCode::Backend);
        }
        if (n == 0) {
            _eof = true;
        } else {
            _buffer.append(chunk, static_cast<std::size_t>(n));
        }
    }
}

} // namespace dbb::common
