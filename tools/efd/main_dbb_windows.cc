// dbb-windows: when exposures and visits were, for whoever asks for telemetry.
#include "efd/windows.h"
#include "intake/repository_options.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    efd::WindowsOptions opt;
    common::Options options("dbb-windows",
                            "Print windows of time: of exposures or visits, of a table, or of two instants");
    intake::addRepo(options, opt.repo)
        .value("--db", opt.db, "DB", "Database with a table as ConsDB's: SQLite file or postgresql://...")
        .value("--table", opt.table, "[SCHEMA.]TABLE", "Its table, for example cdb_lsstcam.exposure")
        .value("--csv", opt.csv, "FILE", "File with a header: id, begin, end; - is standard input")
        .value("--begin", opt.begin, "INSTANT", "Begin of one window, with --end")
        .value("--end", opt.end, "INSTANT", "Its end")
        .value("--every", opt.every, "DURATION", "Cut it into windows of this length")
        .choice("--scale", opt.scale, {"tai", "utc"}, "Time scale of instants without Z at their end")
        .choice("--kind", opt.kind, {"exposure", "visit", "window"},
                "Records of which kind; what windows are that do not say it")
        .value("--instrument", opt.instrument, "NAME",
               "Only of this instrument; whose windows are that do not say it")
        .value("--day-obs", opt.day_obs, "A..B", "Only of these observing days, or of one")
        .value("--where", opt.where, "EXPR", "Only of records or rows that meet this condition")
        .value("--since", opt.since, "INSTANT", "Only windows that end after it")
        .standard(opt.standard, common::Options::Rejects | common::Options::Runs)
        .example("dbb-windows --repo repo --instrument LATISS", "when the exposures of a camera were")
        .example("dbb-windows --begin 2023-06-01T00:12:30Z --end 2023-06-01T00:14:00Z --every 30s",
                 "three windows of half a minute");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return efd::runWindows(opt, STDIN_FILENO, STDOUT_FILENO); });
}
