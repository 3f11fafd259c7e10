#include "telemetry/decimal.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>

namespace dbb::telemetry {

namespace {

constexpr std::array<long double, 28> exactPowers{
    1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
    1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};

/// digits * 10^exponent of long doubles, which have 64 bits: both factors are exact, so that the result is
/// rounded once. \return the nearest double; nullopt when a second rounding could go the wrong way
std::optional<double> nearest(std::uint64_t digits, int exponent) {
    using Limits = std::numeric_limits<long double>;
    constexpr int most = static_cast<int>(exactPowers.size()) - 1; // 5^27 has 63 bits
    if (Limits::digits != 64 || exponent > most || exponent < -most) return std::nullopt;
    auto const number = static_cast<long double>(digits);
    auto const value = exponent < 0 ? number / exactPowers[static_cast<std::size_t>(-exponent)]
                                    : number * exactPowers[static_cast<std::size_t>(exponent)];
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    constexpr std::uint64_t dropped = 0x7FF, half = 0x400; // of the 64 bits a double has the upper 53
    if ((bits & dropped) == half) return std::nullopt;
    return static_cast<double>(value);
}

/// Digits, a point, decimals and an exponent, as far as they fit into 64 bits.
struct Decimal {
    std::uint64_t digits = 0;
    int exponent = 0;
    char const *behind = nullptr; ///< nullptr: it does not fit, or there is none
};

Decimal decimalAt(char const *p, char const *end) {
    Decimal out;
    std::ptrdiff_t count = 0;
    auto const take = [&] {
        auto const *const first = p;
        for (; p < end && *p >= '0' && *p <= '9'; ++p) {
            out.digits = out.digits * 10 + static_cast<std::uint64_t>(*p - '0');
            count += out.digits > 0 || count > 0 ? 1 : 0;
        }
        return p - first;
    };
    auto seen = take();
    if (p < end && *p == '.') {
        ++p;
        auto const decimals = take();
        seen += decimals;
        if (decimals > 1000) return {};
        out.exponent = -static_cast<int>(decimals);
    }
    if (seen == 0 || count > 19) return {};
    if (p < end && (*p == 'e' || *p == 'E')) {
        int power = 0;
        auto const *from = p + 1;
        if (from < end && *from == '+') ++from;
        if (from == end || (*from == '-' && from != p + 1)) return {};
        auto const [behind, error] = std::from_chars(from, end, power);
        if (error != std::errc() || power > 1000 || power < -1000) return {};
        out.exponent += power;
        p = behind;
    }
    out.behind = p;
    return out;
}

} // namespace

std::optional<double> nearestDouble(std::uint64_t digits, unsigned decimals) {
    return nearest(digits, -static_cast<int>(decimals));
}

char const *parseDouble(char const *begin, char const *end, double &out) {
    auto const *const from = begin < end && *begin == '+' ? begin + 1 : begin;
    bool const negative = from == begin && begin < end && *begin == '-';
    auto const decimal = decimalAt(negative ? begin + 1 : from, end);
    if (decimal.behind) {
        if (auto const value = nearest(decimal.digits, decimal.exponent)) {
            out = negative ? -*value : *value;
            return decimal.behind;
        }
    }
    if (from != begin && from < end && *from == '-') return nullptr; // one sign is enough
    auto const result = std::from_chars(from, end, out);
    if (result.ec == std::errc::result_out_of_range) {
        // That can't say whether it is too small or too large.
        out = std::strtod(std::string(from, result.ptr).c_str(), nullptr);
        return result.ptr;
    }
    return result.ec == std::errc() ? result.ptr : nullptr;
}

} // namespace dbb::telemetry
