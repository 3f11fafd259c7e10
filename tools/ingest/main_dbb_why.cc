// dbb-why: why something does not ingest, and what to do.
#include "common/options.h"
#include "ingest/why.h"
#include "intake/placement.h"
#include "intake/repository_options.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    ingest::WhyOptions opt;
    common::Options options("dbb-why", "Say why a file, an exposure or a rejected line is not ingested");
    options.positionals(
        "SUBJECT", opt.subjects,
        "Files, observation ids, INSTRUMENT/EXPOSURE, or codes; without: rejects on standard input");
    intake::addRepo(options, opt.repo)
        .values("--rejects", opt.rejects, "PATH",
                "Rejects to read: of an exposure's files, or to be explained (repeatable)")
        .flag("--json", opt.json, "Print JSON lines, one for each subject")
        .flag("--list-reasons", opt.list_reasons, "Print the catalogue of codes as JSON lines and end")
        .choice("-t,--transfer", opt.transfer, intake::transferNames(), "As dbb-ingest would be told")
        .value("--run", opt.run, "RUN", "Run collection instead of <instrument>/raw/all")
        .flag("--update-records", opt.update_records, "As dbb-ingest would be told");
    intake::addIgnoreObscore(options, opt.ignore_obscore)
        .standard(opt.standard, 0)
        .example("dbb-why --repo repo raw/LATISS/3018092000065-det000.fits",
                 "walk a file through the stages of an ingest")
        .example("dbb-why --repo repo MC_C_20190319_000001   # exit 3",
                 "which detectors of an exposure are there");
    intake::addHeaderOptions(options, opt.headers);
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return runWhy(opt, STDIN_FILENO, STDOUT_FILENO); });
}
