#include "convert/spool.h"

#include "common/error.h"
#include "common/lines.h"
#include "common/options.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace dbb::convert {

namespace {

constexpr std::size_t bufferSize = 1 << 20;

std::string folder() {
    auto const named = common::environmentValue("TMPDIR");
    return named.empty() ? "/tmp" : named;
}

} // namespace

void Spool::add(std::string_view line) {
    _buffer.append(line).push_back('\n');
    ++_lines;
    if (_buffer.size() >= bufferSize) write();
}

void Spool::write() {
    auto const place = folder();
    if (!_fd) {
        std::string name = place + "/dbb-convert-XXXXXX";
        _fd = common::UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
        if (!_fd) throw common::systemError("create a file in", place, errno);
        ::unlink(name.c_str());
    }
    common::writeAll(_fd.get(), {_buffer.data(), _buffer.size()}, place);
    _buffer.clear();
}

void Spool::drain(std::function<void(std::string_view)> const &line) {
    if (_lines == 0) return;
    write();
    auto const from = std::exchange(_fd, common::UniqueFd());
    _lines = 0;
    if (::lseek(from.get(), 0, SEEK_SET) != 0) throw common::systemError("read a file in", folder(), errno);
    common::LineReader lines(from.get());
    while (lines.next() == common::LineReader::Status::Line) line(lines.line());
}

} // namespace dbb::convert
