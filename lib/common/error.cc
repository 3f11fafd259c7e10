#include "common/error.h"

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

Error usageError(std::string message, std::string hint) {
    return Error("USAGE", std::move(message), ExitCode::Usage).hint(std::move(hint));
}

namespace {

char const *codeOf(int errnum) {
    switch (errnum) {
    case ENOENT:
    case ENOTDIR: return "NOT_FOUND";
    case EACCES:
    case EPERM: return "PERMISSION";
    case ENOSPC:
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
