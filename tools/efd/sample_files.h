/// \file
/// Samples out of files and pipes.
#pragma once

#include "telemetry/joiner.h"

#include <cstdint>
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
};

/// Several files, which can be read more than once. What can't (a pipe) is kept on disk when that is asked
/// for.
class SampleFiles {
public:
    /// \throws Error USAGE (exit 2) for options that contradict each other
    explicit SampleFiles(SampleOptions const &options);

    /// Whether some of them can be read only once, and were not kept.
    bool onlyOnce() const;
    /// Copy those into files without names. \throws Error DISK_FULL …
    void keep();

    /// Give all samples to a joiner, or to a pass that only learns. What can't be read is told and counted.
    /// \throws Error NOT_FOUND …
    void read(telemetry::Joiner &joiner);
    void learn(telemetry::PackedFacts &facts);

    std::int64_t rows() const { return _rows; }
    std::int64_t bad() const { return _bad; }

private:
    struct File {
        std::string path;
        std::string format;
        int kept = -1; ///< descriptor of a copy
    };
    template<typename Sink, typename Topic>
    void readAll(Sink &sink);
    template<typename Sink, typename Topic>
    void readFile(File const &file, Sink &sink);

    SampleOptions _options;
    std::vector<File> _files;
    std::vector<common::UniqueFd> _copies;
    std::int64_t _rows = 0, _bad = 0;
};

} // namespace dbb::efd
