#include "common/zip.h"

#include "common/error.h"
#include "common/file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <unordered_set>
#include <zip.h>

namespace dbb::common {

struct ZipFile::State {
    explicit State(zip_t *opened) : zip(opened) {}
    ~State() { ::zip_discard(zip); }
    State(State const &) = delete;
    State &operator=(State const &) = delete;

    zip_t *zip;
};

namespace {

Error badZip(std::string const &path, std::string const &reason) {
    return Error("BAD_ZIP", "\"" + path + "\": " + reason);
}

/// Names are compared byte by byte, as they were written.
constexpr zip_flags_t byBytes = ZIP_FL_ENC_RAW;

} // namespace

ZipFile::ZipFile(std::string path) : _path(std::move(path)) {
    auto const file = openForReading(_path);
    requireRegular(statFile(file.get(), _path), _path);
    // libzip closes the descriptor that it is given.
    int const own = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
    if (own < 0) throw systemError("open", _path, errno);
    int why = 0;
    auto *const zip = ::zip_fdopen(own, 0, &why);
    if (!zip) {
        ::close(own);
        zip_error_t error;
        ::zip_error_init_with_code(&error, why);
        std::string const reason = ::zip_error_strerror(&error);
        ::zip_error_fini(&error);
        throw badZip(_path, "it is no zip file, or its directory is cut off (" + reason + ")");
    }
    _state = std::make_unique<State>(zip);
}

ZipFile::~ZipFile() = default;

std::optional<std::int64_t> ZipFile::sizeOf(std::string const &member) const {
    zip_stat_t stat;
    if (::zip_stat(_state->zip, member.c_str(), byBytes, &stat) != 0) return std::nullopt;
    return static_cast<std::int64_t>(stat.size);
}

std::string ZipFile::faultOf(std::string const &member) const {
    zip_stat_t stat;
    if (::zip_stat(_state->zip, member.c_str(), byBytes, &stat) != 0) return "is not there";
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE)
        return "is encrypted";
    auto const method = stat.comp_method;
    bool const known =
        method == ZIP_CM_STORE || method == ZIP_CM_DEFLATE || method == ZIP_CM_BZIP2 || method == ZIP_CM_LZMA;
    return known ? "" : "is compressed by method " + std::to_string(method) + ", which nobody knows";
}

std::string ZipFile::repeatedName() const {
    std::unordered_set<std::string> seen;
    auto const count = ::zip_get_num_entries(_state->zip, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
        auto const *name = ::zip_get_name(_state->zip, static_cast<zip_uint64_t>(i), byBytes);
        if (name && !seen.insert(name).second) return name;
    }
    return {};
}

std::optional<std::string> ZipFile::read(std::string const &member, std::size_t most) const {
    auto const number = ::zip_name_locate(_state->zip, member.c_str(), byBytes);
    if (number < 0) return std::nullopt;
    auto const where = _path + "#zip-path=" + member;
    auto const fail = [&](std::string const &reason) {
        return badZip(where, "can't be unpacked: " + reason);
    };
    std::unique_ptr<zip_file_t, int (*)(zip_file_t *)> const file(
        ::zip_fopen_index(_state->zip, static_cast<zip_uint64_t>(number), 0), &::zip_fclose);
    if (!file) throw fail(::zip_strerror(_state->zip));
    std::string out;
    constexpr std::size_t chunk = std::size_t{64} << 10;
    for (;;) {
        auto const length = out.size();
        out.resize(length + chunk);
        auto const n = ::zip_fread(file.get(), out.data() + length, chunk);
        if (n < 0) throw fail(::zip_file_strerror(file.get()));
        out.resize(length + static_cast<std::size_t>(n));
        if (n == 0) return out;
        if (out.size() > most)
            throw Error("FILE_TOO_LONG",
                        "\"" + where + "\" is longer than " + std::to_string(most >> 20) + " MiB");
    }
}

} // namespace dbb::common
