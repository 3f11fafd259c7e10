/// \file
/// Lines of type value as rows of tables.
#pragma once

#include "manifest/record.h"
#include "sql/database.h"

#include <array>
#include <cstdint>
#include <string>
#include <tuple>

namespace dbb::efd {

/// Which window a value is of.
struct WindowId {
    std::string instrument;
    std::string kind; ///< exposure, visit or window
    std::int64_t obs_id = 0;

    auto operator<=>(WindowId const &) const = default;
};

/// What a row of efd_value holds besides its keys and where it comes from, in the order of its columns.
enum Cell : std::size_t {
    Number,
    Integer, ///< one that a double can't hold
    Text,
    Samples,
    Status,
    First,
    Last,
    Coverage,
    MaxGap,
    Gaps,
    Age,
    Config,
    Settled, ///< 0: later samples may still come
    CellCount
};
using Cells = std::array<sql::Value, CellCount>;

inline std::int64_t integerOf(Cells const &cells, Cell which) {
    return std::get<std::int64_t>(cells[which]);
}

/// Statuses from here on say that the source failed; see dbb-efd-join(1).
inline constexpr std::int64_t firstSourceError = 20;

struct ValueLine {
    WindowId window;
    std::array<sql::Value, 5> span; ///< day_obs, seq_num, begin_tai_ns, end_tai_ns, src
    std::string column;
    std::int64_t element = -1;
    std::string dtype; ///< number, boolean or text; empty when there is no value
    Cells cells{};
    std::string text; ///< the line, without a receipt and an error of before
};

/// \throws Error MISSING_KEY, BAD_VALUE, BAD_WINDOW
ValueLine valueLineOf(manifest::Record record);

} // namespace dbb::efd
