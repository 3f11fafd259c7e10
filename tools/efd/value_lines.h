/// \file
/// Lines of type value as rows of tables.
#pragma once

#include "manifest/record.h"
#include "sql/database.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

/// The window of one line or of several that follow each other.
struct LineWindow {
    WindowId id;
    std::array<sql::Value, 3> key;  ///< the same as a row has it
    std::array<sql::Value, 5> span; ///< day_obs, seq_num, begin_tai_ns, end_tai_ns, src
};

struct ValueLine {
    std::shared_ptr<LineWindow const> window;
    std::string column;
    std::int64_t element = -1;
    char const *dtype = ""; ///< number, boolean or text; empty when there is no value
    Cells cells{};
    std::string text; ///< the line, without a receipt and an error of before
};

/// Whether two lines are of one window.
inline bool isSameWindow(ValueLine const &a, ValueLine const &b) {
    return a.window == b.window || a.window->id == b.window->id;
}

/// Whether two lines are of one column in one window.
inline bool isSameColumn(ValueLine const &a, ValueLine const &b) {
    return isSameWindow(a, b) && a.column == b.column;
}

class ValueLineReader {
public:
    /// \throws Error MISSING_KEY, BAD_VALUE, BAD_WINDOW
    ValueLine read(manifest::Record record);

    /// A line that begins as the one that read() had last, up to its column, as those of a window do. \return
    /// nullopt for any other, and for one with which something is wrong: both are for read()
    std::optional<ValueLine> readNext(std::string_view line) const;

private:
    void rememberHead(ValueLine const &line);

    std::string _head; ///< empty: there is none to compare with
    std::shared_ptr<LineWindow const> _window;
};

} // namespace dbb::efd
