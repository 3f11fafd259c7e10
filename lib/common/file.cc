#include "common/file.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/options.h"
#include "common/signals.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::common {

namespace fs = std::filesystem;

UniqueFd::~UniqueFd() {
    if (_fd >= 0) ::close(_fd);
}

double FileTime::age() const {
    auto const now = nowUtcNs();
    return static_cast<double>(now / nsPerSecond - whole_s)
           + static_cast<double>(now % nsPerSecond - rest_ns) * 1e-9;
}

std::string FileTime::text() const {
    // The decimals of a negative number count away from zero, those of the system always upward.
    bool const mirrored = whole_s < 0 && rest_ns > 0;
    auto const whole = mirrored ? whole_s + 1 : whole_s;
    auto const rest = mirrored ? nsPerSecond - rest_ns : rest_ns;
    char text[48];
    std::snprintf(text, sizeof text, "%s%lld.%09lld", mirrored && whole == 0 ? "-" : "",
                  static_cast<long long>(whole), static_cast<long long>(rest));
    return text;
}

std::string FileTime::iso() const {
    constexpr auto last = INT64_MAX / nsPerSecond;
    return whole_s > -last && whole_s < last ? isoFromNs(whole_s * nsPerSecond + rest_ns) : text();
}

std::optional<FileTime> FileTime::fromText(std::string_view text) {
    bool const negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    FileTime out;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), out.whole_s);
    if (error != std::errc() || out.whole_s < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    out.rest_ns = takeFraction(text);
    if (out.rest_ns < 0 || !text.empty()) return std::nullopt;
    if (!negative) return out;
    return out.rest_ns == 0 ? FileTime{-out.whole_s, 0}
                            : FileTime{-out.whole_s - 1, nsPerSecond - out.rest_ns};
}

UniqueFd openForReading(std::string const &path) {
    constexpr int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
    // Nobody may ever write to a FIFO that stands where a file should be.
    int fd = ::open(path.c_str(), flags | O_NONBLOCK);
    // A lease, such as a file server takes for its clients, is given back to those who wait only.
    if (fd < 0 && errno == EWOULDBLOCK) fd = ::open(path.c_str(), flags);
    if (fd < 0) throw systemError("open", path, errno);
    return UniqueFd(fd);
}

namespace {

void waitFor(int fd, short events) {
    pollfd p{fd, events, 0};
    ::poll(&p, 1, -1);
}

FileStat fromStat(struct stat const &s) {
    FileStat out;
    out.size_bytes = s.st_size;
    out.mtime = {s.st_mtim.tv_sec, s.st_mtim.tv_nsec};
    out.is_directory = S_ISDIR(s.st_mode);
    out.is_regular = S_ISREG(s.st_mode);
    return out;
}

} // namespace

FileStat statFile(std::string const &path) {
    struct stat s {};
    if (::stat(path.c_str(), &s) != 0) throw systemError("look at", path, errno);
    return fromStat(s);
}

FileStat statFile(int fd, std::string const &path) {
    struct stat s {};
    if (::fstat(fd, &s) != 0) throw systemError("look at", path, errno);
    return fromStat(s);
}

void requireRegular(FileStat const &stat, std::string const &path) {
    if (stat.is_regular) return;
    throw Error("NOT_A_FILE", "\"" + path + "\" is " + (stat.is_directory ? "a folder" : "no regular file"));
}

