/// \file
/// The lines of type value that a join prints.
#pragma once

#include "common/lines.h"
#include "efd/gap_report.h"
#include "efd/influx_join.h"
#include "efd/settling.h"
#include "efd/window_lines.h"
#include "telemetry/joiner.h"

#include <array>
#include <string>
#include <vector>

namespace dbb::efd {

/// Prints the values of a joiner, window by window.
class ValueLines {
public:
    /// \param influx  nullptr: samples are in files \param gaps  nullptr: nobody asks for them
    ValueLines(std::vector<telemetry::Column> const &columns, AskedValues asked, telemetry::Joiner &joiner,
               SampleSource const &source, InfluxJoin *influx, Settling const &settling, GapReport *gaps,
               common::Output &output);

    /// \param number  of the window
    void print(std::string const &keys, std::size_t number, telemetry::Window const &window);

    /// Incomplete when values could not be had.
    common::ExitCode status() const {
        return _sourceErrors ? common::ExitCode::Incomplete : common::ExitCode::Done;
    }

private:
    /// JSON members of a column's lines.
    struct ColumnKeys {
        std::string name;
        std::string config;
    };
    /// The last cell of its kind, at instants or in windows, and what stood behind its value: columns of the
    /// same samples differ in little else.
    struct Quality {
        telemetry::Cell cell;
        std::string text;
    };

    /// Add one to those of the window.
    void line(std::string const &keys, ColumnKeys const &column, int element, telemetry::Cell const &cell,
              bool settled);

    std::vector<telemetry::Column> const &_columns;
    AskedValues _asked;
    telemetry::Joiner &_joiner;
    SampleSource const &_source;
    InfluxJoin *_influx;
    Settling const &_settling;
    GapReport *_gaps;
    common::Output &_output;
    std::vector<ColumnKeys> _columnKeys;
    std::array<Quality, 2> _qualities;
    std::string _lines; ///< of the window, without the last newline
    bool _sourceErrors = false;
};

} // namespace dbb::efd
