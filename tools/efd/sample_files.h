/// \file
/// Samples out of files and pipes.
#pragma once

#include "efd/missing_samples.h"
#include "efd/sample_parts.h"
#include "efd/sample_source.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dbb::efd {

struct SampleOptions {
    std::vector<std::string> files; ///< "-" is standard input
    std::string format = "auto";    ///< auto (by name), lp, export, jsonl, json, csv
    std::string scale = "eras";     ///< of what does not say it: utc, tai, eras
    std::string precision = "ns";   ///< of line protocol and CSV: ns, us, ms, s
    std::string csv_topic{};        ///< what plain CSV is about
    std::string csv_time = "time";  ///< column of plain CSV with the time
    int jobs = 1;                   ///< threads that read line protocol and CSV
};

/// Several files, which can be read more than once. What can't (a pipe) is kept on disk when that is asked
/// for.
class SampleFiles : public SampleSource {
public:
    /// \throws Error USAGE (exit 2) for options that contradict each other
    explicit SampleFiles(SampleOptions const &options);

    bool onlyOnce() const override;
    void keep() override;
    void read(telemetry::Joiner &joiner) override;
    void learn(telemetry::PackedFacts &facts) override;

    std::int64_t rows() const { return _rows; }
    std::int64_t bad() const override { return _bad; }
    std::optional<telemetry::Status> missing(telemetry::Column const &column, telemetry::Window const &window,
                                             telemetry::Cell const &cell) const override {
        return _missing.statusOf(column, window, cell);
    }
    /// Whether a response says that it may be a part of what was asked for.
    bool isPartial() const { return _partial; }

private:
    struct File {
        std::string path;
        std::string format;
        int kept = -1;                       ///< descriptor of a copy
        std::optional<std::int64_t> begin{}; ///< of standard input that is a file
    };
    template<typename Sink, typename Topic>
    void readAll(Sink &sink);
    template<typename Sink, typename Topic>
    void readFile(File &file, Sink &sink);

    template<typename Sink, typename Topic>
    void readText(File const &file, int fd, Sink &sink);
    std::string readByParts(std::string text, int fd, File const &file,
                            std::function<std::unique_ptr<PartReader>()> const &makeReader,
                            std::function<void(SamplePart &)> const &take);

    void readByRanges(std::int64_t begin, std::int64_t size, int fd, File const &file,
                      std::function<std::unique_ptr<PartReader>()> const &makeReader,
                      std::function<void(SamplePart &)> const &take);

    SampleOptions _options;
    std::vector<File> _files;
    std::vector<common::UniqueFd> _copies;
    std::int64_t _rows = 0, _bad = 0;
    bool _partial = false;
    MissingSamples _missing; ///< by what dbb-efd-fetch wrote among them
};

} // namespace dbb::efd
