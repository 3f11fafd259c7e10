/// \file
/// What columns have to see of the telemetry to say something of windows.
#pragma once

#include "telemetry/cell.h"
#include "telemetry/column.h"
#include "telemetry/influx.h"
#include "telemetry/series.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace dbb::telemetry {

/// Fields of a topic, and when: times TAI, in order, without overlap.
struct TopicNeeds {
    std::vector<std::string> fields; ///< each once, in the order of columns
    std::vector<std::string> packed; ///< bases of packed series of which nobody says how many there are
    std::vector<Window> ranges;
};

/// When samples are that may have a say in what a column is in a window.
std::vector<Window> samplesFor(Column const &column, Window const &window);

/// What a column has to see of its topic for a window, by the time of rows.
std::vector<Window> rangesFor(Column const &column, Window const &window);

/// By topic; a column that needs nothing does not bring its fields, either. \param wants  whether a window
/// asks for a column, by their numbers \param margin_ns  before and behind what is needed, for the usual
/// distance of samples, for rows whose own time is another field, and for the clock of an instrument
std::map<std::string, TopicNeeds>
needsOf(std::vector<Column> const &columns, WindowList const &windows,
        std::function<bool(std::size_t window, std::size_t column)> const &wants, std::int64_t margin_ns);

/// The fields to be asked for: those of the needs that the topic has, the elements of packed series, and what
/// tells instances apart; all when the needs name none. \param missing  gets the names that it has not
std::vector<Field> fieldsFor(std::string const &topic, TopicNeeds const &needs, TopicSchema const &schema,
                             std::vector<std::string> &missing);

/// Ranges in one: sorted, and those that meet or overlap put together.
std::vector<Window> merged(std::vector<Window> ranges);

/// Cut where multiples of a length are, so that runs that need the same cut it in the same places.
std::vector<TimeRange> cut(TimeRange const &range, std::int64_t length_ns);

} // namespace dbb::telemetry
