// dbb-efd-load: values of telemetry into a database.
#include "efd/efd_load.h"
#include "manifest/stream.h"

#include <unistd.h>

using namespace dbb;

int main(int argc, char **argv) {
    efd::LoadOptions opt;
    common::Options options("dbb-efd-load", "Store values of telemetry in a SQLite or PostgreSQL database");
    options
        .value("--db", opt.db, "DATABASE", "Path of a SQLite file, or postgresql://[user@]host[:port]/name")
        .required()
        .value("--schema", opt.schema, "NAME", "Schema of PostgreSQL (default efd)")
        .value("-c,--columns", opt.columns, "FILE",
               "Columns of dbb-efd-join, for what efd_column tells of each")
        .orConfig()
        .value("--source", opt.source, "TEXT", "Where the values come from, for efd_run")
        .values("--only", opt.only, "COLUMN",
                "Load only columns with such a name, or pattern; others pass by. With --revisit, look at "
                "these only")
        .value("--consdb", opt.consdb, "SCHEMA", "Write ConsDB's own tables in this schema, too")
        .value("--instrument", opt.instrument, "NAME", "With --consdb: whose values these tables take")
        .flag("--force", opt.force, "Replace stored values also by worse ones")
        .flag("--report", opt.report, "Read nothing; tell how often each status is stored")
        .value("--where", opt.where, "EXPR", "With --report: only values that meet a condition")
        .value("--day-obs", opt.day_obs, "A..B", "With --report: only nights from A to B")
        .flag("--gaps", opt.gaps, "With --report: tell columns and nights with gaps, the longest first")
        .flag("--revisit", opt.revisit,
              "Read nothing; print windows for dbb-efd-join that are worth asking for again")
        .value("--horizon", opt.horizon, "DURATION",
               "With --revisit: how long ago windows may have ended that are settled (default 72h)")
        .value("--now", opt.now, "INSTANT", "With --revisit: go by this instant instead of the clock")
        .flag("--json", opt.json, "With --report: a line of JSON for each row")
        .flag("--views", opt.views, "Read nothing; make views with a column for each column")
        .value("--repo-file", opt.repo_file, "FILE",
               "With --views: print views that join them with the Butler's registry in this SQLite file")
        .value("--repo-schema", opt.repo_schema, "NAME",
               "With --views: make views that join them with the Butler's registry in this schema")
        .standard(opt.standard, common::Options::Effects | common::Options::Rejects | common::Options::Runs)
        .example(
            "dbb-efd-join -c telemetry/columns.yaml -s telemetry/azimuth.json < telemetry/windows.jsonl | "
            "dbb-efd-load --db efd.sqlite3 --columns telemetry/columns.yaml",
            "store what was joined")
        .example("dbb-efd-load --db efd.sqlite3 < telemetry/values.jsonl && dbb-efd-load --db efd.sqlite3 "
                 "--report",
                 "how often each status is stored");
    if (auto const status = options.parse(argc, argv)) return *status;
    return manifest::guarded([&] { return efd::runLoad(opt, STDIN_FILENO, STDOUT_FILENO); });
}
