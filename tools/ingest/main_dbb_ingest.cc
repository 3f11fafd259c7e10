// dbb-ingest: described lines, or paths, into a Gen3 Butler repository.
#include "common/options.h"
#include "ingest/ingest.h"
#include "intake/repository_options.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    ingest::IngestProgramOptions opt;
    common::Options options("dbb-ingest", "Ingest raw files into a Butler repository");
    options.positionals("PATH", opt.paths,
                        "Files and folders to scan, describe and ingest instead of standard input");
    intake::addRepo(options, opt.repo)
        .required()
        .choice("-t,--transfer", opt.transfer, intake::transferNames(),
                "How files come into the datastore (default auto: in place below its root, else link)")
        .value("--mode", opt.mode, "OCTAL",
               "Mode of copied files; new folders can be searched by who may read")
        .value("--group", opt.group, "GROUP", "Group of copied files and new folders")
        .value("--run", opt.ingester.run, "RUN", "Run collection instead of <instrument>/raw/all")
        .toggle("skip-existing", opt.ingester.skip_existing, "Pass over files that are stored already")
        .flag("--update-records", opt.ingester.update_records,
              "Replace group, day_obs and exposure records that differ")
        .value("--after", opt.after, "COMMAND",
               "Run a command for each exposure of which files were committed")
        .value("--after-timeout", opt.after_timeout, "TIME", "How long that may take (default 60s)")
        .value("--wait", opt.wait, "TIME",
               "How long a guider's file waits for its exposure (default: not at all)")
        .toggle("track-file-attrs", opt.ingester.track_file_attrs, "Record file sizes");
    intake::addIgnoreObscore(options, opt.ignore_obscore)
        .standard(opt.standard, common::Options::Effects | common::Options::Rejects | common::Options::Jobs
                                    | common::Options::Runs)
        .example("dbb-scan raw/LSSTCam | dbb-describe | dbb-ingest --repo repo --transfer copy",
                 "the whole chain, files copied into the repository")
        .example("dbb-ingest --repo repo -j2 --transfer direct raw/LATISS",
                 "the same in one program, files left where they are");
    intake::addHeaderOptions(options, opt.headers);
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return runIngest(opt, STDIN_FILENO, STDOUT_FILENO); });
}
