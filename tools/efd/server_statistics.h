/// \file
/// What InfluxDB computes of the samples in windows, where its answer can be no other than ours.
#pragma once

#include "efd/influx_samples.h"
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

class ServerStatistics {
public:
    /// All outlive it. \param samples  prepared
    ServerStatistics(telemetry::Influx &influx, InfluxSamples const &samples,
                     std::vector<telemetry::Column> const &columns, telemetry::WindowList const &windows);

    /// Ask which instances of topics are in the ranges that are needed.
    void learnIndices(std::map<std::string, telemetry::TopicNeeds> const &needs);

    /// Why the server can't count the samples of a column, or compute its value, in words; empty: it can.
    std::string whyNotCounted(telemetry::Column const &column) const;
    std::string whyNotComputed(telemetry::Column const &column) const;

    /// Which windows of which columns, and a place for each result. \param field  number in the column
    using Wanted = std::function<bool(std::size_t column, std::size_t window)>;
    using Taker = std::function<void(std::size_t column, std::size_t field, std::size_t window,
                                     telemetry::Cell const &)>;
    /// n and the time of the last sample, of columns that can be counted.
    void count(Wanted const &wanted, Taker const &taker);
    /// Whole results, but for gaps, of columns that can be computed. What rounding might make another number
    /// than ours, and what the server fails to compute, has no result.
    void compute(Wanted const &wanted, Taker const &taker);

private:
    /// One field of one column.
    struct Member {
        std::size_t column;
        std::size_t field;
        telemetry::FieldType type;
    };
    /// Members that the same statements serve.
    struct Group {
        std::string topic;
        std::string condition; ///< on the instance, with AND before it
        std::int64_t pre_ns, post_ns;
        std::vector<Member> members;
    };
    struct Slot;

    std::optional<std::string> conditionOf(telemetry::Column const &column) const;
    telemetry::SourceScale scaleOf(std::string const &topic) const;
    std::vector<Group> groupsOf(std::function<bool(telemetry::Column const &)> const &takes) const;
    void ask(std::vector<Group> const &groups, bool values, Wanted const &wanted, Taker const &taker);
    Slot slotOf(Group const &group, std::size_t window, bool values, Wanted const &wanted) const;
    void answer(std::vector<Slot> &slots, bool values, Taker const &taker);

    telemetry::Influx &_influx;
    InfluxSamples const &_samples;
    std::vector<telemetry::Column> const &_columns;
    telemetry::WindowList const &_windows;
    std::map<std::string, std::map<std::string, std::set<std::int64_t>>> _indices; ///< by topic and field
    std::set<std::string> _unknown; ///< topics of which they could not be had
};

} // namespace dbb::efd
