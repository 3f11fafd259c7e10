#include "efd/sample_cache.h"

#include "common/error.h"
#include "common/log.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::efd {

using common::Error;

namespace {

constexpr std::string_view firstLine = "# dbb samples 1 ";
constexpr std::string_view lastLine = "# sha256 ";
constexpr std::size_t checksumDigits = 64;

/// The lines of a file, in parts that may end anywhere. \throws Error GZIP_DAMAGED, also when it is not what
/// it should be
void readPiece(int fd, std::string const &path, std::string const &identity,
               std::function<void(std::string_view)> const &lines) {
    auto const damaged = [&](std::string const &what) {
        return Error("GZIP_DAMAGED", "\"" + path + "\": " + what);
    };
    common::GzipReader gzip(fd, path);
    common::Checksummer checksum("sha256");
    auto const head = std::string(firstLine) + identity + "\n";
    auto const tailSize = lastLine.size() + checksumDigits + 1;
    std::string buffer(std::size_t{1} << 18, '\0');
    std::string held; // what may be the last line
    bool begun = false;
    for (;;) {
        auto const n = gzip.read(buffer.data(), buffer.size());
        held.append(buffer, 0, n);
        if (!begun) {
            if (!held.starts_with(head)) throw damaged("it is about something else");
            checksum.update(head);
            held.erase(0, head.size());
            begun = true;
        }
        if (held.size() > tailSize) {
            auto const part = std::string_view(held).substr(0, held.size() - tailSize);
            checksum.update(part);
            lines(part);
            held.erase(0, part.size());
        }
        if (n < buffer.size()) break;
    }
    if (held != std::string(lastLine) + checksum.finish() + "\n") throw damaged("its checksum is another");
}

} // namespace

SampleCache::SampleCache(std::string folder) : _folder(common::absolutePath(folder)) {
    common::createFolders(_folder);
}

std::string SampleCache::pathOf(std::string const &identity) const {
    return _folder + "/" + common::toHex(common::blake2b(identity, 16)) + ".lp.gz";
}

SampleCache::Piece::Piece(common::UniqueFd fd, std::string path, std::string const &identity)
    : _fd(std::move(fd)), _path(std::move(path)), _gzip(_fd.get(), _path), _checksum("sha256") {
    write(std::string(firstLine) + identity + "\n");
}

void SampleCache::Piece::write(std::string_view text) {
    _checksum.update(text);
    _gzip.write(text);
}

void SampleCache::Piece::add(std::string_view lines) {
    write(lines);
}

void SampleCache::Piece::keep() {
    _gzip.write(std::string(lastLine) + _checksum.finish() + "\n");
    _gzip.finish();
    auto const part = _path + ".part";
    common::syncFile(_fd.get(), part);
    if (::rename(part.c_str(), _path.c_str()) != 0) throw common::systemError("rename", part, errno);
    common::syncFolder(common::folderOf(_path));
}

std::unique_ptr<SampleCache::Piece> SampleCache::begin(std::string const &identity) {
    auto const path = pathOf(identity), part = path + ".part";
    common::UniqueFd fd(::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!fd) throw common::systemError("write", part, errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return nullptr;
    // Another run may have completed it, and given it its name, between the two calls.
    struct stat own {
    }, named{};
    if (::fstat(fd.get(), &own) != 0 || ::stat(part.c_str(), &named) != 0 || own.st_ino != named.st_ino)
        return nullptr;
    // Of a run that was killed.
    if (::ftruncate(fd.get(), 0) != 0) throw common::systemError("write", part, errno);
    return std::unique_ptr<Piece>(new Piece(std::move(fd), path, identity));
}

bool SampleCache::read(std::string const &identity,
                       std::function<void(std::string_view)> const &lines) const {
    auto const path = pathOf(identity);
    try {
        auto const fd = common::openForReading(path);
        // Nothing is handed on before all of it was seen.
        readPiece(fd.get(), path, identity, [](std::string_view) {});
        readPiece(fd.get(), path, identity, lines);
        return true;
    } catch (Error const &e) {
        if (e.code() != "GZIP_DAMAGED" && e.code() != "IO_ERROR") throw;
        common::log::warning(e.message() + "; the samples are asked for again");
        return false;
    }
}

} // namespace dbb::efd
