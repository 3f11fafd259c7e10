#include "telemetry/line_protocol.h"

#include <array>

namespace dbb::telemetry {

namespace {

constexpr std::array<double, 23> powersOfTen{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                             1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                             1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

} // namespace

/// Up to 2^53 and 10^22 digits and power of ten are exact doubles, and one division rounds once (Clinger
/// 1990).
char const *parseDouble(char const *begin, char const *end, double &out) {
    auto const *p = begin;
    bool const negative = p < end && *p == '-';
    if (negative || (p < end && *p == '+')) ++p;
    auto const *const first = p;
    std::uint64_t digits = 0;
    for (; p < end && *p >= '0' && *p <= '9'; ++p)
        digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
    auto count = p - first;
    std::ptrdiff_t decimals = 0;
    if (p < end && *p == '.') {
        auto const *const point = ++p;
        for (; p < end && *p >= '0' && *p <= '9'; ++p)
            digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
        decimals = p - point;
        count += decimals;
    }
    bool const exponent = p < end && (*p == 'e' || *p == 'E');
    if (count > 0 && count <= 18 && !exponent && digits <= (std::uint64_t{1} << 53)) {
        auto const value = static_cast<double>(digits) / powersOfTen[static_cast<std::size_t>(decimals)];
        out = negative ? -value : value;
        return p;
    }
    auto const *const from = begin < end && *begin == '+' ? begin + 1 : begin;
    auto const result = std::from_chars(from, end, out);
    if (result.ec == std::errc::result_out_of_range) {
        auto const *behind = result.ptr;
        // Too small is nothing, too large is infinite.
        out = std::string_view(from, static_cast<std::size_t>(behind - from)).find("e-")
                      != std::string_view::npos
                  ? 0.0
                  : HUGE_VAL;
        return behind;
    }
    return result.ec == std::errc() ? result.ptr : nullptr;
}

} // namespace dbb::telemetry
