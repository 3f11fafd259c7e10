// dbb-describe: `file` lines to lines with data ID and dimension records.
#include "astro/earth_orientation.h"
#include "common/options.h"
#include "ingest/describe.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    ingest::DescribeProgramOptions opt;
    common::Options options("dbb-describe",
                            "Read headers of raw files and add what a repository needs to know");
    options
        .positionals("PATH", opt.paths,
                     "Files, folders or header dumps (.yaml, .json) instead of standard input")
        .flag("--explain", opt.describe.explain,
              "Add for each property the cards used and the rule that decided")
        .value("--corrections", opt.describe.corrections, "DIR",
               "Folder with <instrument>-<observation id>.yaml, searched first")
        .flag("--check-data", opt.describe.check_data,
              "Walk over all HDUs; refuse files whose data are cut short")
        .value("--instrument-dir", opt.instrument_dir, "DIR",
               "Folder with further instrument tables (dbb-instrument(5))")
        .value("--iers", opt.iers, "FILE", "Table of the Earth's orientation in place of the built-in one")
        .versionNote([] { return "IERS table " + astro::earthOrientationVersion(); })
        .standard(opt.standard, common::Options::Rejects | common::Options::Jobs | common::Options::Runs)
        .example("dbb-scan raw/LSSTCam | dbb-describe -j2", "describe every file of a folder")
        .example(
            "dbb-describe --explain raw/LATISS/3018092000065-det000.fits | jq 'select(.explain).explain'",
            "see how a header was read");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return runDescribe(opt, STDIN_FILENO, STDOUT_FILENO); });
}
