// dbb-efd-join: what telemetry was during exposures.
#include "efd/efd_join.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    efd::JoinProgramOptions opt;
    common::Options options("dbb-efd-join",
                            "Join windows with samples of telemetry: one value per window and column");
    options
        .value("-c,--columns", opt.columns.file, "FILE", "Columns: topic, field and function of each (YAML)")
        .required()
        .orConfig()
        .values("--only", opt.columns.only, "COLUMN", "Only columns with this name, or of this pattern")
        .choice("--compat", opt.columns.compat, {"consdb"},
                "Compute what ConsDB's transformed EFD does, with what is wrong in it")
        .flag("--show-columns", opt.show_columns, "Print what each column asks for, and join nothing");
    efd::addInfluxOptions(options, opt.influx.server);
    options
        .flag("--pushdown", opt.influx.push_down,
              "Let InfluxDB compute what can be no other number than ours; its gaps stay unknown")
        .flag("--verify-pushdown", opt.influx.verify_push_down, "Do both, and compare")
        .flag("--check", opt.influx.check, "Only compare the columns with what InfluxDB has")
        .flag("--plan", opt.influx.plan, "Only tell what would be asked of InfluxDB")
        .value("--estimate-rate", opt.influx.estimate_rate, "HZ",
               "Plan with so many rows of a topic a second, and do not let InfluxDB count")
        .value("--max-values", opt.influx.max_values, "N", "Refuse to read more values than that")
        .values("-s,--samples", opt.samples.files, "FILE", "File with samples, or - for standard input")
        .value("-w,--windows", opt.windows, "FILE", "File with window lines (default: standard input)")
        .choice("--format", opt.samples.format, {"auto", "lp", "export", "jsonl", "json", "csv"},
                "Format of samples (default: by the name of the file)")
        .choice("--scale", opt.samples.scale, {"eras", "utc", "tai"},
                "Time scale of samples that do not say it (default eras: TAI before 2021-10-01, then UTC)")
        .choice("--precision", opt.samples.precision, {"ns", "us", "ms", "s"},
                "Unit of times in line protocol and CSV")
        .value("--csv-topic", opt.samples.csv_topic, "TOPIC", "Topic of CSV that does not name it")
        .value("--csv-time", opt.samples.csv_time, "COLUMN", "Column of CSV with the time")
        .value("--gaps", opt.gaps, "FILE", "Report the gaps of windows there, a line of JSON for each")
        .value("--reorder", opt.reorder, "DURATION",
               "How far samples may be out of order in one pass (default 60s)")
        .value("--range", opt.settle.range, "A..B",
               "From when to when samples were asked for; windows that need others are left out")
        .value("--now", opt.settle.now, "INSTANT", "What time it is (default: the system's clock)")
        .value("--settle", opt.settle.settle, "DURATION",
               "How long after a window its values may change at least (default 5m)")
        .value("--settle-max", opt.settle.settle_max, "DURATION", "How long at most (default 72h)")
        .flag("--sort", opt.sort, "Put samples in order however late they come; keeps a pipe on disk")
        .standard(opt.standard, common::Options::Rejects | common::Options::Jobs | common::Options::Runs)
        .example("dbb-efd-join -c telemetry/columns.yaml -s telemetry/azimuth.json < telemetry/windows.jsonl",
                 "join windows with a saved response of InfluxDB")
        .example("cat telemetry/azimuth.json | dbb-efd-join -c telemetry/columns.yaml -w "
                 "telemetry/windows.jsonl -s - "
                 "--format json",
                 "join them with what a pipe brings");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return efd::runJoin(opt, STDIN_FILENO, STDOUT_FILENO); });
}
