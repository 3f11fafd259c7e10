/// \file
/// Doing independent things with several threads.
#pragma once

#include <cstddef>
#include <functional>

namespace dbb::common {

/// Call `body(i)` for every i below `count`, spread over at most `jobs` threads, and wait for all. `body`
/// must not throw. With one job or one item everything happens in the caller's thread.
void parallelFor(std::size_t count, int jobs, std::function<void(std::size_t)> const &body);

} // namespace dbb::common
