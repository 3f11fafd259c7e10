#include "intake/placement.h"

#include "butler/stored_path.h"
#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/uri.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace dbb::intake {

using common::Error;
using common::UniqueFd;

std::vector<std::string> const &transferNames() {
    static std::vector<std::string> const names{"auto", "none", "split",    "direct",  "copy",
                                                "move", "link", "hardlink", "symlink", "relsymlink"};
    return names;
}

Transfer transferNamed(std::string const &word) {
    auto const &names = transferNames();
    auto const at = std::find(names.begin(), names.end(), word);
    if (at == names.end()) throw common::usageError("--transfer: unknown mode \"" + word + "\"");
    return static_cast<Transfer>(at - names.begin());
}

Ownership Ownership::from(std::string const &mode, std::string const &group) {
    Ownership out;
    if (!mode.empty()) {
        auto const [p, ec] = std::from_chars(mode.data(), mode.data() + mode.size(), out.mode, 8);
        if (ec != std::errc() || p != mode.data() + mode.size() || out.mode < 0 || out.mode > 0777) {
            throw common::usageError("--mode: \"" + mode + "\" is no octal mode", "write for example 640");
        }
    }
    if (!group.empty()) {
        auto const *entry = ::getgrnam(group.c_str());
        auto const [p, ec] = std::from_chars(group.data(), group.data() + group.size(), out.group);
        if (entry) {
            out.group = static_cast<int>(entry->gr_gid);
        } else if (ec != std::errc() || p != group.data() + group.size() || out.group < 0) {
            throw common::usageError("--group: there is no group \"" + group + "\"");
        }
    }
    return out;
}

