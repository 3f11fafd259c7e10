#include "common/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace dbb::common {

void parallelFor(std::size_t count, int jobs, std::function<void(std::size_t)> const &body) {
    std::atomic<std::size_t> next{0};
    auto work = [&] {
        for (auto i = next++; i < count; i = next++) body(i);
    };
    auto const threads = std::min(count, static_cast<std::size_t>(std::max(jobs, 1)));
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
}

} // namespace dbb::common
