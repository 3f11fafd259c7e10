/// \file
/// A window as a source has it, and which ones are asked for.
#pragma once

#include "manifest/record.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace dbb::efd {

struct FoundWindow {
    std::string instrument{}; ///< empty: not told
    std::string kind{};       ///< exposure, visit or window
    std::int64_t id = 0;
    std::optional<std::int64_t> day_obs{}; ///< YYYYMMDD; nullopt: not told
    std::optional<std::int64_t> seq_num{};
    std::optional<std::int64_t> begin_ns{}, end_ns{}; ///< TAI; nullopt: open, or not told
    std::string src{};                                ///< where the times come from
};

/// The line of a window, or of what is to become one: without what is not told.
manifest::Record lineOf(FoundWindow const &found);

using WindowSink = std::function<void(FoundWindow const &)>;

/// What is asked for. Sources leave out what they can easily leave out, and at least what `where` says; days
/// and `since_ns` are looked at once more by who gets the windows.
struct WindowChoice {
    std::string instrument{}; ///< of which, or whose they are when the source does not say it; empty: any
    std::string kind{};       ///< exposure, visit, window; empty: what the source has
    std::string where{};
    std::optional<std::pair<std::int64_t, std::int64_t>> days{}; ///< first and last, YYYYMMDD
    std::optional<std::int64_t> since_ns{};                      ///< TAI; only windows that end later
};

} // namespace dbb::efd
