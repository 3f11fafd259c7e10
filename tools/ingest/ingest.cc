#include "ingest/ingest.h"

#include "common/error.h"
#include "common/signals.h"
#include "ingest/after.h"
#include "ingest/scan.h"
#include "intake/repository_options.h"

#include <chrono>
#include <future>
#include <optional>
#include <unistd.h>
#include <utility>

namespace dbb::ingest {

using manifest::Record;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

/// A commit takes at most so many lines: enough to make its fsync cheap, few enough not to lock others out.
constexpr std::size_t maxBatch = 1000;
constexpr std::size_t firstBatch = 64;
constexpr milliseconds maxWait(500);
constexpr milliseconds waitTime(200); ///< between looks for exposures that are waited for

/// Lines from standard input.
void ingestStream(manifest::RecordReader &reader, intake::Ingester &ingester, common::Output &output,
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
            timeout = std::min(manifest::RecordReader::idleTime, maxWait - waited);
            if (timeout.count() <= 0 && !reader.ready()) timeout = milliseconds(0);
        }
        if (ingester.queued() == 0 && ingester.waiting() > 0) timeout = waitTime;
        auto const status =
            timeout.count() < 0 && ingester.queued() > 0 ? Status::Idle : reader.next(timeout);
        if (status == Status::End) return;
        if (status == Status::Idle) {
            commit();
            continue;
        }
        summary.countRead();
        if (ingester.queued() == 0) first = Clock::now();
        ingester.add(std::move(reader.record()));
        if (ingester.queued() >= maxBatch) commit();
    }
}

/// Files that were described together: for each a line to ingest or an error.
struct Described {
    std::vector<Record> files;
    std::vector<std::optional<common::Error>> errors;
    std::vector<std::optional<intake::DatasetLine>> lines;
};

/// Paths: scanned and described here. With several jobs, one batch is described while the one before is
/// ingested.
class PathIngest {
public:
    PathIngest(IngestProgramOptions const &options, intake::Ingester &ingester, manifest::Rejects &rejects,
               common::Output &output, manifest::Summary &summary)
        : _describer({.headers = options.headers}), _jobs(options.standard.jobs), _ingester(ingester),
          _rejects(rejects), _output(output), _summary(summary) {}

    void add(Record record) {
        _describer.expand(std::move(record), _rejects, [this](Record line) { queue(std::move(line)); });
    }

    void finish() {
        flush();
        if (_pending.valid()) ingest(_pending.get());
    }

private:
    void queue(Record record) {
        _summary.countRead();
        _files.push_back(std::move(record));
        // The first ones are few, so that the ingest of files and the description of others soon overlap.
        if (_files.size() >= (_pending.valid() || _jobs == 1 ? maxBatch : firstBatch)) flush();
    }

    Described describe(std::vector<Record> files, int jobs) {
        auto errors = intake::describeAll(_describer, files, jobs);
        // Its own, because the description of the batch before may still be under way.
        intake::RecordsMemory memory;
        std::vector<std::optional<intake::DatasetLine>> lines(files.size());
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (errors[i]) continue;
            try {
                lines[i] = _ingester.read(files[i], memory);
            } catch (common::Error const &e) {
                if (e.exitCode() != common::ExitCode::SomeFailed) throw;
                errors[i] = e;
            }
        }
        return {std::move(files), std::move(errors), std::move(lines)};
    }

    void flush() {
        auto files = std::exchange(_files, {});
        if (_jobs == 1) return ingest(describe(std::move(files), 1));
        auto next = std::async(std::launch::async, [this, f = std::move(files)]() mutable {
            return describe(std::move(f), _jobs - 1);
        });
        if (_pending.valid()) ingest(_pending.get());
        _pending = std::move(next);
    }

    void ingest(Described described) {
        for (auto &[record, e] : _describer.takeBrokenIndexes()) _rejects.add(std::move(record), e);
        for (std::size_t i = 0; i < described.files.size(); ++i) {
            if (described.errors[i]) {
                _rejects.add(std::move(described.files[i]), *described.errors[i]);
            } else {
                _ingester.add(std::move(*described.lines[i]));
            }
        }
        _ingester.commit();
        _output.flush();
    }

    intake::Describer _describer;
    int _jobs;
    intake::Ingester &_ingester;
    manifest::Rejects &_rejects;
    common::Output &_output;
    manifest::Summary &_summary;
    std::vector<Record> _files;
    std::future<Described> _pending;
};

void ingestPaths(IngestProgramOptions const &options, intake::Ingester &ingester, manifest::Rejects &rejects,
                 common::Output &output, manifest::Summary &summary) {
    PathIngest ingest(options, ingester, rejects, output, summary);
    Scanner scanner({.paths = {}, .checksums = {}}, rejects,
                    [&](Record record) { ingest.add(std::move(record)); });
    for (auto const &path : options.paths) scanner.scan(path);
    ingest.finish();
}

/// \return how often the command of --after failed
std::int64_t ingestAll(IngestProgramOptions const &options, int in, int out, manifest::Rejects &rejects,
                       manifest::Summary &summary) {
    common::Output output(out);
    auto const access = options.standard.dry_run ? butler::Access::ReadOnly : butler::Access::ReadWrite;
    auto const repo = butler::Repository::open(options.repo, access, options.ignore_obscore);
    intake::warnOfObscore(repo);
    AfterCommand after(options.after, options.after_timeout, repo.config().root);
    auto ingesterOptions = options.ingester;
    ingesterOptions.committed = [&] {
        // Who reads the receipts does not wait for the command.
        output.flush();
        after.run();
    };
    intake::Ingester ingester(repo, ingesterOptions, rejects,
                              [&](Record const &record, std::string const &outcome) {
                                  ++summary.outcomes[outcome];
                                  output.write(record.line());
                                  after.note(record, outcome);
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
    ingester.finishWaiting();
    if (common::stopSignal() == 0) {
        for (auto const &end : ends) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
    return after.failures();
}

} // namespace

common::ExitCode runIngest(IngestProgramOptions options, int in, int out) {
    if (options.paths == std::vector<std::string>{"-"}) options.paths.clear();
    if (options.paths.empty() && ::isatty(in) == 1) {
        throw common::usageError("standard input is a terminal", "pipe dbb-describe in, or name files");
    }
    options.ingester.transfer = intake::transferNamed(options.transfer);
    options.ingester.ownership = intake::Ownership::from(options.mode, options.group);
    options.ingester.dry_run = options.standard.dry_run;
    if (!options.wait.empty()) options.ingester.wait_s = common::parseDuration(options.wait, "--wait");
    intake::requireRunOption(options.ingester.run);
    intake::useTables(options.headers);
    manifest::Summary summary{.program = "dbb-ingest", .outcomes = {}};
    manifest::Rejects rejects(options.standard.rejects);
    std::int64_t afterFailures = 0;
    try {
        afterFailures = ingestAll(options, in, out, rejects, summary);
    } catch (common::Error const &e) {
        summary.fail(options.standard, rejects, e);
        throw;
    }
    // All is ingested, but not all is done that was asked for.
    if (rejects.count() == 0 && afterFailures > 0) return common::ExitCode::Incomplete;
    return rejects.status();
}

} // namespace dbb::ingest
