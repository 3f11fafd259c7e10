/// \file
/// Files: owning descriptors, whole reads, and writes that survive a crash. Order and reasons: dbb(7),
/// RELIABILITY.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dbb::common {

/// Owns a file descriptor.
class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : _fd(fd) {}
    UniqueFd(UniqueFd &&other) noexcept : _fd(std::exchange(other._fd, -1)) {}
    UniqueFd &operator=(UniqueFd &&other) noexcept {
        std::swap(_fd, other._fd);
        return *this;
    }
    ~UniqueFd();

    int get() const { return _fd; }
    explicit operator bool() const { return _fd >= 0; }

private:
    int _fd = -1;
};

/// A time of a file as the system keeps it, unix UTC: one int64 of nanoseconds would end in 2262.
struct FileTime {
    std::int64_t whole_s = 0; ///< rounded down, negative before 1970
    std::int64_t rest_ns = 0; ///< 0 to 999999999

    bool operator==(FileTime const &) const = default;
    /// Seconds from then to now, negative for a time to come.
    double age() const;
    /// `seconds.nnnnnnnnn`, the form in manifests.
    std::string text() const;
    /// As ISO 8601 for people, UTC; the form in manifests when int64 nanoseconds can't count it.
    std::string iso() const;
    /// The inverse of text(); 0 to 9 decimals. nullopt when the text is anything else.
    static std::optional<FileTime> fromText(std::string_view text);
};

/// Size in bytes and time of last change of a file.
struct FileStat {
    std::int64_t size_bytes = 0;
    FileTime mtime{};
    bool is_directory = false;
    bool is_regular = false;

    /// Whether nothing tells it from another look at the same path: size and time of change.
    bool looksLike(FileStat const &other) const {
        return size_bytes == other.size_bytes && mtime == other.mtime;
    }
};

/// Open for reading, without waiting for a writer when it is a FIFO; then reading may say EAGAIN.
/// \throws Error NOT_FOUND, PERMISSION, IO_ERROR …
UniqueFd openForReading(std::string const &path);

/// Status of a path, symbolic links followed. \throws Error as openForReading
FileStat statFile(std::string const &path);
FileStat statFile(int fd, std::string const &path);

/// \throws Error NOT_A_FILE when it is a folder, device or FIFO
void requireRegular(FileStat const &stat, std::string const &path);

/// Texts that are read as a whole are refused when they are longer.
inline constexpr std::size_t maxTextBytes = std::size_t{8} << 20;

/// The whole content of a text file. \param most  its greatest length in bytes
/// \throws Error as openForReading, NOT_A_FILE, FILE_TOO_LONG
std::string readFile(std::string const &path, std::size_t most = maxTextBytes);

/// What is still to come from a descriptor, which may be a pipe. \throws Error FILE_TOO_LONG, IO_ERROR
std::string readAll(int fd, std::string const &path, std::size_t most = maxTextBytes);

/// A file without a name in TMPDIR (else /tmp), for reading and writing. \throws Error DISK_FULL, PERMISSION
/// …
UniqueFd temporaryFile();

/// Open a file or pipe that the user names, such as a shell's <(…). A FIFO that nobody writes to yet is
/// waited for, and reading waits, too. \throws Error as openForReading, NOT_A_FILE, INPUT_FAILED when a stop
/// signal ends the waiting
UniqueFd openFileOrPipe(std::string const &path);

/// The whole content of such a file. \throws Error as openFileOrPipe, FILE_TOO_LONG, IO_ERROR
std::string readFileOrPipe(std::string const &path);

/// Read up to `size` bytes at `offset`; fewer only at the end of the file. \throws Error IO_ERROR
std::size_t readAt(int fd, std::string const &path, void *buffer, std::size_t size, std::int64_t offset);

/// Write what the system takes of `data` at once, waiting until it takes anything.
/// \return bytes written; 0 when that failed, with the reason in errno
std::size_t writeSome(int fd, std::string_view data);

/// Write all of `data`. \throws Error DISK_FULL, IO_ERROR …
void writeAll(int fd, std::string_view data, std::string const &path);

/// fsync an open file. \throws Error
void syncFile(int fd, std::string const &path);

/// fsync a folder, so that names made in it survive a crash. \throws Error
void syncFolder(std::string const &path);

/// Write a file that appears whole or not at all: temporary name, fsync, rename, fsync of the folder.
/// \param replace  false: fail with DESTINATION_EXISTS when `path` exists
void writeFileDurably(std::string const &path, std::string_view data, bool replace = false);

/// Create `path` and the folders above it as needed; new names are made durable. \throws Error
void createFolders(std::string const &path);

/// Absolute path without `.`, `..` and doubled slashes; symbolic links are kept. Empty gives the working
/// folder. \throws Error NOT_FOUND when the path is relative and there is no working folder
std::string absolutePath(std::string const &path);

/// Absolute path with all symbolic links resolved. \throws Error NOT_FOUND …
std::string realPath(std::string const &path);

/// A path with the symbolic links of its folders resolved, but not its last part: equal for all spellings of
/// one name in one folder. The path as it is when it has no such folder.
std::string entryOf(std::string const &path);

/// Whether the absolute, normal `path` lies strictly below the absolute, normal folder `root`.
bool isBelow(std::string const &path, std::string const &root);

/// Whether a path leads to anything, through links as well.
bool exists(std::string const &path);

/// Whether a path leads to a folder, through links as well. What can't be looked at is none.
bool isFolder(std::string const &path);

/// The folder itself, or the nearest one above it that exists.
std::string existingFolder(std::string folder);

/// The part of a path before its last slash ("." when there is none) and the part after it.
std::string folderOf(std::string const &path);
std::string nameOf(std::string const &path);

} // namespace dbb::common
