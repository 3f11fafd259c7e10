// dbb-describe: `file` lines to lines with data ID and dimension records.
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
        .flag("--write-sidecar", opt.describe.write_sidecars, "Write <file>.json with the translated header")
        .flag("--write-index", opt.describe.write_indexes,
              "Write _index.json with the translated headers of each folder")
        .standard(opt.standard, common::Options::Rejects | common::Options::Jobs | common::Options::Runs)
        .example("dbb-scan raw/LSSTCam | dbb-describe -j2", "describe every file of a folder")
        .example(
            "dbb-describe --explain raw/LATISS/3018092000065-det000.fits | jq 'select(.explain).explain'",
            "see how a header was read");
    intake::addHeaderOptions(options, opt.describe.headers);
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return runDescribe(opt, STDIN_FILENO, STDOUT_FILENO); });
}
