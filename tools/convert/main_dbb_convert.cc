// dbb-convert: lines of a Gen2 repository into a Gen3 repository.
#include "common/options.h"
#include "convert/convert.h"
#include "intake/repository_options.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    convert::ConvertProgramOptions opt;
    common::Options options("dbb-convert",
                            "Convert the datasets of lines of dbb-gen2-scan into a Gen3 repository");
    intake::addRepo(options, opt.repo)
        .required()
        .choice("-t,--transfer", opt.transfer, intake::transferNames(),
                "How files come in (default split: in place below the datastore's root, direct elsewhere)")
        .flag("--i-own-the-source", opt.convert.may_move,
              "Allow transfers that move files out of the Gen2 repository")
        .value("--rules", opt.rules, "FILE",
               "Rules that decide what is converted (dbb-rules(5)), in place of the lines' own decisions")
        .value("--skymap", opt.convert.skymap, "NAME", "Skymap of tracts and patches of lines that name none")
        .flag("--strict", opt.convert.strict, "Refuse raws whose header contradicts the Gen2 registry")
        .flag("--verify", opt.verify, "Convert nothing; tell how the lines and the repository differ")
        .flag("--checksum", opt.verification.checksum, "With --verify: compare the contents of files, too")
        .flag("--complete", opt.verification.complete,
              "With --verify: tell what else is in the runs of the lines")
        .flag("--update-validity", opt.convert.ingester.update_validity,
              "Replace the validity of calibrations that are certified for another time than their line's")
        .flag("--update-records", opt.convert.ingester.update_records,
              "Replace dimension records that differ")
        .value("--mode", opt.mode, "MODE", "Mode of files that are made, octal")
        .value("--group", opt.group, "GROUP", "Group of files and folders that are made");
    intake::addHeaderOptions(options, opt.convert.headers);
    intake::addIgnoreObscore(options, opt.ignore_obscore)
        .standard(opt.standard, common::Options::Effects | common::Options::Rejects | common::Options::Jobs
                                    | common::Options::Runs)
        .example("dbb-gen2-scan gen2 | dbb-convert --repo repo", "convert all that can be converted")
        .example("dbb-gen2-scan gen2 | dbb-convert --repo repo -n", "only tell what would be done");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return convert::runConvert(opt, STDIN_FILENO, STDOUT_FILENO); });
}
