/// \file
/// Gaps that windows have, as lines beside their values.
#pragma once

#include "common/file.h"
#include "telemetry/joiner.h"

#include <string>
#include <string_view>

namespace dbb::efd {

/// A file with a line of type `gap` for each gap. It appears as a whole, when all lines are in it; a device
/// or a FIFO gets them as they come.
class GapReport {
public:
    /// \throws Error OUTPUT_FAILED (exit 4) when there can be no such file
    explicit GapReport(std::string const &path);
    GapReport(GapReport const &) = delete;
    GapReport &operator=(GapReport const &) = delete;
    /// What is not finished goes.
    ~GapReport();

    /// \param keys  of the window's lines, with a comma behind each \throws Error OUTPUT_FAILED
    void add(std::string_view keys, telemetry::Column const &column, int element,
             std::vector<telemetry::Gap> const &gaps);
    /// All lines are there. \throws Error OUTPUT_FAILED
    void finish();

private:
    void flush();

    std::string _path;
    std::string _temporary; ///< empty: it is written to as it is
    common::UniqueFd _fd;
    std::string _buffer;
};

} // namespace dbb::efd
