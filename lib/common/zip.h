/// \file
/// Members of zip files. The only place with libzip's header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace dbb::common {

/// A zip file, open for reading. Only its directory is read until a member is asked for.
class ZipFile {
public:
    /// \throws Error NOT_FOUND … as openForReading(), NOT_A_FILE, BAD_ZIP
    explicit ZipFile(std::string path);
    ~ZipFile();
    ZipFile(ZipFile const &) = delete;
    ZipFile &operator=(ZipFile const &) = delete;

    /// Bytes of a member when it is unpacked, as the directory says; nullopt when there is none of that name.
    std::optional<std::int64_t> sizeOf(std::string const &member) const;

    /// Why no common program can unpack a member, as far as the directory tells; empty when one can.
    std::string faultOf(std::string const &member) const;

    /// A name that two members have, of which each program may take another; empty when there is none.
    std::string repeatedName() const;

    /// The content of a member, nullopt when there is none of that name.
    /// \param most  its greatest length in bytes, whatever the directory says
    /// \throws Error FILE_TOO_LONG, BAD_ZIP when it can't be unpacked
    std::optional<std::string> read(std::string const &member, std::size_t most) const;

private:
    struct State;
    std::string _path;
    std::unique_ptr<State> _state;
};

} // namespace dbb::common
