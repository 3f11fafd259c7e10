/// \file
/// Digests. The only place with the headers of OpenSSL's and libb2's hash functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::common {

/// Lower-case hexadecimal of bytes.
std::string toHex(std::string_view bytes);

/// SHA-1, 20 bytes (name-based UUIDs, RFC 4122).
std::string sha1(std::string_view data);

/// BLAKE2b of `size` bytes (1 to 64), unkeyed.
std::string blake2b(std::string_view data, std::size_t size = 64);

/// Names that Checksummer takes: md5, adler32, sha256, blake2b (64 bytes).
bool isChecksumName(std::string_view name);

/// Computes one checksum over data that comes in pieces.
class Checksummer {
public:
    /// \param name  as isChecksumName accepts. \throws Error USAGE for others
    explicit Checksummer(std::string const &name);
    Checksummer(Checksummer &&) noexcept;
    ~Checksummer();

    void update(std::string_view data);
    /// Lower-case hexadecimal; adler32 has 8 digits, as Rucio writes it. Ends the computation.
    std::string finish();
    std::string const &name() const;

private:
    struct State;
    std::unique_ptr<State> _state;
};

/// Checksums of a whole file by name, read once, in the order of `names`. \throws Error as openForReading
std::vector<std::string> fileChecksums(std::string const &path, std::vector<std::string> const &names);

} // namespace dbb::common
