#include "ingest/ingest.h"

#include "common/error.h"
#include "common/signals.h"
#include "ingest/scan.h"

#include <chrono>
#include <unistd.h>

namespace dbb::ingest {

using manifest::Record;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

/// A commit takes at most so many lines: enough to make its fsync cheap, few enough not to lock others out.
constexpr std::size_t maxBatch = 1000;
constexpr milliseconds idleTime(50);
constexpr milliseconds maxWait(500);

/// Lines from standard input.
void ingestStream(manifest::RecordReader &reader, Ingester &ingester, common::Output &output,
                  manifest::Summary &summary) {
    using Status = manifest::RecordReader::Status;
    auto first = Clock::now(); // when the oldest queued line came
    auto commit = [&] {
        ingester.commit();
        output.flush();
    };
    for (;;) {
        auto timeout = milliseconds(-1);
        if (ingester.queued() > 0) {
            auto const waited = std::chrono::duration_cast<milliseconds>(Clock::now() - first);
            timeout = std::min(idleTime, maxWait - waited);
            if (timeout.count() <= 0 && !reader.ready()) timeout = milliseconds(0);
        }
        auto const status =
            timeout.count() < 0 && ingester.queued() > 0 ? Status::Idle : reader.next(timeout);
        if (status == Status::End) return;
        if (status == Status::Idle) {
            commit();
            continue;
        }
        ++summary.read;
        if (ingester.queued() == 0) first = Clock::now();
        ingester.add(std::move(reader.record()));
        if (ingester.queued() >= maxBatch) commit();
    }
}

/// Paths: scanned and described here, many at a time.
void ingestPaths(IngestProgramOptions const &options, Ingester &ingester, manifest::Rejects &rejects,
                 common::Output &output, manifest::Summary &summary) {
    Describer const describer({.corrections = options.corrections, .check_data = options.check_data});
    std::vector<Record> files;
    auto flush = [&] {
        auto const errors = describeAll(describer, files, options.standard.jobs);
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (errors[i]) {
                rejects.add(std::move(files[i]), *errors[i]);
            } else {
                ingester.add(std::move(files[i]));
            }
        }
        files.clear();
        ingester.commit();
        output.flush();
    };
    Scanner scanner({.paths = {}, .checksums = {}}, rejects, [&](Record record) {
        ++summary.read;
        files.push_back(std::move(record));
        if (files.size() >= maxBatch) flush();
    });
    for (auto const &path : options.paths) {
        if (common::stopSignal() == 0) scanner.scan(path);
    }
    flush();
}

} // namespace

common::ExitCode runIngest(IngestProgramOptions options, int in, int out) {
    if (options.paths == std::vector<std::string>{"-"}) options.paths.clear();
    if (options.paths.empty() && ::isatty(in) == 1) {
        throw common::usageError("standard input is a terminal", "pipe dbb-describe in, or name files");
    }
    options.ingester.transfer = transferNamed(options.transfer);
    options.ingester.ownership = Ownership::from(options.mode, options.group);
    options.ingester.dry_run = options.standard.dry_run;
    if (!options.instrument_dir.empty()) instrument::addTableFolder(options.instrument_dir);
    manifest::Summary summary{.program = "dbb-ingest", .outcomes = {}};
    manifest::Rejects rejects(options.standard.rejects);
    common::Output output(out);
    auto const access = options.standard.dry_run ? butler::Access::ReadOnly : butler::Access::ReadWrite;
    auto const repo = butler::Repository::open(options.repo, access);
    Ingester ingester(repo, options.ingester, rejects, [&](Record const &record, std::string const &outcome) {
        ++summary.outcomes[outcome];
        output.write(record.line());
    });
    std::vector<Record> ends{manifest::endRecord("dbb-ingest")};
    if (options.paths.empty()) {
        manifest::RecordReader reader(in, rejects);
        ingestStream(reader, ingester, output, summary);
        ends = reader.endRecords("dbb-ingest");
    } else {
        ingestPaths(options, ingester, rejects, output, summary);
    }
    ingester.commit();
    if (common::stopSignal() == 0) {
        for (auto const &end : ends) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
    return rejects.status();
}

} // namespace dbb::ingest
