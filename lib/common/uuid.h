/// \file
/// Name-based UUIDs (RFC 4122, version 5).
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace dbb::common {

/// A UUID as its 16 bytes.
class Uuid {
public:
    explicit Uuid(std::array<unsigned char, 16> bytes) : _bytes(bytes) {}

    /// SHA-1 of the name space's bytes and the name.
    static Uuid version5(Uuid const &nameSpace, std::string_view name);

    /// From its hexadecimal digits, with or without dashes; nullopt for any other text.
    static std::optional<Uuid> fromText(std::string_view text);

    /// 32 lower-case hexadecimal digits, as SQLite registries store it.
    std::string hex() const;
    /// 8-4-4-4-12 digits with dashes.
    std::string text() const;

    auto operator<=>(Uuid const &) const = default;

private:
    std::array<unsigned char, 16> _bytes;
};

/// The same UUID as 8-4-4-4-12 digits; a text that is none as it is.
std::string withHyphens(std::string const &uuid);

} // namespace dbb::common
