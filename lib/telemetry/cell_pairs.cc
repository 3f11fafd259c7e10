#include "telemetry/cell_pairs.h"

#include "telemetry/decimal.h"

#include <algorithm>
#include <array>
#include <bit>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace dbb::telemetry {

#ifdef __x86_64__

namespace {

constexpr std::uint32_t width = 16; ///< characters that are looked at of a cell

/// What is to be known of a cell before its digits are: whether a sign is in front, the number of decimals,
/// and the length without the sign, as bits of a number from which two tables are looked into.
class Form {
public:
    static constexpr std::uint32_t decimals = width, lengths = 2 * width; ///< how many can be told apart

    Form() = default; // nothing is known
    constexpr Form(bool isNegative, std::uint32_t decimalsOfIt, std::uint32_t length)
        : _bits(((isNegative ? decimals : 0) + decimalsOfIt) * lengths * width + length * width) {}
    /// Place in a table by sign and decimals.
    std::uint32_t ofDivisor() const { return _bits / (lengths * width); }
    /// Byte of a table by decimals and length, each of which has `width`.
    std::uint32_t ofPlaces() const { return _bits % (decimals * lengths * width); }

private:
    std::uint32_t _bits;
};

/// For decimals and lengths: which of the last 16 characters of a cell go where, as a shuffle has it, so that
/// the digits, without the point, are the last ones, with zeros in front.
constexpr auto places = [] {
    constexpr std::uint8_t zero = 0x80;
    std::array<std::uint8_t, Form::decimals * Form::lengths * width> out{};
    std::size_t at = 0;
    for (std::uint32_t d = 0; d < Form::decimals; ++d) {
        for (std::uint32_t length = 0; length < Form::lengths; ++length) {
            for (std::uint32_t i = 0; i < width; ++i) {
                auto const behind = width - 1 - i; // so many digits
                bool const isDigit = behind + 1 < length && (behind < d || i > 0);
                out[at++] = isDigit ? static_cast<std::uint8_t>(behind < d ? i : i - 1) : zero;
            }
        }
    }
    return out;
}();

/// For signs and decimals: what the digits are divided by.
constexpr auto divisors = [] {
    std::array<double, std::size_t{2} * Form::decimals> out{};
    for (std::size_t d = 0; d < Form::decimals; ++d) {
        out[d] = exactPowersOfTen[d];
        out[Form::decimals + d] = -exactPowersOfTen[d];
    }
    return out;
}();

constexpr std::size_t mostAtOnce = 32;
using Forms = std::array<Form, mostAtOnce>;

#define DBB_AVX2 __attribute__((target("avx2,bmi,lzcnt")))

/// \return how many cells have a length and a point that numbers can have
DBB_AVX2 [[gnu::always_inline]] inline std::size_t formsOf(char const *line, std::uint32_t begin,
                                                           std::span<std::uint32_t const> ends, Forms &out) {
    auto const point = _mm_set1_epi8('.');
    std::size_t i = 0;
    for (; i < ends.size(); ++i) {
        auto const end = ends[i];
        auto const text = _mm_loadu_si128(reinterpret_cast<__m128i const *>(line + end - width));
        auto const points = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(text, point)));
        bool const isNegative = line[begin] == '-';
        auto const length = end - begin - (isNegative ? 1 : 0);
        // Without a point there are more than a number can be long.
        auto const decimals = static_cast<std::uint32_t>(std::countl_zero(points << width));
        if (length - 2 > width - 2 || decimals >= length) break;
        out[i] = Form(isNegative, decimals, length);
        begin = end + 1;
    }
    return i;
}

/// 16 bytes of one place, then of another one.
DBB_AVX2 [[gnu::always_inline]] inline __m256i load(void const *first, void const *second) {
    auto const lower = _mm_loadu_si128(static_cast<__m128i const *>(first));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(lower),
                                   _mm_loadu_si128(static_cast<__m128i const *>(second)), 1);
}

/// Numbers of cells whose form is known. \return how many, an even number, have digits where they must
DBB_AVX2 [[gnu::always_inline]] inline std::size_t
numbersOf(char const *line, std::span<std::uint32_t const> ends, Forms const &forms, double *out) {
    auto const zero = _mm256_set1_epi8('0'), nine = _mm256_set1_epi8(9);
    auto const ofTwo = _mm256_set1_epi16(10 | 1 << 8);
    auto const ofFour = _mm256_set1_epi32(100 | 1 << 16), ofEight = _mm256_set1_epi32(10'000 | 1 << 16);
    auto const ofSixteen = _mm_set1_pd(1e8);
    std::size_t i = 0;
    for (; i + 2 <= ends.size(); i += 2) {
        auto const first = forms[i], second = forms[i + 1];
        auto const text = _mm256_sub_epi8(load(line + ends[i] - width, line + ends[i + 1] - width), zero);
        auto const digits =
            _mm256_shuffle_epi8(text, load(&places[first.ofPlaces()], &places[second.ofPlaces()]));
        auto const others = _mm256_subs_epu8(digits, nine);
        if (!_mm256_testz_si256(others, others)) break;
        // Two digits as one number, then four, then eight, then all of them, of which there are up to 15.
        auto const fours = _mm256_madd_epi16(_mm256_maddubs_epi16(digits, ofTwo), ofFour);
        auto const eights = _mm256_madd_epi16(_mm256_packus_epi32(fours, fours), ofEight);
        auto const halves =
            _mm_unpacklo_epi32(_mm256_castsi256_si128(eights), _mm256_extracti128_si256(eights, 1));
        auto const upper = _mm_cvtepi32_pd(halves),
                   lower = _mm_cvtepi32_pd(_mm_unpackhi_epi64(halves, halves));
        auto const number = _mm_add_pd(_mm_mul_pd(upper, ofSixteen), lower);
        auto const divisor =
            _mm_loadh_pd(_mm_load_sd(&divisors[first.ofDivisor()]), &divisors[second.ofDivisor()]);
        _mm_storeu_pd(out + i, _mm_div_pd(number, divisor)); // both are exact: it rounds once
    }
    return i;
}

DBB_AVX2 std::size_t pairsOf(char const *line, std::uint32_t begin, std::span<std::uint32_t const> ends,
                             double *out) {
    std::size_t done = 0;
    for (Forms forms; done + 2 <= ends.size();) {
        auto const some = ends.subspan(done, std::min(ends.size() - done, mostAtOnce));
        auto const formed = formsOf(line, begin, some, forms);
        auto const read = numbersOf(line, some.first(formed), forms, out + done);
        done += read;
        if (read + 2 <= some.size()) break;
        begin = some[read - 1] + 1;
    }
    return done;
}

#undef DBB_AVX2

} // namespace

bool pairsArePossible() {
    static bool const areThey =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("lzcnt");
    return areThey;
}

std::size_t parsePairs(char const *line, std::uint32_t begin, std::span<std::uint32_t const> ends,
                       double *out) {
    return pairsArePossible() ? pairsOf(line, begin, ends, out) : 0;
}

#else

bool pairsArePossible() {
    return false;
}

std::size_t parsePairs(char const *, std::uint32_t, std::span<std::uint32_t const>, double *) {
    return 0;
}

#endif

} // namespace dbb::telemetry
