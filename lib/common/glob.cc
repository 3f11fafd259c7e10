#include "common/glob.h"

#include "common/text.h"

#include <algorithm>
#include <fnmatch.h>

namespace dbb::common {

namespace {

constexpr std::string_view anyDepth = "**";

bool elementMatches(std::string const &pattern, std::string const &element) {
    return ::fnmatch(pattern.c_str(), element.c_str(), 0) == 0;
}

} // namespace

bool globMatches(std::string_view pattern, std::string_view text) {
    auto const wanted = split(pattern, '/');
    auto const found = split(text, '/');
    // As for single characters: of several `**` only the last may have to take more, so this never explodes.
    std::size_t w = 0;
    std::size_t f = 0;
    auto retry = std::string::npos;
    std::size_t retryAt = 0;
    for (;;) {
        if (w < wanted.size() && wanted[w] == anyDepth) {
            retry = ++w;
            retryAt = f;
        } else if (w == wanted.size() && f == found.size()) {
            return true;
        } else if (w < wanted.size() && f < found.size() && elementMatches(wanted[w], found[f])) {
            ++w;
            ++f;
        } else if (retry != std::string::npos && retryAt < found.size()) {
            w = retry;
            f = ++retryAt;
        } else {
            return false;
        }
    }
}

bool anyGlobMatches(std::vector<std::string> const &patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](std::string const &pattern) { return globMatches(pattern, text); });
}

} // namespace dbb::common
