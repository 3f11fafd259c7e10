#include "common/text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <numeric>

namespace dbb::common {

namespace {

template<typename F>
std::string mapped(std::string_view text, F change) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), change);
    return out;
}

std::size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row.back();
}

} // namespace

std::string toLower(std::string_view text) {
    return mapped(text, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}

std::string toUpper(std::string_view text) {
    return mapped(text, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
}

std::string_view strip(std::string_view text) {
    constexpr std::string_view white = " \t\n\r\f\v";
    auto const first = text.find_first_not_of(white);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    for (;;) {
        auto const at = text.find(separator);
        out.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

std::string someOf(std::vector<std::string> names) {
    constexpr std::size_t most = 5;
    if (names.size() > most) {
        auto const more = names.size() - most;
        names.resize(most);
        names.push_back("and " + std::to_string(more) + " more");
    }
    return join(names, ", ");
}

std::optional<std::int64_t> wholeNumber(std::string_view text) {
    std::int64_t out = 0;
    auto const *end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, out);
    return error == std::errc() && rest == end ? std::optional(out) : std::nullopt;
}

std::string join(std::vector<std::string> const &pieces, std::string_view separator) {
    std::string out;
    for (auto const &piece : pieces) {
        if (&piece != &pieces.front()) out += separator;
        out += piece;
    }
    return out;
}

std::string nearest(std::string_view word, std::vector<std::string> const &candidates) {
    std::string best;
    std::size_t bestDistance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (auto const &candidate : candidates) {
        auto const distance = editDistance(word, candidate);
        if (distance < bestDistance) {
            bestDistance = distance;
            best = candidate;
        }
    }
    return best;
}

std::size_t characterLength(std::string_view text) {
    auto const byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    auto const tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    unsigned const c = byte(0);
    if (c < 0x80) return 1;
    if (c >= 0xC2 && c <= 0xDF) return tail(1) ? 2 : 0;
    if (c >= 0xE0 && c <= 0xEF) {
        bool const overlong = c == 0xE0 && byte(1) < 0xA0;
        bool const surrogate = c == 0xED && byte(1) > 0x9F;
        return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        bool const overlong = c == 0xF0 && byte(1) < 0x90;
        bool const beyond = c == 0xF4 && byte(1) > 0x8F;
        return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

namespace {

/// A text whose malformed bytes, and characters for which `hidden` is true, are shown as \xNN.
template<typename F>
std::string escaped(std::string_view text, F hidden) {
    std::string out;
    while (!text.empty()) {
        auto const length = characterLength(text);
        auto const character = text.substr(0, std::max<std::size_t>(length, 1));
        text.remove_prefix(character.size());
        if (length > 0 && !hidden(character)) {
            out += character;
            continue;
        }
        for (char const c : character) {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
            out += hex;
        }
    }
    return out;
}

/// The first set of control characters, DEL, and the second set, U+0080 to U+009F.
bool isControl(std::string_view character) {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
    return character.size() == 2 && byte(0) == 0xC2 && byte(1) <= 0x9F;
}

} // namespace

std::string printable(std::string_view text) {
    return escaped(text, isControl);
}

std::string wellFormed(std::string_view text) {
    return escaped(text, [](std::string_view) { return false; });
}

std::string shortened(std::string text, std::size_t most) {
    constexpr std::string_view gap = "…";
    if (text.size() <= most) return text;
    auto const isTail = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U; };
    auto head = (most - gap.size()) / 2;
    auto tail = text.size() - head;
    while (head > 0 && isTail(head)) --head;
    while (tail < text.size() && isTail(tail)) ++tail;
    return text.replace(head, tail - head, gap);
}

} // namespace dbb::common
