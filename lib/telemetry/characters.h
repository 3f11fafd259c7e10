/// \file
/// What 64 characters of a text are, as bits of one number: the first one is the lowest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace dbb::telemetry {

/// How many are looked at; so many must be there.
inline constexpr std::ptrdiff_t charactersAtOnce = 64;

#ifdef __SSE2__

/// \param is  of 16 bytes those that are meant, as bytes of which the upper bit is set
template<typename Is>
[[gnu::always_inline]] inline std::uint64_t bitsOf(char const *p, Is const &is) {
    auto const of16 = [&](char const *from) {
        __m128i characters;
        std::memcpy(&characters, from, sizeof characters);
        return std::uint64_t{static_cast<std::uint32_t>(_mm_movemask_epi8(is(characters)))};
    };
    return of16(p) | of16(p + 16) << 16 | of16(p + 32) << 32 | of16(p + 48) << 48;
}

/// Which are this one.
[[gnu::always_inline]] inline std::uint64_t placesOf(char c, char const *p) {
    return bitsOf(p, [&](__m128i characters) { return _mm_cmpeq_epi8(characters, _mm_set1_epi8(c)); });
}

/// Which are digits.
[[gnu::always_inline]] inline std::uint64_t placesOfDigits(char const *p) {
    return bitsOf(p, [](__m128i characters) {
        auto const digits = _mm_sub_epi8(characters, _mm_set1_epi8('0')), nine = _mm_set1_epi8(9);
        return _mm_cmpeq_epi8(_mm_max_epu8(digits, nine), nine);
    });
}

#else

template<typename Is>
std::uint64_t bitsOf(char const *p, Is const &is) {
    std::uint64_t out = 0;
    for (std::ptrdiff_t i = 0; i < charactersAtOnce; ++i) out |= std::uint64_t{is(p[i])} << i;
    return out;
}

inline std::uint64_t placesOf(char c, char const *p) {
    return bitsOf(p, [&](char other) { return other == c; });
}

inline std::uint64_t placesOfDigits(char const *p) {
    return bitsOf(p, [](char c) { return c >= '0' && c <= '9'; });
}

#endif

} // namespace dbb::telemetry