std::size_t readAt(int fd, std::string const &path, void *buffer, std::size_t size, std::int64_t offset) {
    auto *out = static_cast<char *>(buffer);
    std::size_t done = 0;
    while (done < size) {
        auto const n = ::pread(fd, out + done, size - done, offset + static_cast<std::int64_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw systemError("read", path, errno);
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

std::string readAll(int fd, std::string const &path, std::size_t most) {
    std::string out;
    std::array<char, 65536> chunk; // NOLINT: filled by read
    for (;;) {
        auto const n = ::read(fd, chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            waitFor(fd, POLLIN);
            continue;
        }
        if (n < 0) throw systemError("read", path, errno);
        if (n == 0) return out;
        out.append(chunk.data(), static_cast<std::size_t>(n));
        if (out.size() > most)
            throw Error("FILE_TOO_LONG",
                        "\"" + path + "\" is longer than " + std::to_string(most >> 20) + " MiB");
    }
}

std::string readFile(std::string const &path, std::size_t most) {
    auto const fd = openForReading(path);
    requireRegular(statFile(fd.get(), path), path);
    return readAll(fd.get(), path, most);
}

UniqueFd openFileOrPipe(std::string const &path) {
    auto out = openForReading(path);
    if (isFolder(path)) throw Error("NOT_A_FILE", "\"" + path + "\" is a folder");
    // Before its first writer a FIFO is at its end.
    waitFor(out.get(), POLLIN);
    if (stopSignal() != 0) throw Error("INPUT_FAILED", "stopped before \"" + path + "\" was read");
    ::fcntl(out.get(), F_SETFL, ::fcntl(out.get(), F_GETFL) & ~O_NONBLOCK);
    return out;
}

std::string readFileOrPipe(std::string const &path) {
    return readAll(openFileOrPipe(path).get(), path);
}

std::size_t writeSome(int fd, std::string_view data) {
    for (;;) {
        auto const n = ::write(fd, data.data(), data.size());
        if (n >= 0) return static_cast<std::size_t>(n);
        // Whoever else has the descriptor may have made it one that does not block.
        if (errno == EAGAIN) {
            waitFor(fd, POLLOUT);
        } else if (errno != EINTR) {
            return 0;
        }
    }
}

void writeAll(int fd, std::string_view data, std::string const &path) {
    while (!data.empty()) {
        auto const n = writeSome(fd, data);
        if (n == 0) throw systemError("write", path, errno);
        data.remove_prefix(n);
    }
}

void syncFile(int fd, std::string const &path) {
    if (::fsync(fd) != 0) throw systemError("make durable", path, errno);
}

void syncFolder(std::string const &path) {
    UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) throw systemError("open", path, errno);
    // Some network file systems refuse to sync a folder; their renames are durable by themselves.
    if (::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS) {
        throw systemError("make durable", path, errno);
    }
}

void writeFileDurably(std::string const &path, std::string_view data, bool replace) {
    std::string const temporary = path + ".tmp" + std::to_string(::getpid());
    UniqueFd const fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd) throw systemError("create", path, errno);
    try {
        writeAll(fd.get(), data, path);
        syncFile(fd.get(), path);
        if (replace ? ::rename(temporary.c_str(), path.c_str()) != 0
                    : ::link(temporary.c_str(), path.c_str()) != 0) {
            if (errno == EEXIST) {
                throw Error("DESTINATION_EXISTS", "could not create \"" + path + "\": it exists already");
            }
            throw systemError("create", path, errno);
        }
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    if (!replace) ::unlink(temporary.c_str());
    syncFolder(folderOf(path));
}

void createFolders(std::string const &path) {
    if (path.empty() || path == "/" || path == ".") return;
    if (::mkdir(path.c_str(), 0777) == 0) return syncFolder(folderOf(path));
    if (errno == ENOENT) {
        createFolders(folderOf(path));
        if (::mkdir(path.c_str(), 0777) == 0) return syncFolder(folderOf(path));
    }
    int const errnum = errno;
    struct stat s {};
    if (errnum == EEXIST && ::stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode)) return;
    throw systemError("create", path, errnum == EEXIST ? ENOTDIR : errnum);
}

std::string absolutePath(std::string const &path) {
    std::error_code gone;
    auto const absolute = fs::absolute(path.empty() ? "." : path, gone);
    if (gone) {
        throw Error("NOT_FOUND",
                    "could not look for \"" + path + "\" from the working folder: " + gone.message())
            .hint("go to a folder that exists, or give absolute paths");
    }
    auto normal = absolute.lexically_normal().string();
    while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
    return normal;
}

std::string realPath(std::string const &path) {
    std::unique_ptr<char, decltype(&std::free)> const out(::realpath(path.c_str(), nullptr), &std::free);
    if (!out) throw systemError("resolve", path, errno);
    return out.get();
}

std::string entryOf(std::string const &path) {
    std::unique_ptr<char, decltype(&std::free)> const folder(::realpath(folderOf(path).c_str(), nullptr),
                                                             &std::free);
    if (!folder) return path;
    std::string const text = folder.get();
    return (text == "/" ? "" : text) + "/" + nameOf(path);
}

bool isBelow(std::string const &path, std::string const &root) {
    if (root == "/") return path.size() > 1;
    return path.size() > root.size() + 1 && path.starts_with(root) && path[root.size()] == '/';
}

UniqueFd temporaryFile() {
    auto const folder = environmentValue("TMPDIR");
    auto name = (folder.empty() ? "/tmp" : folder) + "/dbb-XXXXXX";
    UniqueFd out(::mkostemp(name.data(), O_CLOEXEC));
    if (!out) throw systemError("create a file in", folderOf(name), errno);
    ::unlink(name.c_str());
    return out;
}

bool exists(std::string const &path) {
    return ::access(path.c_str(), F_OK) == 0;
}

bool isFolder(std::string const &path) {
    struct stat s {};
    return ::stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
}

std::string existingFolder(std::string folder) {
    while (folder != "/" && folder != "." && !exists(folder)) folder = folderOf(folder);
    return folder;
}

std::string folderOf(std::string const &path) {
    auto const slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string nameOf(std::string const &path) {
    auto const slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

} // namespace dbb::common
