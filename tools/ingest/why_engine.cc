#include "ingest/why_engine.h"

#include "common/error.h"
#include "common/log.h"

#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

namespace dbb::ingest {

using common::log::Format;
using common::log::Level;

namespace {

void startLog(common::StandardOptions const &standard, Level level) {
    common::log::start("dbb-why", standard.log_format == "json" ? Format::Json : Format::Text, level);
}

} // namespace

CaughtRejects::CaughtRejects(common::StandardOptions const &standard)
    : _standard(standard), _file(::memfd_create("rejects", MFD_CLOEXEC)) {
    if (!_file) throw common::systemError("make", "a file in memory", errno);
    _rejects = std::make_unique<manifest::Rejects>("fd:" + std::to_string(_file.get()));
    // No message has a level above Error.
    startLog(standard, static_cast<Level>(static_cast<int>(Level::Error) + 1));
}

CaughtRejects::~CaughtRejects() {
    _rejects.reset(); // it may have something to say yet
    startLog(_standard, _standard.quiet          ? Level::Error
                        : _standard.verbose >= 2 ? Level::Debug
                        : _standard.verbose == 1 ? Level::Info
                                                 : Level::Warning);
}

std::vector<manifest::Record> CaughtRejects::take() {
    std::string text(static_cast<std::size_t>(common::statFile(_file.get(), "rejects").size_bytes), '\0');
    text.resize(common::readAt(_file.get(), "rejects", text.data(), text.size(), 0));
    std::vector<manifest::Record> out;
    for (std::size_t at = 0; at < text.size();) {
        auto const end = text.find('\n', at);
        out.push_back(manifest::Record::parse(std::string_view(text).substr(at, end - at)));
        at = end + 1;
    }
    if (::lseek(_file.get(), 0, SEEK_SET) != 0 || ::ftruncate(_file.get(), 0) != 0) {
        throw common::systemError("empty", "a file in memory", errno);
    }
    return out;
}

} // namespace dbb::ingest
