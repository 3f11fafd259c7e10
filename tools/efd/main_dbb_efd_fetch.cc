// dbb-efd-fetch: samples of telemetry out of InfluxDB.
#include "efd/efd_fetch.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    efd::FetchOptions opt;
    common::Options options("dbb-efd-fetch",
                            "Fetch the samples that columns need over windows, out of InfluxDB");
    options.value("-c,--columns", opt.columns, "FILE", "Columns as dbb-efd-join has them (YAML)")
        .orConfig()
        .value("-w,--windows", opt.windows, "FILE", "File with window lines (default: standard input)")
        .value("--topic", opt.topic, "TOPIC", "Fetch one topic, in place of --columns")
        .values("--field", opt.fields, "FIELD", "Of --topic: this field (default: all)")
        .value("--begin", opt.begin, "INSTANT", "Of --topic: from when on; TAI, or UTC with a Z at its end")
        .value("--end", opt.end, "INSTANT", "Of --topic: until when");
    efd::addInfluxOptions(options, opt.influx);
    options
        .choice("--scale", opt.scale, {"eras", "utc", "tai"},
                "Time scale of the server's index (default eras: by the first sample, else by the date)")
        .choice("--format", opt.format, {"lp", "jsonl"}, "Line protocol (default) or sample lines")
        .value("--margin", opt.margin, "DURATION", "Before and behind what columns need (default 60s)")
        .value("--cache", opt.cache, "DIR", "Keep what was fetched here, and take it from here")
        .value("--settle", opt.settle, "DURATION", "Keep nothing younger than this (default 300s)")
        .standard(opt.standard, common::Options::Rejects | common::Options::Runs)
        .example(
            "dbb-efd-fetch -c telemetry/columns.yaml --influx http://127.0.0.1:9 < telemetry/windows.jsonl   "
            "# exit 4",
            "fetch for windows; here nothing listens")
        .example(
            "dbb-efd-fetch --topic lsst.sal.MTMount.azimuth --field actualPosition "
            "--begin 2023-06-01T00:12:30Z --end 2023-06-01T00:14:00Z --influx http://127.0.0.1:9   # exit 4",
            "fetch a field of a topic");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return efd::runFetch(opt, STDIN_FILENO, STDOUT_FILENO); });
}