namespace {

constexpr std::size_t chunkSize = std::size_t{1} << 20;

bool exists(std::string const &path) {
    struct stat s {};
    return ::lstat(path.c_str(), &s) == 0;
}

bool isSymbolicLink(std::string const &path) {
    struct stat s {};
    return ::lstat(path.c_str(), &s) == 0 && S_ISLNK(s.st_mode);
}

/// Whether there is nothing at a path, or a link that leads nowhere. What can't be looked at may be there.
bool isGone(std::string const &path) {
    struct stat s {};
    return ::stat(path.c_str(), &s) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/// Whether a mode makes names that may be symbolic links.
bool mayBeLink(Transfer mode) {
    return mode == Transfer::Auto || mode == Transfer::Link || mode == Transfer::SymLink
           || mode == Transfer::RelSymLink;
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

/// Who asks for a copy wants one that lives on when the file behind a link goes; a move would make it go.
Error standsAsLink(Transfer mode, std::string const &source, std::string const &destination) {
    return Error("DESTINATION_EXISTS", "\"" + destination + "\" is a symbolic link, not "
                                           + (mayBeLink(mode) ? "to" : "a copy of") + " \"" + source + "\"");
}

/// \param standing  file that has, or would have, the content of the one at the destination
/// \throws Error DESTINATION_EXISTS when that is not the source's
void requireSame(std::string const &source, std::string const &destination, std::string const &standing) {
    if (Placement::holdsSame(source, standing)) return;
    throw Error("DESTINATION_EXISTS", "\"" + destination + "\" exists and differs from \"" + source + "\"");
}

/// Whether the destination holds the source already. \throws Error DESTINATION_EXISTS when it holds something
/// else
bool alreadyThere(Transfer mode, std::string const &source, std::string const &destination) {
    struct stat s {};
    if (::lstat(destination.c_str(), &s) != 0) return false;
    if (S_ISLNK(s.st_mode) && (!mayBeLink(mode) || isGone(destination)))
        throw standsAsLink(mode, source, destination);
    requireSame(source, destination, destination);
    return true;
}

/// A name beside the destination that no reader takes for a file of the repository. \param longest  bytes
/// that a name may have
std::string temporaryName(std::string const &destination, std::size_t longest) {
    auto const prefix = ".dbb-" + std::to_string(::getpid()) + "-";
    auto name = common::nameOf(destination);
    if (prefix.size() + name.size() > longest) {
        // Long names of one folder differ in a part that may be left out.
        auto const own = "-" + std::to_string(std::hash<std::string>()(name));
        auto const taken = prefix.size() + own.size();
        name = common::shortened(std::move(name), longest > taken + 4 ? longest - taken : 4) + own;
    }
    return common::folderOf(destination) + "/" + prefix + name;
}

/// Give a finished temporary file its name, without replacing what may have come there meanwhile.
void publish(Transfer mode, std::string const &temporary, std::string const &source,
             std::string const &destination) {
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
    if (errnum != EEXIST || !alreadyThere(mode, source, destination)) {
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

/// Give an open file or folder the mode and group that were asked for.
void own(int fd, std::string const &path, int mode, int group) {
    // The group first: changing it clears the setgid bit.
    if (group >= 0 && ::fchown(fd, static_cast<uid_t>(-1), static_cast<gid_t>(group)) != 0) {
        throw common::systemError("set the group of", path, errno);
    }
    if (mode >= 0 && ::fchmod(fd, static_cast<mode_t>(mode)) != 0) {
        throw common::systemError("set the mode of", path, errno);
    }
}

void copyFile(Transfer mode, std::string const &source, std::string const &destination,
              std::string const &temporary, Ownership const &ownership) {
    auto const from = common::openForReading(source);
    auto const before = common::statFile(from.get(), source);
    ::unlink(temporary.c_str());
    UniqueFd const to(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!to) throw common::systemError("create", destination, errno);
    try {
        copyBytes(from.get(), source, to.get(), destination);
        own(to.get(), destination, ownership.mode, ownership.group);
        common::syncFile(to.get(), destination);
        auto const after = common::statFile(from.get(), source);
        if (after.mtime != before.mtime
            || common::statFile(to.get(), destination).size_bytes != after.size_bytes) {
            throw Error("CHANGED", "\"" + source + "\" changed while it was copied");
        }
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    publish(mode, temporary, source, destination);
}

/// Errors of file systems that have no hard links, or none from there to here.
bool anotherLinkMayDo(int errnum) {
    return errnum == EXDEV || errnum == EPERM || errnum == EMLINK || errnum == ENOSYS || errnum == EOPNOTSUPP;
}

/// False when the file system can't link the file here.
bool hardLink(Transfer mode, std::string const &source, std::string const &destination) {
    if (::link(common::realPath(source).c_str(), destination.c_str()) == 0) return true;
    if (errno == EEXIST) return alreadyThere(mode, source, destination);
    if (!anotherLinkMayDo(errno)) throw common::systemError("link to", destination, errno);
    return false;
}

Error linkImpossible(std::string const &source, std::string const &destination, int errnum) {
    return Error("LINK_IMPOSSIBLE", "could not link \"" + destination + "\" to \"" + source + "\": "
                                        + (errnum == EXDEV ? "a hard link can't lead to another file system"
                                                           : std::strerror(errnum)));
}

/// Whether two folders are of one file system. What can't be looked at is for others to tell.
bool sameFileSystem(std::string const &a, std::string const &b) {
    struct stat sa {};
    struct stat sb {};
    return ::stat(a.c_str(), &sa) != 0 || ::stat(b.c_str(), &sb) != 0 || sa.st_dev == sb.st_dev;
}

void symLink(Transfer mode, std::string const &target, std::string const &source,
             std::string const &destination) {
    if (::symlink(target.c_str(), destination.c_str()) == 0) return;
    if (errno == EEXIST && alreadyThere(mode, source, destination)) return;
    throw common::systemError("link to", destination, errno);
}

} // namespace

Placement::Placement(std::string root, Transfer mode, Ownership ownership)
    : _root(std::move(root)), _mode(mode), _ownership(ownership) {
    bool const there = exists(_root);
    _realRoot = there ? common::realPath(_root) : _root;
    auto const longest = there ? ::pathconf(_realRoot.c_str(), _PC_NAME_MAX) : -1;
    _longestName = longest > 0 ? static_cast<std::size_t>(longest) : NAME_MAX;
}

bool Placement::makesFiles() const {
    return _mode != Transfer::None && _mode != Transfer::Direct && _mode != Transfer::Split;
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
    if (_mode == Transfer::Split) return inside ? Transfer::None : Transfer::Direct;
    if (_mode == Transfer::None && !inside) {
        throw Error("OUTSIDE_ROOT", "\"" + source + "\" is not below the datastore root \"" + _root + "\"");
    }
    return _mode;
}

namespace {

/// \throws Error DESTINATION_EXISTS when something that is no folder stands where one is needed
void requireFolders(std::string const &path) {
    struct stat s {};
    if (path == "/") return;
    if (::lstat(path.c_str(), &s) != 0) return requireFolders(common::folderOf(path));
    bool const isLink = S_ISLNK(s.st_mode);
    if (isLink && ::stat(path.c_str(), &s) != 0) {
        throw Error("DESTINATION_EXISTS",
                    "\"" + path + "\" is a link that leads to no folder, but one is needed there")
            .hint("mount what it leads to, or correct the link");
    }
    if (S_ISDIR(s.st_mode)) return;
    throw Error("DESTINATION_EXISTS", "\"" + path + "\" is no folder, but one is needed there")
        .hint("look what it is and who made it, then move it away");
}

/// \throws Error BAD_URI when the Butler would look for a file elsewhere than where it is stored
void requireReadAsWritten(std::string const &source, std::string const &stored, char const *remedy) {
    if (butler::isReadAsWritten(stored)) return;
    throw Error("BAD_URI", "\"" + source + "\" can't be recorded as \"" + stored
                               + "\", where the Butler would not find it: it takes %XX for an encoded "
                                 "character, what follows # in a file's name for a fragment, and ~ or file: "
                                 "at the beginning for another place")
        .hint(remedy);
}

} // namespace

/// \throws Error NAME_TOO_LONG when no file of that path can be made
void Placement::requireFits(std::string const &file) const {
    auto const names = common::split(file, '/');
    bool const namesFit = std::all_of(names.begin(), names.end(),
                                      [&](std::string const &name) { return name.size() <= _longestName; });
    // A copy is made under another name first.
    auto const longest = std::max(file.size(), temporaryName(file, _longestName).size());
    if (!namesFit || longest >= PATH_MAX) throw common::systemError("create", file, ENAMETOOLONG);
}

Placed Placement::plan(std::string const &source, Scanned const &scanned, std::string const &templatePath,
                       std::optional<butler::PlannedFile> const &ahead) const {
    auto out = planned(source, scanned, templatePath, ahead);
    if (!out.created) return out;
    std::string relative;
    auto const mode = modeOf(source, relative);
    out.is_link = mode == Transfer::SymLink || mode == Transfer::RelSymLink;
    if (mode != Transfer::HardLink && mode != Transfer::Link) return out;
    // place() is told by the link itself. Folders are compared because files of an overlay may show the
    // device of a layer.
    auto const to = common::existingFolder(common::folderOf(out.file));
    bool const isNear = sameFileSystem(common::folderOf(common::realPath(source)), to);
    if (mode == Transfer::HardLink && !isNear) throw linkImpossible(source, out.file, EXDEV);
    out.is_link = !isNear;
    return out;
}

Placed Placement::planned(std::string const &source, Scanned const &scanned, std::string const &templatePath,
                          std::optional<butler::PlannedFile> const &ahead) const {
    Placed out;
    std::string relative;
    auto const mode = modeOf(source, relative);
    auto const stat = common::statFile(source);
    common::requireRegular(stat, source);
    requireAsScanned(source, stat, scanned);
    out.size_bytes = stat.size_bytes;
    out.file = source;
    if (mode == Transfer::Direct) {
        out.stored_path = common::fileUri(source);
    } else if (mode == Transfer::None) {
        if (butler::artifactOf(relative) != relative) {
            throw Error("BAD_URI", "\"" + source
                                       + "\" can't be recorded where it is: the Butler takes what follows "
                                         "#zip-path= for a member of a zip file")
                .hint("rename the folder or file, or transfer it");
        }
        requireReadAsWritten(source, relative, "rename the folder or file, or transfer it");
        out.stored_path = relative;
    } else {
        requireReadAsWritten(source, templatePath, "choose another run, or record the file where it is");
        out.stored_path = templatePath;
        out.file = _root + "/" + templatePath;
        requireFits(out.file);
        requireFolders(common::folderOf(out.file));
        if (ahead && ahead->is_link && !mayBeLink(mode)) throw standsAsLink(mode, source, out.file);
        if (ahead) requireSame(source, out.file, ahead->source);
        out.created = !ahead && !alreadyThere(mode, source, out.file);
    }
    return out;
}

/// Folders above a new file, each with the mode that was asked for.
void Placement::makeFolders(std::string const &path) {
    if (exists(path)) return;
    makeFolders(common::folderOf(path));
    if (_ownership.mode < 0 && _ownership.group < 0) {
        common::createFolders(path);
    } else {
        makeOwnedFolder(path);
    }
    _made.insert(path);
}

/// A folder that has its mode and group when it gets its name: a run that is stopped leaves none without
/// them.
void Placement::makeOwnedFolder(std::string const &path) const {
    auto const temporary = temporaryName(path, _longestName);
    if (::mkdir(temporary.c_str(), 0777) != 0 && errno != EEXIST)
        throw common::systemError("create", path, errno);
    try {
        UniqueFd const fd(::open(temporary.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        struct stat s {};
        if (!fd || ::fstat(fd.get(), &s) != 0) throw common::systemError("open", temporary, errno);
        // Who may read the files may search the folders; a setgid bit that was inherited stays.
        int const search = (_ownership.mode & 0444) >> 2;
        int const mode =
            _ownership.mode < 0 ? -1 : _ownership.mode | search | static_cast<int>(s.st_mode & S_ISGID);
        own(fd.get(), path, mode, _ownership.group);
        common::syncFile(fd.get(), path);
        // An empty folder that another program has made meanwhile is replaced, one with files is not.
        if (::rename(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
            throw common::systemError("create", path, errno);
    } catch (...) {
        ::rmdir(temporary.c_str());
        throw;
    }
    ::rmdir(temporary.c_str()); // where another program was faster
    common::syncFolder(common::folderOf(path));
}

void Placement::create(Transfer mode, std::string const &source, std::string const &destination) const {
    switch (mode) {
    case Transfer::Copy:
        return copyFile(mode, source, destination, temporaryName(destination, _longestName), _ownership);
    case Transfer::Move:
        // The source keeps its name until the row is committed, so that no moment is without one of the two.
        // What a link leads to stays somebody else's file, whose mode is not ours to change.
        if (isSymbolicLink(source) || !hardLink(mode, source, destination))
            return create(Transfer::Copy, source, destination);
        return adopt(destination);
    case Transfer::HardLink:
        if (!hardLink(mode, source, destination)) throw linkImpossible(source, destination, errno);
        return;
    case Transfer::RelSymLink: {
        auto const folder = common::realPath(common::folderOf(destination));
        auto const target = std::filesystem::path(common::realPath(source)).lexically_relative(folder);
        return symLink(mode, target.string(), source, destination);
    }
    default: break;
    }
    if (mode == Transfer::Link && hardLink(mode, source, destination)) return;
    symLink(mode, common::realPath(source), source, destination);
}

/// A file that was linked here becomes ours: with our mode, and durable, which its writer may not have made
/// it.
void Placement::adopt(std::string const &file) const {
    auto const fd = common::openForReading(file);
    own(fd.get(), file, _ownership.mode, _ownership.group);
    common::syncFile(fd.get(), file);
}

/// A file that is there already may be the left-over of a run that was stopped before anything was durable.
void Placement::takeOver(std::string const &file) {
    if (_mode == Transfer::Move) adopt(file);
    for (auto at = common::folderOf(file); at.size() >= _root.size(); at = common::folderOf(at)) {
        _unsynced.insert(at);
        if (at == "/") return;
    }
}

Placed Placement::place(std::string const &source, Scanned const &scanned, std::string const &templatePath) {
    auto out = planned(source, scanned, templatePath);
    if (!out.created) {
        if (makesFiles()) takeOver(out.file);
        return out;
    }
    std::string relative;
    auto const mode = modeOf(source, relative);
    auto const folder = common::folderOf(out.file);
    makeFolders(folder);
    try {
        create(mode, source, out.file);
    } catch (Error const &e) {
        // Another program may have found the folder empty and removed it; once, since it made it before.
        if (e.code() != "NOT_FOUND" || exists(folder)) throw;
        makeFolders(folder);
        create(mode, source, out.file);
    }
    _unsynced.insert(folder);
    out.size_bytes = common::statFile(out.file).size_bytes;
    return out;
}

std::optional<Placed> Placement::movedBefore(Scanned const &scanned, std::string const &templatePath) const {
    Placed out{.stored_path = templatePath, .file = _root + "/" + templatePath};
    if (_mode != Transfer::Move || isGone(out.file)) return std::nullopt;
    out.size_bytes = common::statFile(out.file).size_bytes;
    if (scanned.size_bytes.value_or(out.size_bytes) != out.size_bytes) return std::nullopt;
    return out;
}

std::string Placement::fileOf(std::string const &stored) const {
    return butler::localFile(_root, stored);
}

Placement::Stored Placement::compareWithStored(std::string const &source, std::string const &stored) const {
    auto const file = fileOf(stored);
    if (file.empty()) return Stored::Fits;
    if (isGone(file)) return Stored::Gone;
    if (!exists(source) || sameInode(source, file)) return Stored::Fits;
    if (common::statFile(source).size_bytes != common::statFile(file).size_bytes) return Stored::Differs;
    // Headers of two writers differ in their dates at least; pixels need not be compared.
    constexpr std::size_t headerSize = 5 * 2880;
    std::vector<char> a(headerSize);
    std::vector<char> b(headerSize);
    auto const fa = common::openForReading(source);
    auto const fb = common::openForReading(file);
    auto const na = common::readAt(fa.get(), source, a.data(), a.size(), 0);
    auto const nb = common::readAt(fb.get(), file, b.data(), b.size(), 0);
    return na != nb || std::memcmp(a.data(), b.data(), na) != 0 ? Stored::Differs : Stored::Fits;
}

bool Placement::isStoredAs(std::string const &source, std::string const &stored) const {
    auto const file = fileOf(stored);
    return !file.empty() && exists(source) && !isGone(file)
           && common::realPath(source) == common::realPath(file);
}

std::optional<std::string> Placement::pathBelowRoot(std::string const &source) const {
    std::string relative;
    return inRoot(source, relative) ? std::optional(relative) : std::nullopt;
}

bool Placement::finishMove(std::string const &source, std::string const &stored) {
    if (stored.find("://") != std::string::npos) return false; // recorded where it is
    auto const file = fileOf(stored);
    if (!exists(source)) return true;
    // What lies in the datastore already, or is what a link in it leads to, is no source of a move into it.
    if (isGone(file) || common::realPath(source) == common::realPath(file)) return false;
    if (!holdsSame(source, file)) return false;
    if (::unlink(source.c_str()) != 0) throw common::systemError("remove", source, errno);
    common::syncFolder(common::folderOf(source));
    return true;
}

bool Placement::holdsSame(std::string const &source, std::string const &standing) {
    return sameInode(source, standing) || sameContent(source, standing);
}

void Placement::sync(Placed const &placed) {
    for (auto at = common::folderOf(placed.file); at.size() >= _root.size(); at = common::folderOf(at)) {
        if (auto const found = _unsynced.find(at); found != _unsynced.end()) {
            common::syncFolder(at);
            _unsynced.erase(found);
        }
        if (at == "/") return;
    }
}

void Placement::settleFolders(bool failed) {
    // Those below come later in the order of names. One that is not empty stays by itself.
    for (auto at = _made.rbegin(); failed && at != _made.rend(); ++at) ::rmdir(at->c_str());
    _made.clear();
}

void Placement::undo(Placed const &placed) {
    if (placed.created) ::unlink(placed.file.c_str());
}

} // namespace dbb::intake
