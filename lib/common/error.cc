#include "common/error.h"

#include "common/text.h"

#include <array>
#include <cerrno>
#include <cstring>

namespace dbb::common {

ExitCode worse(ExitCode a, ExitCode b) {
    constexpr std::array order{ExitCode::Done, ExitCode::Incomplete, ExitCode::SomeFailed, ExitCode::Backend,
                               ExitCode::Damaged};
    auto rank = [&](ExitCode c) {
        std::size_t i = 0;
        while (i < order.size() && order[i] != c) ++i;
        return i;
    };
    return rank(a) >= rank(b) ? a : b;
}

namespace {

/// Two paths fit in. Names and values that are longer come from foreign lines and headers, and a reject must
/// stay a line that can be read again.
constexpr std::size_t maxMessage = 10'000;
constexpr std::size_t maxValue = 1000;

} // namespace

Error::Error(std::string code, std::string message, ExitCode exit)
    : _code(std::move(code)), _message(shortened(wellFormed(message), maxMessage)), _exit(exit) {}

Error &Error::cause(Cause c) & {
    c.value = shortened(std::move(c.value), maxValue);
    c.expected = shortened(std::move(c.expected), maxValue);
    _cause = std::move(c);
    return *this;
}

Error Error::saying(std::string const &message) const {
    auto out = *this;
    out._message = shortened(wellFormed(message), maxMessage);
    return out;
}

Error Error::at(std::string const &path) const {
    if (_message.find(path) != std::string::npos) return *this;
    return saying("\"" + path + "\": " + _message);
}

Error usageError(std::string message, std::string hint) {
    return Error("USAGE", std::move(message), ExitCode::Usage).hint(std::move(hint));
}

namespace {

char const *codeOf(int errnum) {
    switch (errnum) {
    case ENOENT:
    case ENOTDIR: return "NOT_FOUND";
    case ENAMETOOLONG: return "NAME_TOO_LONG";
    case ELOOP: // links that lead to no file, however often they are followed
    case ENXIO: // a socket, or a device that is not there
    case EISDIR: return "NOT_A_FILE";
    case EACCES:
    case EPERM: return "PERMISSION";
    case ENOSPC:
    case EFBIG:
    case EDQUOT: return "DISK_FULL";
    case EROFS: return "READ_ONLY";
    case ESTALE: return "STALE_MOUNT";
    default: return "IO_ERROR";
    }
}

} // namespace

Error systemError(std::string const &action, std::string const &path, int errnum) {
    return Error(codeOf(errnum), "could not " + action + " \"" + path + "\": " + std::strerror(errnum));
}

} // namespace dbb::common
