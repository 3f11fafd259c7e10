/// \file
/// A join whose samples are in InfluxDB: what is asked there, and what is said of values that it can't be
/// asked for.
#pragma once

#include "common/file.h"
#include "common/log.h"
#include "efd/fetch_plan.h"
#include "efd/influx_samples.h"
#include "efd/influx_source.h"
#include "efd/missing_samples.h"
#include "efd/sample_source.h"
#include "efd/server_statistics.h"
#include "efd/window_lines.h"

#include <optional>
#include <string>
#include <vector>

namespace dbb::efd {

struct InfluxJoinOptions {
    InfluxOptions server{};
    bool push_down = false;
    bool verify_push_down = false;
    bool check = false;
    bool plan = false;
    std::string estimate_rate{};
    std::string max_values{};
};

class InfluxJoin : public SampleSource {
public:
    /// Finds out what there is and, unless that is only to be planned, leaves out what has not changed, and
    /// lets the server compute what it can. The columns and windows outlive it. \throws Error as
    /// telemetry::Influx
    InfluxJoin(InfluxJoinOptions const &options, telemetry::SourceScale scale,
               std::vector<telemetry::Column> const &columns, WindowLines const &windows);

    bool onlyOnce() const override { return false; }
    void keep() override;
    void read(telemetry::Joiner &joiner) override;
    void learn(telemetry::PackedFacts &facts) override;
    std::int64_t bad() const override { return _bad; }

    /// Whether a value is as the window line says that it is known.
    bool isUnchanged(std::size_t window, std::size_t column) const {
        return !_unchanged.empty() && _unchanged[column][window];
    }
    /// Put right what the joiner says of an element. \param whole  of all windows
    void amend(std::size_t window, telemetry::Joiner::Element const &element, bool whole,
               telemetry::Cell &cell);

    /// What was asked, for the summary.
    void count(std::map<std::string, std::int64_t> &outcomes) const;
    /// Whether the server computed something else than we.
    bool differs() const { return _different > 0; }

    /// What will be asked for. \throws Error USAGE (exit 2) when it is more than --max-values
    FetchPlan plan();
    void requireFew(FetchPlan const &plan) const;

private:
    /// By column and window.
    using Marks = std::vector<std::vector<bool>>;

    std::map<std::string, telemetry::TopicNeeds> needs() const;
    bool isWanted(std::size_t window, std::size_t column) const {
        return _asked.has(window, column) && !isUnchanged(window, column);
    }
    void leaveOutUnchanged(ServerStatistics &statistics);
    void pushDown(ServerStatistics &statistics);
    void verify(std::size_t window, telemetry::Column const &column, telemetry::Cell const &ours,
                telemetry::Cell const &theirs);
    template<typename Sink, typename Topic>
    void feed(Sink &sink);
    decltype(SampleSink::missing) noteMissing();
    void forEachPart(SampleSink const &sink);

    InfluxJoinOptions const &_options;
    std::vector<telemetry::Column> const &_columns;
    WindowLines const &_windows;
    AskedValues _asked;
    telemetry::Influx _influx;
    InfluxSamples _samples;
    std::optional<std::int64_t> _mostValues;
    std::optional<double> _rate_hz;          ///< as was said, of rows
    Marks _unchanged, _computed;             ///< empty: none
    std::vector<std::size_t> _placeOfColumn; ///< of computed results
    std::optional<telemetry::Results> _results;
    MissingSamples _missing;
    common::log::Grouped _log;
    common::UniqueFd _kept;
    struct KeptPart {
        std::string topic;
        telemetry::SourceScale scale;
        std::int64_t size;
    };
    std::vector<KeptPart> _parts; ///< of the kept file, in their order
    std::int64_t _bad = 0, _different = 0, _pushed = 0, _left_out = 0;
};

} // namespace dbb::efd
