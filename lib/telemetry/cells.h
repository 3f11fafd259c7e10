/// \file
/// Cells of a line of text with commas between them, and numbers in them, many characters at a time. What has
/// no such instructions takes them one by one.
#pragma once

#include "telemetry/characters.h"
#include "telemetry/decimal.h"
#include "telemetry/value.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace dbb::telemetry {

/// Where the cells of a line end.
class CellEnds {
public:
    /// Look for the newline and the commas before it. \param limit  of what can be read; a newline comes
    /// before it \return the newline
    char const *find(char const *line, char const *limit) {
        _count = 0;
        auto const *p = line;
        for (; limit - p >= charactersAtOnce; p += charactersAtOnce) {
            makeRoom();
            auto commas = placesOf(',', p);
            auto const newlines = placesOf('\n', p);
            auto const base = static_cast<std::uint32_t>(p - line);
            // Bits below the first newline.
            if (newlines != 0) commas &= (newlines & (0 - newlines)) - 1;
            for (; commas != 0; commas &= commas - 1) add(base + bit(commas));
            if (newlines != 0) return p + bit(newlines);
        }
        for (; *p != '\n'; ++p) {
            makeRoom();
            if (*p == ',') add(static_cast<std::uint32_t>(p - line));
        }
        return p;
    }
    /// Where the cells of that line end, as offsets: at commas, the last of them at `length`.
    std::span<std::uint32_t const> ends(std::size_t length) {
        _offsets[_count] = static_cast<std::uint32_t>(length);
        return {_offsets.data(), _count + 1};
    }

private:
    /// For a block of commas, and the end.
    void makeRoom() {
        if (_offsets.size() <= _count + charactersAtOnce) _offsets.resize(2 * _count + 4 * charactersAtOnce);
    }
    void add(std::uint32_t offset) { _offsets[_count++] = offset; }
    static std::uint32_t bit(std::uint64_t bits) {
        return static_cast<std::uint32_t>(std::countr_zero(bits));
    }

    std::vector<std::uint32_t> _offsets;
    std::size_t _count = 0;
};

/// Characters before the end of a cell that parseCell() looks at, whether or not they belong to it.
inline constexpr std::ptrdiff_t roomBeforeEnd = 17;

/// A cell as a number, when it is what is most frequent: up to 16 digits, with a point among them or without,
/// and what they say divided by a power of ten is the nearest double at once. An integer is one without a
/// point. \return whether it is; else parseNumber() may still find one
[[gnu::always_inline]] inline bool parseCell(char const *begin, char const *end, Value &out) {
#ifdef __SSE2__
    /// 16 bytes of zeros, then 32 of ones: masks of the last n of 16 bytes begin at n.
    alignas(64) static constexpr auto lastBytes = [] {
        std::array<unsigned char, 48> bytes{};
        for (std::size_t i = 16; i < bytes.size(); ++i) bytes[i] = 0xFF;
        return bytes;
    }();
    auto const load = [](void const *p) {
        __m128i bytes;
        std::memcpy(&bytes, p, sizeof bytes);
        return bytes;
    };
    bool const negative = *begin == '-';
    auto const length = static_cast<unsigned>(end - begin) - (negative ? 1U : 0U);
    if (length - 1 > 16) return false;
    // The last 16 characters, of which the point is taken out by what is in front of it, one to the right.
    auto digits = load(end - 16);
    auto const points = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(digits, _mm_set1_epi8('.'))))
                        & (0xFFFF0000U >> length);
    auto count = length;
    unsigned decimals = 0;
    if (points != 0) {
        decimals = static_cast<unsigned>(std::countl_zero(points)) - 16;
        --count;
        auto const behind = load(&lastBytes[decimals]);
        digits = _mm_or_si128(_mm_and_si128(behind, digits), _mm_andnot_si128(behind, load(end - 17)));
    }
    if (count - 1 > 15) return false;
    digits = _mm_and_si128(_mm_sub_epi8(digits, _mm_set1_epi8('0')), load(&lastBytes[count]));
    auto const nine = _mm_set1_epi8(9);
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(digits, nine), nine)) != 0xFFFF) return false;
    // Pairs of digits, then four, then eight of them as one number.
    auto const pairs =
        _mm_add_epi16(_mm_mullo_epi16(_mm_and_si128(digits, _mm_set1_epi16(0xFF)), _mm_set1_epi16(10)),
                      _mm_srli_epi16(digits, 8));
    auto const fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
    auto const eights = _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(10'000 | 1 << 16));
    auto const both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
    auto const number = (both & 0xFFFFFFFFU) * powersOfTen[8] + (both >> 32);
    if (points == 0) {
        auto const integer = static_cast<std::int64_t>(number);
        out = Value::ofInteger(negative ? -integer : integer);
        return true;
    }
    if (number > std::uint64_t{1} << 53) return false;
    auto const quotient = static_cast<double>(static_cast<std::int64_t>(number)) / exactPowersOfTen[decimals];
    out.kind = Kind::Double;
    out.number = negative ? -quotient : quotient;
    return true;
#else
    static_cast<void>(begin);
    static_cast<void>(end);
    static_cast<void>(out);
    return false;
#endif
}

} // namespace dbb::telemetry
