// dbb-visits: exposures of a repository become visits.
#include "common/options.h"
#include "ingest/visit_groups.h"
#include "ingest/visits.h"
#include "intake/repository_options.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    ingest::VisitsOptions opt;
    common::Options options("dbb-visits", "Define visits of the exposures of lines on standard input; "
                                          "without a line, of all in the repository");
    intake::addRepo(options, opt.repo)
        .required()
        .values("--instrument", opt.instruments, "NAME", "Only exposures of this instrument (repeatable)")
        .value("--where", opt.where, "EXPR", "Only exposures that meet this condition")
        .choice("--grouping", opt.grouping, ingest::groupingNames(),
                "Which exposures make a visit (default one-to-one)")
        .value("--geometry", opt.geometry, "FILE", "Geometry of the camera, for the regions of visits")
        .flag("--update-records", opt.update_records, "Change visits that differ instead of failing")
        .flag("--incremental", opt.incremental, "The same, and take in exposures that came later");
    intake::addIgnoreObscore(options, opt.ignore_obscore)
        .standard(opt.standard, common::Options::Effects | common::Options::Rejects | common::Options::Runs)
        .example("dbb-visits --repo repo --instrument LSSTCam", "visits of all exposures of a camera")
        .example("dbb-ingest --repo repo raw/LSSTCam | dbb-visits --repo repo",
                 "visits of exposures as they are ingested");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return runVisits(opt, STDIN_FILENO, STDOUT_FILENO); });
}
