// dbb-gen2-scan: a Gen2 repository to `gen2` lines.
#include "common/options.h"
#include "convert/gen2_scan.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    convert::Gen2ScanOptions opt;
    common::Options options("dbb-gen2-scan",
                            "List the datasets of a Gen2 repository and what would become of them in Gen3");
    options.positional("ROOT", opt.root, "Root of a Gen2 repository, or one of its reruns")
        .values("--rerun", opt.choice.reruns, "GLOB", "Only outputs of these reruns (may be repeated)")
        .values("--only", opt.choice.only, "PART", "Only root, calib or reruns (may be repeated)")
        .values("--dataset-type", opt.choice.dataset_types, "GLOB",
                "Only these dataset types (may be repeated)")
        .value("--where", opt.choice.where, "EXPR",
               "Only datasets of which this is true: \"visit IN (100..200)\"")
        .value("--day-obs", opt.choice.day_obs, "A..B",
               "Only observing days from A to B (YYYYMMDD; either may be left out)")
        .value("--calib", opt.calib, "DIR",
               "Folder with calibRegistry.sqlite3 (default CALIB, as Gen2 looks for it)")
        .value("--skymap", opt.skymap, "NAME", "Name in Gen3 of the skymap of all tracts")
        .values("--run", opt.runs, "TYPE=RUN",
                "Run of a dataset type of the root that has none (may be repeated)")
        .choice("--validity-scale", opt.validity_scale, {"tai", "utc"},
                "Scale of the midnights at which validity begins and ends (default tai, as upstream)")
        .value("--templates", opt.templates, "FILE", "Layouts that are not the mapper's, as YAML")
        .value("--rules", opt.rules, "FILE", "Rules that decide what is converted, see dbb-rules(5)")
        .value("--explain", opt.explain, "PATH", "Tell how this path is understood, in place of a scan")
        .standard(opt.standard, common::Options::Runs)
        .example("dbb-gen2-scan gen2", "everything, with what would become of it")
        .example("dbb-gen2-scan gen2 --only calib | jq -c 'select(.validity) | [.uri, .validity]'",
                 "validity ranges of calibrations");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return convert::runGen2Scan(opt, STDOUT_FILENO); });
}
