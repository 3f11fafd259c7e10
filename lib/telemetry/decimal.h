/// \file
/// Numbers and characters in text, found quickly.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>

namespace dbb::telemetry {

/// The front of `text` as a double, as std::from_chars reads it; a plus sign may stand before it. Too large
/// is infinite, too small is 0. \return behind it; nullptr when there is none
char const *parseDouble(char const *begin, char const *end, double &out);

/// The first such character of a text, else its end.
inline char const *findCharacter(char const *p, char const *end, char c) {
    auto const *at = p < end ? std::memchr(p, c, static_cast<std::size_t>(end - p)) : nullptr;
    return at ? static_cast<char const *>(at) : end;
}

/// Eight characters of text as one number, which several instructions treat at once. The compiler takes them
/// for many, but a call costs more.
class EightCharacters {
public:
    static constexpr bool available = std::endian::native == std::endian::little;

    [[gnu::always_inline]] explicit EightCharacters(char const *p) {
        std::memcpy(&_digits, p, sizeof _digits);
        _digits ^= 0x3030303030303030U; // digits become 0 to 9
        _others = ((_digits + 0x7676767676767676U) | _digits) & 0x8080808080808080U;
    }
    bool areDigits() const { return _others == 0; }
    /// How many digits are in front of the first other character.
    unsigned count() const { return areDigits() ? 8 : static_cast<unsigned>(std::countr_zero(_others)) / 8; }
    /// All eight digits as a number.
    [[gnu::always_inline]] std::uint64_t number() const { return number(_digits); }
    /// Those in front of the first other character, which there is; 0 when there are none.
    [[gnu::always_inline]] std::uint64_t frontNumber() const {
        // What is behind them goes, and zeros come in front of them.
        auto const shift = static_cast<unsigned>(std::countr_zero(_others)) ^ 63U;
        return number(_digits << shift << 8);
    }

private:
    [[gnu::always_inline]] static std::uint64_t number(std::uint64_t digits) {
        auto const pairs = digits * 10 + (digits >> 8);
        return ((pairs & 0x000000FF000000FFU) * 0x000F424000000064U
                + ((pairs >> 16) & 0x000000FF000000FFU) * 0x0000271000000001U)
               >> 32;
    }

    std::uint64_t _digits = 0;
    std::uint64_t _others = 0; ///< the upper bit of what is no digit
};

inline constexpr std::array<std::uint64_t, 9> powersOfTen{1,       10,        100,        1000,       10'000,
                                                          100'000, 1'000'000, 10'000'000, 100'000'000};

/// The same as doubles, which all are exact.
inline constexpr std::array<double, 20> exactPowersOfTen{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                                         1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                                         1e14, 1e15, 1e16, 1e17, 1e18, 1e19};

/// A decimal number without its sign: digits * 10^-decimals. \return the nearest double; nullopt when that
/// takes more than one division to tell
std::optional<double> nearestDouble(std::uint64_t digits, unsigned decimals);

/// The front of a text as an integer. \return behind it; nullptr when there is none or it is beyond int64
inline char const *parseInteger(char const *begin, char const *end, std::int64_t &out) {
    constexpr int room = 24;
    if (EightCharacters::available && end - begin >= room) {
        EightCharacters const front(begin), middle(begin + 8), back(begin + 16);
        // Of 19 digits not all fit, but those that times begin with do until 2262.
        if (front.areDigits() && middle.areDigits() && back.count() <= 3 && *begin < '9') {
            auto const upper = front.number() * powersOfTen[8] + middle.number();
            out = static_cast<std::int64_t>(upper * powersOfTen[back.count()] + back.frontNumber());
            return begin + 16 + back.count();
        }
    }
    auto const [behind, error] = std::from_chars(begin, end, out);
    return error == std::errc() ? behind : nullptr;
}

/// As parseDouble(), inline for what is most frequent: some digits, a point and some decimals.
[[gnu::always_inline]] inline char const *parseNumber(char const *begin, char const *end, double &out) {
    constexpr int room = 32; // of what is read here, whatever it is
    if (!EightCharacters::available || end - begin < room) return parseDouble(begin, end, out);
    auto const *p = begin;
    bool const negative = *p == '-';
    p += negative ? 1 : 0;
    std::uint64_t digits = 0;
    auto const *const first = p;
    for (; *p >= '0' && *p <= '9'; ++p) {
        if (p - first == 7) return parseDouble(begin, end, out);
        digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
    }
    if (p == first) return parseDouble(begin, end, out);
    // Zeros in front do not count among the 19 digits that fit into 64 bits.
    auto const count = digits == 0 ? 0 : static_cast<unsigned>(p - first);
    unsigned decimals = 0;
    if (*p == '.') {
        EightCharacters const front(++p);
        if (!front.areDigits()) {
            decimals = front.count();
            digits = digits * powersOfTen[decimals] + front.frontNumber();
        } else {
            EightCharacters const back(p + 8);
            auto const more = back.count();
            decimals = 8 + more;
            digits = (digits * powersOfTen[8] + front.number()) * powersOfTen[more]
                     + (more == 8 ? back.number() : back.frontNumber());
        }
        if (decimals == 16) {
            for (; p[decimals] >= '0' && p[decimals] <= '9'; ++decimals) {
                if (decimals == 19) return parseDouble(begin, end, out);
                digits = digits * 10 + static_cast<std::uint64_t>(p[decimals] - '0');
            }
        }
        if (count + decimals > 19) return parseDouble(begin, end, out);
        p += decimals;
    }
    if ((*p | 0x20) == 'e') return parseDouble(begin, end, out);
    double value = 0;
    if (digits <= (std::uint64_t{1} << 53)) {
        value = static_cast<double>(digits)
                / exactPowersOfTen[decimals]; // both are exact, the quotient rounds once
    } else if (auto const nearest = nearestDouble(digits, decimals)) {
        value = *nearest;
    } else {
        return parseDouble(begin, end, out);
    }
    out = negative ? -value : value;
    return p;
}

} // namespace dbb::telemetry
