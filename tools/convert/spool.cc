#include "convert/spool.h"

#include "common/error.h"
#include "common/lines.h"

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace dbb::convert {

namespace {

constexpr std::size_t bufferSize = 1 << 20;

} // namespace

void Spool::add(std::string_view line) {
    _buffer.append(line).push_back('\n');
    ++_lines;
    if (_buffer.size() >= bufferSize) write();
}

void Spool::write() {
    if (!_fd) _fd = common::temporaryFile();
    common::writeAll(_fd.get(), {_buffer.data(), _buffer.size()}, "a temporary file");
    _buffer.clear();
}

void Spool::drain(std::function<void(std::string_view)> const &line) {
    if (_lines == 0) return;
    write();
    auto const from = std::exchange(_fd, common::UniqueFd());
    _lines = 0;
    if (::lseek(from.get(), 0, SEEK_SET) != 0) throw common::systemError("read", "a temporary file", errno);
    common::LineReader lines(from.get());
    while (lines.next() == common::LineReader::Status::Line) line(lines.line());
}

} // namespace dbb::convert
