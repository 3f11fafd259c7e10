#include "butler/root_folder.h"

#include "butler/stored_path.h"
#include "common/error.h"
#include "common/file.h"
#include "common/text.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dbb::butler {

using common::Error;
using common::UniqueFd;

namespace {

constexpr int folderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

Error outside(std::string const &root, std::string const &relative, std::string const &reason) {
    return Error("OUTSIDE_ROOT", "\"" + relative + "\" below \"" + root + "\" " + reason)
        .hint("dbb removes files below the datastore's root only, and follows no symbolic link to them");
}

bool isLink(int folder, std::string const &name) {
    struct stat s {};
    return ::fstatat(folder, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
}

} // namespace

RootFolder::RootFolder(std::string path)
    : _path(std::move(path)), _fd(::open(_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!_fd) throw common::systemError("open", _path, errno);
}

UniqueFd RootFolder::openFolder(std::string const &relative) const {
    struct open_how how {};
    how.flags = static_cast<__u64>(folderFlags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    auto const fd = static_cast<int>(::syscall(SYS_openat2, _fd.get(), relative.c_str(), &how, sizeof how));
    if (fd >= 0) return UniqueFd(fd);
    // Old kernels and some sandboxes do not have the call; of what is no folder it does not say whether it is
    // a link.
    if (errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == ENOTDIR)
        return openStepwise(relative);
    if (errno == ELOOP || errno == EXDEV) {
        throw outside(_path, relative, "leads out of it or through a symbolic link");
    }
    return UniqueFd();
}

/// The same by single steps: no step follows a link, and none is `..`.
UniqueFd RootFolder::openStepwise(std::string const &relative) const {
    UniqueFd at(::openat(_fd.get(), ".", folderFlags));
    for (auto const &part : common::split(relative, '/')) {
        if (!at) break;
        UniqueFd next(::openat(at.get(), part.c_str(), folderFlags));
        if (!next) {
            int const errnum = errno;
            if (errnum == ELOOP || (errnum == ENOTDIR && isLink(at.get(), part))) {
                throw outside(_path, relative, "leads through the symbolic link \"" + part + "\"");
            }
            errno = errnum;
            return UniqueFd();
        }
        at = std::move(next);
    }
    return at;
}

/// The folder that has a file, none when it is not there.
UniqueFd RootFolder::parentOf(std::string const &relative) const {
    if (!staysBelow(relative)) throw outside(_path, relative, "is no path below it");
    return openFolder(common::folderOf(relative));
}

bool RootFolder::remove(std::string const &relative) {
    auto const fd = parentOf(relative);
    auto const name = common::nameOf(relative);
    if (fd && ::unlinkat(fd.get(), name.c_str(), 0) == 0) {
        _changed.insert(common::folderOf(relative));
        return true;
    }
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw common::systemError("remove", _path + "/" + relative, errno);
}

void RootFolder::sync() {
    for (auto const &folder : _changed) {
        auto const fd = openFolder(folder);
        // Some network file systems refuse to sync a folder; their removals are durable by themselves.
        if (fd && ::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS) {
            throw common::systemError("make durable", _path + "/" + folder, errno);
        }
    }
    _changed.clear();
}

} // namespace dbb::butler
