/// \file
/// Finding files: folders, globs, single paths and lists of paths become `file` lines.
#pragma once

#include "manifest/record.h"
#include "manifest/stream.h"

#include <functional>
#include <string>
#include <vector>

namespace dbb::ingest {

struct ScanOptions {
    std::vector<std::string> paths;       ///< folders, globs, files
    std::string regex = R"(\.fit[s]?\b)"; ///< for names of files found in folders
    std::vector<std::string> checksums;   ///< names as common::isChecksumName knows them
    double min_age_s = 0;                 ///< files changed less than this ago are left for later
};

/// What a scan saw.
struct ScanCounts {
    std::int64_t found = 0;
    std::int64_t young = 0; ///< left for later by min_age_s
};

/// Turns paths into `file` lines with `uri` (absolute path), `size`, `mtime` and `checksum`.
class Scanner {
public:
    /// \throws Error USAGE for a regex or checksum that is none
    Scanner(ScanOptions options, manifest::Rejects &rejects, manifest::RecordSink sink);
    ~Scanner();

    /// A folder is walked in bytewise order of names, links to folders are not followed; a pattern with * ? [
    /// is expanded when there is no file of that name; a file is taken whatever its name, but of an index
    /// (_index.json) the files that it names are. Nothing happens when asked to stop (see
    /// common::stopSignal()).
    void scan(std::string const &path);

    ScanCounts const &counts() const { return _counts; }

private:
    struct Filter;
    void folder(std::string const &path);
    void file(std::string const &path);
    void index(std::string const &path);

    ScanOptions _options;
    manifest::Rejects &_rejects;
    manifest::RecordSink _sink;
    std::unique_ptr<Filter> _filter;
    ScanCounts _counts;
};

/// The program dbb-scan.
struct ScanProgramOptions {
    ScanOptions scan;
    bool list = false;    ///< read paths from standard input, one a line
    bool null = false;    ///< … separated by NUL
    std::string checksum; ///< comma-separated names
    std::string min_age;  ///< duration
    common::StandardOptions standard;
};
common::ExitCode runScan(ScanProgramOptions options, int in, int out);

} // namespace dbb::ingest
