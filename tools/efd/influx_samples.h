/// \file
/// The samples that columns need, out of InfluxDB, in the order of time by topic.
#pragma once

#include "efd/sample_cache.h"
#include "telemetry/influx.h"
#include "telemetry/instants.h"
#include "telemetry/needs.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::efd {

/// Where samples go.
struct SampleSink {
    /// Line protocol of a topic, nanoseconds; whole lines when all of them are put together.
    std::function<void(std::string const &topic, telemetry::SourceScale, std::string_view lines)> lines;
    /// Samples of a topic that could not be had: times in that scale.
    std::function<void(std::string const &topic, telemetry::SourceScale, telemetry::TimeRange const &,
                       common::Error const &)>
        missing;
};

/// A range of TAI in the scale of an index. Where nothing but the date tells the scale, TAI before the era
/// began and UTC since then.
telemetry::TimeRange inScale(telemetry::Window const &range, telemetry::SourceScale scale);

/// Back: all of TAI that may be meant.
telemetry::Window inTai(telemetry::TimeRange const &range, telemetry::SourceScale scale);

/// What is said of samples that could not be had.
common::Error missingSamples(std::string const &topic, telemetry::TimeRange const &range,
                             common::Error const &why);

/// What is wrong with a topic whose first row does not tell the scale of its times.
common::Error noScale(std::string const &topic);

class InfluxSamples {
public:
    /// \param scale  of the server's index: Eras finds out by the first sample of a topic which one it is
    /// \param cache  nullptr: none \param settle_ns  how old samples must be to be kept
    InfluxSamples(telemetry::Influx &influx, telemetry::SourceScale scale, SampleCache *cache,
                  std::int64_t settle_ns);

    /// Ask the server what it knows of topics, and tell what it does not. A topic that needs nothing by name
    /// gets all fields. \throws Error as telemetry::Influx
    void prepare(std::map<std::string, telemetry::TopicNeeds> const &needs);

    /// Less than what was prepared is needed after all.
    void narrow(std::map<std::string, telemetry::TopicNeeds> const &needs);

    /// All samples, topic by topic; may be called again. \throws Error as telemetry::Influx
    void read(SampleSink const &sink);

    struct Counts {
        std::int64_t rows = 0;    ///< that the server gave
        std::int64_t asked = 0;   ///< pieces
        std::int64_t cached = 0;  ///< pieces of the cache
        std::int64_t missing = 0; ///< parts
    };
    Counts const &counts() const { return _counts; }
    std::map<std::string, telemetry::TopicSchema> const &schemas() const { return _schemas; }

    /// What is asked of a topic.
    struct Plan {
        std::string topic;
        std::vector<telemetry::Field> fields;
        telemetry::SourceScale scale;
        std::vector<telemetry::TimeRange> pieces;
        bool has_scale = true; ///< else nobody can tell what its times mean
    };
    std::vector<Plan> const &plans() const { return _plans; }

private:
    void addPlan(std::string const &topic, telemetry::TopicNeeds const &needs);
    void settleScales(std::map<std::string, telemetry::TopicNeeds> const &needs);
    void makePieces(Plan &plan, std::vector<telemetry::Window> const &ranges) const;
    void readTopic(Plan const &plan, SampleSink const &sink);
    std::int64_t readPieces(Plan const &plan, std::vector<telemetry::Field> const &fields, std::size_t begin,
                            std::size_t end, SampleSink const &sink);
    void ask(Plan const &plan, std::vector<telemetry::Field> const &fields, std::size_t begin,
             std::size_t end, SampleSink const &sink);
    std::string identityOf(Plan const &plan, std::vector<telemetry::Field> const &fields,
                           telemetry::TimeRange const &range) const;

    telemetry::Influx &_influx;
    telemetry::SourceScale _scale;
    SampleCache *_cache;
    std::int64_t _settle_ns;
    std::map<std::string, telemetry::TopicSchema> _schemas;
    std::vector<Plan> _plans;
    Counts _counts;
};

} // namespace dbb::efd
