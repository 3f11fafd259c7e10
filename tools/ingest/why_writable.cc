#include "ingest/why_writable.h"

#include "butler/repository.h"
#include "butler/stored_path.h"
#include "common/file.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace dbb::ingest {

using common::Error;

namespace {

constexpr std::chrono::milliseconds maxLockWait(300);

/// Bytes that may still be written; nullopt when the system can't tell.
std::optional<std::int64_t> freeBytes(std::string const &path) {
    struct statvfs s {};
    if (::statvfs(path.c_str(), &s) != 0) return std::nullopt;
    auto const blocks = ::geteuid() == 0 ? s.f_bfree : s.f_bavail;
    return static_cast<std::int64_t>(blocks) * static_cast<std::int64_t>(s.f_frsize);
}

/// Whether a file system that counts its files has none left.
bool noMoreFiles(std::string const &path) {
    struct statvfs s {};
    return ::statvfs(path.c_str(), &s) == 0 && s.f_files > 0 && s.f_favail == 0;
}

/// A move to another file system is a copy.
bool isCopied(intake::Transfer transfer, std::string const &source, std::string const &folder) {
    struct stat from {};
    struct stat to {};
    if (transfer != intake::Transfer::Move) return transfer == intake::Transfer::Copy;
    return ::stat(source.c_str(), &from) == 0 && ::stat(folder.c_str(), &to) == 0 && from.st_dev != to.st_dev;
}

/// The program that holds a write lock on a SQLite file, "process 123 (dbb-ingest)"; empty when none is
/// found, as on another host.
std::string lockHolder(std::string const &path) {
    common::UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    // SQLite's lock bytes: PENDING, RESERVED, and 510 SHARED behind them.
    struct flock lock {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000000;
    lock.l_len = 512;
    if (!fd || ::fcntl(fd.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0) return {};
    auto const pid = std::to_string(lock.l_pid);
    std::string name;
    try {
        name = common::readFile("/proc/" + pid + "/comm");
        while (name.ends_with('\n')) name.pop_back();
    } catch (Error const &) {
        // It may have ended just now.
    }
    return "process " + pid + (name.empty() ? "" : " (" + name + ")");
}

} // namespace

std::optional<Error> placeObstacle(std::string const &root, intake::Transfer transfer,
                                   std::string const &source, std::string const &stored) {
    if (stored.find("://") != std::string::npos) return std::nullopt; // it stays where it is
    auto const destination = butler::localFile(root, stored);
    if (::access(destination.c_str(), F_OK) == 0) return std::nullopt;
    auto const folder = common::existingFolder(common::folderOf(destination));
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return common::systemError("create", destination, errno);
    }
    if (noMoreFiles(folder)) {
        return Error("DISK_FULL",
                     "could not create \"" + destination + "\": its file system can't hold more files");
    }
    auto const free = freeBytes(folder);
    auto const size = isCopied(transfer, source, folder) ? common::statFile(source).size_bytes : 1;
    if (free && *free < size) {
        return Error("DISK_FULL", "could not create \"" + destination + "\": it needs " + std::to_string(size)
                                      + " bytes and " + std::to_string(*free) + " are free");
    }
    return std::nullopt;
}

namespace {

/// Takes the lock of writers and gives it back, and asks for the rights that each new dataset needs.
std::optional<Error> serverObstacle(butler::Repository const &repo) {
    sql::Transaction const trial(repo.db());
    std::optional<Error> out;
    std::vector<std::string> tables{"group", "exposure", "dataset", "dataset_location"};
    for (auto const &store : repo.config().datastores) tables.push_back(store.records_table);
    for (auto const &table : tables) {
        repo.db()
            .cached("SELECT has_table_privilege(?, 'INSERT')")
            .query({sql::quoteIdentifier(table)}, [&](sql::Statement const &row) {
                if (out || row.integer(0) != 0) return;
                out = Error("PERMISSION",
                            "could not use \"" + repo.config().registry() + "\": permission denied for table "
                                + table,
                            common::ExitCode::Backend)
                          .hint("ask the database's owner for the right, or connect as another user");
            });
    }
    return out;
}

} // namespace

std::optional<Error> commitObstacle(std::string const &repo, bool ignoreObscore) try {
    auto const opened = butler::Repository::open(repo, butler::Access::Trial, ignoreObscore);
    auto const &path = opened.config().sqlite_path;
    if (path.empty()) return serverObstacle(opened);
    // Beside its file SQLite makes a journal.
    auto const folder = common::folderOf(path);
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return Error("REPO_READ_ONLY",
                     "could not make a journal beside \"" + path
                         + "\": " + common::systemError("write", folder, errno).message(),
                     common::ExitCode::Backend);
    }
    if (auto const free = freeBytes(folder); free && *free == 0) {
        return Error("DISK_FULL", "could not make a journal beside \"" + path + "\": the disk is full",
                     common::ExitCode::Backend);
    }
    // Takes the lock of writers and gives it back; nothing is written.
    sql::Transaction const trial(opened.db());
    return std::nullopt;
} catch (Error const &e) {
    return withHolder(e, repo);
}

Error withHolder(Error const &e, std::string const &repo) {
    if (e.code() != "REPO_LOCKED") return e;
    auto const path = butler::readConfig(repo).sqlite_path;
    auto const holder = path.empty() ? std::string() : lockHolder(path);
    if (holder.empty()) return e;
    return Error(e.code(), e.message() + ", by " + holder, e.exitCode())
        .hint("try again when it has finished; dbb-ingest waits for it as long as DBB_BUSY_TIMEOUT says")
        .cause(e.cause());
}

void limitWaiting() {
    if (sql::busyTimeout() <= maxLockWait) return;
    ::setenv("DBB_BUSY_TIMEOUT", (std::to_string(maxLockWait.count() / 1000.0) + "s").c_str(), 1);
}

} // namespace dbb::ingest
