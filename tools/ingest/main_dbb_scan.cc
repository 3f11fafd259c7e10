// dbb-scan: folders, globs and lists of paths to `file` lines.
#include "common/options.h"
#include "ingest/scan.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    ingest::ScanProgramOptions opt;
    common::Options options("dbb-scan", "Find raw files and print a manifest line for each");
    options.positionals("PATH", opt.scan.paths, "Folders (searched through), files, or quoted globs")
        .flag("--paths", opt.list, "Read paths from standard input, one a line")
        .flag("-0,--null", opt.null, "Read paths from standard input, separated by NUL (find -print0)")
        .value("--regex", opt.scan.regex, "REGEX", "Names to take from folders (default \\.fit[s]?\\b)")
        .value("--checksum", opt.checksum, "NAMES", "Comma-separated: md5, adler32, sha256, blake2b")
        .value("--min-age", opt.min_age, "TIME", "Leave out files that changed less than this ago (30s, 5m)")
        .standard(opt.standard, common::Options::Rejects | common::Options::Runs)
        .example("dbb-scan raw", "every FITS file below raw")
        .example("find raw -name '*.fits' -print0 | dbb-scan -0 --checksum md5,adler32",
                 "files that find chose, with checksums");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return runScan(opt, STDIN_FILENO, STDOUT_FILENO); });
}
