/// \file
/// Numbers in neighbouring cells of a line, two at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dbb::telemetry {

/// Characters before the end of the first cell that parsePairs() looks at, whatever they are.
inline constexpr std::ptrdiff_t roomBeforePairs = 16;

/// Whether this processor has the instructions (AVX2).
bool pairsArePossible();

/// Cells of a line as numbers, as long as they are what parseCell() takes for doubles, with up to 15 digits.
/// \param begin  of the first cell in the line \param ends  of the cells; one character is between two of
/// them \param out  one for each \return how many of them were read, an even number; 0 where pairs are not
/// possible
std::size_t parsePairs(char const *line, std::uint32_t begin, std::span<std::uint32_t const> ends,
                       double *out);

} // namespace dbb::telemetry
