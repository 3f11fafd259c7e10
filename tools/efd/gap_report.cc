#include "efd/gap_report.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/json.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::efd {

using common::Error;

namespace {

constexpr std::size_t mostBuffered = std::size_t{1} << 16;

Error cantReport(Error const &e) {
    return Error("OUTPUT_FAILED", "--gaps: " + e.message(), common::ExitCode::Backend);
}

template<typename Step>
void reporting(Step const &step) {
    try {
        step();
    } catch (Error const &e) {
        throw cantReport(e);
    }
}

void appendEdge(std::string &line, telemetry::Gap const &gap) {
    line += ",\"edge\":";
    if (gap.from_edge || gap.to_edge) {
        line += gap.from_edge && gap.to_edge ? "\"both\"" : gap.from_edge ? "\"begin\"" : "\"end\"";
    } else {
        line += "null";
    }
}

} // namespace

GapReport::GapReport(std::string const &path) {
    reporting([&] {
        struct stat s {};
        bool const there = ::stat(path.c_str(), &s) == 0;
        bool const regular = there && S_ISREG(s.st_mode);
        // A link stays one.
        _path = regular ? common::realPath(path) : path;
        if (!there || regular) _temporary = _path + ".tmp" + std::to_string(::getpid());
        int const flags = _temporary.empty() ? O_WRONLY | O_NOCTTY : O_WRONLY | O_CREAT | O_TRUNC;
        _fd = common::UniqueFd(
            ::open((_temporary.empty() ? _path : _temporary).c_str(), flags | O_CLOEXEC, 0666));
        if (_fd) return;
        int const errnum = errno;
        _temporary.clear();
        throw common::systemError("create", path, errnum);
    });
}

GapReport::~GapReport() {
    if (!_temporary.empty()) ::unlink(_temporary.c_str());
}

void GapReport::add(std::string_view keys, telemetry::Column const &column, int element,
                    std::vector<telemetry::Gap> const &gaps) {
    for (auto const &gap : gaps) {
        auto &line = _buffer;
        line.append("{\"type\":\"gap\",").append(keys).append("\"column\":");
        common::appendQuoted(line, column.name);
        line.append(",\"element\":").append(std::to_string(element)).append(",\"topic\":");
        common::appendQuoted(line, column.topic);
        line.append(",\"field\":");
        if (element >= 0 || column.fields.size() == 1) {
            common::appendQuoted(line, column.fields[element < 0 ? 0 : static_cast<std::size_t>(element)]);
        } else {
            line += "null";
        }
        line.append(",\"gap_begin_tai\":\"").append(common::isoFromNs(gap.from_ns));
        line.append("\",\"gap_end_tai\":\"").append(common::isoFromNs(gap.to_ns));
        line.append("\",\"length_ns\":").append(std::to_string(gap.to_ns - gap.from_ns));
        appendEdge(line, gap);
        line += "}\n";
        if (_buffer.size() >= mostBuffered) flush();
    }
}

void GapReport::flush() {
    reporting([&] { common::writeAll(_fd.get(), _buffer, _path); });
    _buffer.clear();
}

void GapReport::finish() {
    flush();
    if (_temporary.empty()) return;
    reporting([&] {
        common::syncFile(_fd.get(), _path);
        if (::rename(_temporary.c_str(), _path.c_str()) != 0)
            throw common::systemError("create", _path, errno);
        _temporary.clear();
        common::syncFolder(common::folderOf(_path));
    });
}

} // namespace dbb::efd
