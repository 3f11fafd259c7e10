#include "ingest/placement.h"

#include "common/error.h"
#include "common/file.h"
#include "common/uri.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace dbb::ingest {

using common::Error;
using common::UniqueFd;

Transfer transferNamed(std::string const &word) {
    if (word == "auto") return Transfer::Auto;
    if (word == "none") return Transfer::None;
    if (word == "direct") return Transfer::Direct;
    if (word == "copy") return Transfer::Copy;
    if (word == "link") return Transfer::Link;
    throw common::usageError("--transfer: unknown mode \"" + word + "\"");
}

namespace {

constexpr std::size_t chunkSize = std::size_t{1} << 20;

bool exists(std::string const &path) {
    struct stat s {};
    return ::lstat(path.c_str(), &s) == 0;
}

bool sameInode(std::string const &a, std::string const &b) {
    struct stat sa {};
    struct stat sb {};
    return ::stat(a.c_str(), &sa) == 0 && ::stat(b.c_str(), &sb) == 0 && sa.st_dev == sb.st_dev
           && sa.st_ino == sb.st_ino;
}

bool sameContent(std::string const &a, std::string const &b) {
    auto const fa = common::openForReading(a);
    auto const fb = common::openForReading(b);
    if (common::statFile(fa.get(), a).size_bytes != common::statFile(fb.get(), b).size_bytes) return false;
    std::vector<char> ca(chunkSize);
    std::vector<char> cb(chunkSize);
    for (std::int64_t offset = 0;; offset += static_cast<std::int64_t>(chunkSize)) {
        auto const na = common::readAt(fa.get(), a, ca.data(), chunkSize, offset);
        auto const nb = common::readAt(fb.get(), b, cb.data(), chunkSize, offset);
        if (na != nb || std::memcmp(ca.data(), cb.data(), na) != 0) return false;
        if (na < chunkSize) return true;
    }
}

/// Whether the destination holds the source already. \throws Error DESTINATION_EXISTS when it holds something
/// else
bool alreadyThere(std::string const &source, std::string const &destination) {
    if (!exists(destination)) return false;
    if (sameInode(source, destination) || sameContent(source, destination)) return true;
    throw Error("DESTINATION_EXISTS", "\"" + destination + "\" exists and differs from \"" + source + "\"");
}

/// A name beside the destination that no reader takes for a file of the repository.
std::string temporaryName(std::string const &destination) {
    return common::folderOf(destination) + "/.dbb-" + std::to_string(::getpid()) + "-"
           + common::nameOf(destination);
}

/// Give a finished temporary file its name, without replacing what may have come there meanwhile.
void publish(std::string const &temporary, std::string const &source, std::string const &destination) {
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, destination.c_str(), RENAME_NOREPLACE) == 0)
        return;
    if (errno == EINVAL || errno == ENOSYS) { // file systems without the flag: a link does not replace either
        if (::link(temporary.c_str(), destination.c_str()) == 0) {
            ::unlink(temporary.c_str());
            return;
        }
    }
    int const errnum = errno;
    ::unlink(temporary.c_str());
    if (errnum != EEXIST || !alreadyThere(source, destination)) {
        throw common::systemError("create", destination, errnum);
    }
}

void copyBytes(int from, std::string const &source, int to, std::string const &destination) {
    std::vector<char> chunk(chunkSize);
    std::int64_t offset = 0;
    while (auto const n = common::readAt(from, source, chunk.data(), chunk.size(), offset)) {
        common::writeAll(to, {chunk.data(), n}, destination);
        offset += static_cast<std::int64_t>(n);
    }
}

void copyFile(std::string const &source, std::string const &destination) {
    auto const from = common::openForReading(source);
    auto const before = common::statFile(from.get(), source);
    auto const temporary = temporaryName(destination);
    ::unlink(temporary.c_str());
    UniqueFd const to(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!to) throw common::systemError("create", destination, errno);
    try {
        copyBytes(from.get(), source, to.get(), destination);
        common::syncFile(to.get(), destination);
        auto const after = common::statFile(from.get(), source);
        if (after.mtime_ns != before.mtime_ns
            || common::statFile(to.get(), destination).size_bytes != after.size_bytes) {
            throw Error("CHANGED", "\"" + source + "\" changed while it was copied");
        }
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    publish(temporary, source, destination);
}

/// Hard link; where that is not possible (other file system, links forbidden) an absolute symbolic link.
void linkFile(std::string const &source, std::string const &destination) {
    auto const real = common::realPath(source);
    if (::link(real.c_str(), destination.c_str()) == 0) return;
    if (errno == EEXIST) {
        if (alreadyThere(source, destination)) return;
    } else if (errno == ENOENT || errno == ENOSPC || errno == EROFS || errno == EDQUOT || errno == EACCES) {
        throw common::systemError("link to", destination, errno);
    }
    if (::symlink(real.c_str(), destination.c_str()) != 0)
        throw common::systemError("link to", destination, errno);
}

} // namespace

Placement::Placement(std::string root, Transfer mode) : _root(std::move(root)), _mode(mode) {
    _realRoot = exists(_root) ? common::realPath(_root) : _root;
}

bool Placement::inRoot(std::string const &source, std::string &relative) const {
    if (common::isBelow(source, _root)) {
        relative = source.substr(_root == "/" ? 1 : _root.size() + 1);
        return true;
    }
    // The same folder may be called by other names, through links.
    if (!exists(source)) return false;
    auto const real = common::realPath(source);
    if (!common::isBelow(real, _realRoot)) return false;
    relative = real.substr(_realRoot == "/" ? 1 : _realRoot.size() + 1);
    return true;
}

Transfer Placement::modeOf(std::string const &source, std::string &relative) const {
    if (_mode == Transfer::Direct) return Transfer::Direct;
    bool const inside = inRoot(source, relative);
    if (_mode == Transfer::Auto) return inside ? Transfer::None : Transfer::Link;
    if (_mode == Transfer::None && !inside) {
        throw Error("OUTSIDE_ROOT", "\"" + source + "\" is not below the datastore root \"" + _root + "\"");
    }
    return _mode;
}

Placed Placement::plan(std::string const &source, std::string const &templatePath) const {
    Placed out;
    std::string relative;
    auto const mode = modeOf(source, relative);
    auto const stat = common::statFile(source);
    if (!stat.is_regular) throw Error("NOT_A_FILE", "\"" + source + "\" is no regular file");
    out.size_bytes = stat.size_bytes;
    out.file = source;
    if (mode == Transfer::Direct) {
        out.stored_path = common::fileUri(source);
    } else if (mode == Transfer::None) {
        out.stored_path = relative;
    } else {
        out.stored_path = templatePath;
        out.file = _root + "/" + templatePath;
        out.created = !alreadyThere(source, out.file);
    }
    return out;
}

Placed Placement::place(std::string const &source, std::string const &templatePath) {
    auto out = plan(source, templatePath);
    if (!out.created) return out;
    auto const folder = common::folderOf(out.file);
    common::createFolders(folder);
    if (_mode == Transfer::Copy) {
        copyFile(source, out.file);
    } else {
        linkFile(source, out.file);
    }
    _unsynced.insert(folder);
    out.size_bytes = common::statFile(out.file).size_bytes;
    return out;
}

void Placement::sync() {
    for (auto const &folder : _unsynced) common::syncFolder(folder);
    _unsynced.clear();
}

void Placement::undo(Placed const &placed) {
    if (placed.created) ::unlink(placed.file.c_str());
}

} // namespace dbb::ingest
