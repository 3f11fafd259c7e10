/// \file
/// Patterns of names and paths as people write them: `*`, `?`, `[…]`, and `**` for any depth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dbb::common {

/// Whether a pattern matches all of a text. Both are taken element by element between slashes, so `*`, `?`
/// and
/// `[…]` stay within one; an element `**` stands for any number of elements, also none. Case counts, and a
/// point at the front is no exception. An empty pattern matches the empty text.
bool globMatches(std::string_view pattern, std::string_view text);

/// Whether one of the patterns matches.
bool anyGlobMatches(std::vector<std::string> const &patterns, std::string_view text);

} // namespace dbb::common
