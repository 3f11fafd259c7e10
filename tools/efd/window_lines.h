/// \file
/// The lines of windows and what is passed on of them.
#pragma once

#include "common/scratch_list.h"
#include "manifest/record.h"
#include "manifest/stream.h"
#include "telemetry/cell.h"
#include "telemetry/column.h"
#include "telemetry/series.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dbb::efd {

/// What a reader of values knows of one: how many samples stood behind it, and when the last one was.
struct KnownValue {
    std::int64_t n = 0;
    std::int64_t last_ns = telemetry::Cell::none; ///< TAI
    std::string config{};                         ///< of the column that it was computed by; empty: not told
};

/// Windows with the keys that the lines of their values get, too: instrument, kind, id, day_obs, seq_num,
/// begin_tai, end_tai, src.
struct WindowLines {
    telemetry::WindowList windows;
    common::ScratchTexts keys; ///< JSON members, each with a comma behind it
    std::int64_t left_out = 0; ///< windows that were not accepted
    /// By window and column, from the key `known`; empty when no window has it.
    std::vector<std::map<std::string, KnownValue>> known{};
    /// Sets of names of columns that windows are asked for, and by window the number of its set; a window
    /// beyond the end of the latter, or with number -1, is asked for all.
    std::vector<std::set<std::string>> columnSets{};
    std::vector<std::int32_t> columnSetOf{};
};

/// Which values are asked for, by number of the window and of the column.
class AskedValues {
public:
    /// Asks for what the lines ask for. A name that no column has asks for nothing.
    AskedValues(std::vector<telemetry::Column> const &columns, WindowLines const &lines);

    bool has(std::size_t window, std::size_t column) const {
        auto const set = window < _setOf->size() ? (*_setOf)[window] : -1;
        return set < 0 || _sets[static_cast<std::size_t>(set)][column];
    }

private:
    std::vector<std::vector<bool>> _sets;
    std::vector<std::int32_t> const *_setOf;
};

/// From when to when a line is: begin_tai and end_tai as ISO 8601, or begin_tai_ns and end_tai_ns.
/// \throws Error MISSING_KEY, BAD_VALUE; BAD_WINDOW when it ends before it begins
telemetry::Window spanOf(manifest::Record const &line);

/// The same of a line that must be a window. \throws Error as spanOf()
telemetry::Window windowOf(manifest::Record const &line);

/// Names of the columns that a window is asked for; nullopt: all.
using AskedNames = std::optional<std::set<std::string>>;
/// The windows of an input that are accepted. Lines that are none are rejected.
WindowLines readWindows(manifest::RecordReader &reader, manifest::Rejects &rejects,
                        manifest::Summary &summary,
                        std::function<bool(telemetry::Window const &, AskedNames const &)> const &accept);

} // namespace dbb::efd
