/// \file
/// Small functions on text that several programs need.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::common {

/// ASCII lower and upper case.
std::string toLower(std::string_view text);
std::string toUpper(std::string_view text);

/// Without white space at both ends.
std::string_view strip(std::string_view text);

/// The pieces between separators; an empty text gives one empty piece.
std::vector<std::string> split(std::string_view text, char separator);

/// Pieces joined with a separator.
std::string join(std::vector<std::string> const &pieces, std::string_view separator);

/// The first few of names, and how many more there are: `a, b, c, d, e, and 3 more`.
std::string someOf(std::vector<std::string> names);

/// Append an integer, or the shortest decimal that reads back as a floating-point number.
template<typename Number>
void appendNumber(std::string &out, Number number) {
    char buffer[32];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}

/// A text that is a decimal integer and nothing else; nullopt for any other.
std::optional<std::int64_t> wholeNumber(std::string_view text);

/// The candidate that is nearest to `word` by edit distance, empty when none is near enough to be meant.
std::string nearest(std::string_view word, std::vector<std::string> const &candidates);

/// Length in bytes of the UTF-8 character at the front of `text` (not empty), 0 when it is malformed.
std::size_t characterLength(std::string_view text);

/// Control characters and bytes that are no UTF-8 shown as \xNN, so that a file name can neither drive a
/// terminal nor begin a line, and that it can be told from others.
std::string printable(std::string_view text);

/// Only the bytes that are no UTF-8 shown as \xNN: a text that JSON can hold without a loss.
std::string wellFormed(std::string_view text);

/// At most `most` bytes (4 or more): of a longer text the middle is replaced by "…", between characters.
std::string shortened(std::string text, std::size_t most);

} // namespace dbb::common
