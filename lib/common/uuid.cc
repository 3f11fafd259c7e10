#include "common/uuid.h"

#include "common/checksum.h"

#include <algorithm>
#include <charconv>

namespace dbb::common {

Uuid Uuid::version5(Uuid const &nameSpace, std::string_view name) {
    std::string input(reinterpret_cast<char const *>(nameSpace._bytes.data()), nameSpace._bytes.size());
    input += name;
    std::array<unsigned char, 16> bytes{};
    auto const digest = sha1(input);
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x50);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
    return Uuid(bytes);
}

std::optional<Uuid> Uuid::fromText(std::string_view text) {
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const isGap = text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
        if (isGap != (text[i] == '-')) return std::nullopt;
        if (!isGap) digits += text[i];
    }
    std::array<unsigned char, 16> bytes{};
    if (digits.size() != 2 * bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto const *const from = digits.data() + 2 * i;
        auto const [end, ec] = std::from_chars(from, from + 2, bytes[i], 16);
        if (ec != std::errc() || end != from + 2) return std::nullopt;
    }
    return Uuid(bytes);
}

std::string Uuid::hex() const {
    return toHex({reinterpret_cast<char const *>(_bytes.data()), _bytes.size()});
}

std::string Uuid::text() const {
    auto const h = hex();
    return h.substr(0, 8) + '-' + h.substr(8, 4) + '-' + h.substr(12, 4) + '-' + h.substr(16, 4) + '-'
           + h.substr(20);
}

std::string withHyphens(std::string const &uuid) {
    auto const parsed = Uuid::fromText(uuid);
    return parsed ? parsed->text() : uuid;
}

} // namespace dbb::common
