#include "fuzz/coverage.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace {

// Hit counts by hashed place, and which powers of two of them were ever seen.
constexpr std::size_t slots = 1 << 16;
std::uint8_t now[slots]; // NOLINT: an operator of a class would itself be followed
std::array<std::uint8_t, slots> ever;

} // namespace

// Called by the compiler at each branch; must not be followed itself.
extern "C" __attribute__((no_sanitize_coverage, no_sanitize("address", "undefined"))) void
__sanitizer_cov_trace_pc() {
    auto const pc = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
    auto &count = now[(pc ^ (pc >> 16)) & (slots - 1)];
    if (count < 255) ++count;
}

namespace dbb::fuzz {

namespace {

__attribute__((no_sanitize_coverage)) std::uint8_t classOf(std::uint8_t count) {
    if (count == 0) return 0;
    if (count < 4) return static_cast<std::uint8_t>(1 << (count - 1));
    return count < 16 ? 8 : count < 128 ? 16 : 32;
}

} // namespace

__attribute__((no_sanitize_coverage)) void beginCoverage() {
    std::fill(std::begin(now), std::end(now), std::uint8_t{0});
}

__attribute__((no_sanitize_coverage)) bool reachedNew() {
    bool fresh = false;
    for (std::size_t i = 0; i < slots; ++i) {
        auto const seen = classOf(now[i]);
        if ((seen & ~ever[i]) == 0) continue;
        ever[i] = static_cast<std::uint8_t>(ever[i] | seen);
        fresh = true;
    }
    return fresh;
}

__attribute__((no_sanitize_coverage)) long placesReached() {
    long count = 0;
    for (auto const seen : ever) count += seen != 0;
    return count;
}

} // namespace dbb::fuzz
