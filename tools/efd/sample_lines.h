/// \file
/// Samples as text that others read.
#pragma once

#include "common/error.h"
#include "common/lines.h"
#include "manifest/record.h"
#include "telemetry/influx.h"
#include "telemetry/instants.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::efd {

/// Writes samples in a format. What is missing is told where it would be; what ends early has no end.
class SampleLines {
public:
    virtual ~SampleLines() = default;

    /// Line protocol of a topic, in parts that may end anywhere.
    virtual void add(std::string const &topic, telemetry::SourceScale scale, std::string_view lines) = 0;
    virtual void missing(std::string const &topic, telemetry::SourceScale scale,
                         telemetry::TimeRange const &range, common::Error const &e) = 0;
    /// Nothing more comes, and not all has come.
    virtual void stopped(std::string const &why) = 0;
    /// All is here. \param ends  lines that say so, of those who were before us and our own; may be none
    virtual void end(std::vector<manifest::Record> const &ends) = 0;
};

/// \param format  lp or jsonl
std::unique_ptr<SampleLines> sampleLines(std::string const &format, common::Output &output);

} // namespace dbb::efd
