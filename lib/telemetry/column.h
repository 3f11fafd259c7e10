/// \file
/// What is asked of the telemetry: columns, each a function of one or several fields of a topic.
#pragma once

#include "common/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dbb::telemetry {

/// Samples of one series with equal time.
enum class Duplicates : std::uint8_t { Last, First, Mean, All, Error };

/// A named instant of a window.
enum class At : std::uint8_t { Begin, Mid, End };

/// Functions of the samples in a window, then those that look at instants.
enum class Func : std::uint8_t {
    Count,
    Mean,
    Min,
    Max,
    Sum,
    Range,
    First,
    Last,
    Rms,
    Stddev,
    Variance,
    Median,
    Percentile,
    PercentileRank,
    TimeWeightedMean,
    Slope,
    Polyrms,
    Rate,
    Increase,
    IncreaseRate,
    Circmean,
    Circstd,
    Mode,
    Distinct,
    Transitions,
    Any,
    All,
    CountTrue,
    Asof,
    Interp,
    Delta,
};

/// Whose numbers are to come out. Consdb: those of ConsDB's transformed EFD, with what is wrong in them.
enum class Compat : std::uint8_t { None, Consdb };

/// Which samples stand for a packed row: n values of equal distance, in fields base0 to base<n-1>.
struct Packed {
    std::string base;
    std::string time_field = "cRIO_timestamp"; ///< time of the first one, unix TAI seconds
    int n = 0;                                 ///< 0: as many as there are fields
    std::optional<std::int64_t> dt_ns;         ///< distance of two; nullopt: from the distance of the rows
};

/// Which element of a packed series a field is: the number behind the base in its name; nullopt when it is
/// none.
std::optional<unsigned> elementNumber(std::string_view field, std::string_view base);

/// A column of a configuration. Durations are nanoseconds.
struct Column {
    std::string name;
    std::string topic;
    std::vector<std::string> fields;
    bool one_field = true; ///< given as `field`: its element is -1

    enum class Index : std::uint8_t { None, Any, Listed };
    Index index = Index::None;
    std::vector<std::variant<std::int64_t, std::string>> indices; ///< pooled when there are several
    std::string index_field;                                      ///< empty: salIndex, else <CSC>ID

    Func func = Func::Mean;
    std::int64_t percent_numerator = 0; ///< of percentiles: the quantile as a fraction
    std::int64_t percent_denominator = 1;
    int ddof = 1;
    int degree = 1;
    bool by_index = false; ///< polyrms over the number of the sample instead of its time
    bool linear = false;   ///< twmean

    std::int64_t pre_ns = 0; ///< shift of the window's begin, negative widens
    std::int64_t post_ns = 0;
    bool closed = false; ///< the end belongs to the window
    Duplicates duplicates = Duplicates::Last;
    At at = At::Begin;
    enum class Direction : std::uint8_t { Backward, Forward, Nearest };
    Direction direction = Direction::Backward;
    bool strict = false;
    bool take_nulls = false;
    std::int64_t tolerance_ns = 3'600'000'000'000;
    std::int64_t max_gap_ns = 3'600'000'000'000;
    std::optional<std::int64_t> gap_max_ns;  ///< nullopt: 5 times the median distance, at least 2 s
    std::optional<std::int64_t> hold_max_ns; ///< nullopt: gap_max; without end for events
    double min_coverage = 0.5;
    bool pool = false;
    Compat compat = Compat::None;
    std::int64_t bucket_ns = 0; ///< the function is applied to its values of such spans of UTC; 0: to samples
    std::string time_field;     ///< unix seconds; empty: the time of the sample
    bool time_is_utc = false;
    std::optional<Packed> packed;

    std::string unit{}, ucd{}, description{};
    std::vector<std::string> tables{}; ///< of ConsDB, empty: none named

    /// Whether it looks at instants and not at the samples in the window.
    bool atInstants() const { return func >= Func::Asof; }
    /// Whether each of its fields has a result of its own.
    bool hasElements() const { return !one_field && !pool && !packed; }
    /// How many results it has of a window.
    std::size_t elements() const { return hasElements() ? fields.size() : 1; }
};

/// Whether the samples of a topic are steps that hold until the next one: logevent_, command_, ackcmd.
bool isEvent(std::string const &topic);

/// Name of a function as configurations have it.
std::string nameOf(Column const &column);

/// The columns of a configuration: a list, or a mapping with `columns`. Our own form, and that of ConsDB's
/// transformed EFD, which is known by `function` and `topics`.
/// \param name  of the file, for messages \param compat  for columns in ConsDB's form, which all must be then
/// \throws Error USAGE (exit 2) with file, column and key; an unknown key with the nearest known one
std::vector<Column> parseColumns(std::string const &text, std::string const &name,
                                 Compat compat = Compat::None);

/// Nanoseconds of a duration: a number of seconds, or a text such as "250ms", "-2s", "5m", "1h".
/// \throws Error BAD_VALUE
std::int64_t durationNs(common::Json const &value);

} // namespace dbb::telemetry
