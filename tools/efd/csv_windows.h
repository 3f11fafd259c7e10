/// \file
/// Windows of a CSV file.
#pragma once

#include "common/error.h"
#include "efd/found_window.h"
#include "efd/instant_reader.h"

#include <string_view>

namespace dbb::efd {

/// What gets lines that can't be read: their number, and their text.
using BadLineSink = std::function<void(std::int64_t, std::string_view, common::Error const &)>;

/// Hand on the rows of a file with a header: id; begin and end, or begin_tai_ns and end_tai_ns; instrument,
/// kind, day_obs and seq_num when they are there. Other columns are for --where.
/// \param path  "-" is standard input
/// \throws Error USAGE (exit 2) for a header without these, a condition that can't be used, and instants
/// whose scale nothing tells; NOT_FOUND … (exit 4) when it can't be opened
void csvWindows(std::string const &path, int in, InstantReader const &instants, WindowChoice const &choice,
                WindowSink const &sink, BadLineSink const &bad);

} // namespace dbb::efd
