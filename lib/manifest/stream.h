/// \file
/// The streams of a filter: records in, records out, rejects aside, and the summary at the end.
#pragma once

#include "common/lines.h"
#include "common/log.h"
#include "common/options.h"
#include "manifest/record.h"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace dbb::manifest {

/// Run a program as common::guarded does, with the catalogue's remedies as hints of its errors.
int guarded(std::function<common::ExitCode()> const &body);

/// Takes lines that failed: writes them to the file of --rejects (one write a line, O_APPEND) and says why on
/// stderr, equal reasons grouped.
class Rejects {
public:
    /// \param target  path, fd:N, or empty for none. \throws Error when it can't be opened (exit 2)
    explicit Rejects(std::string const &target);

    /// A record that failed; it is written unchanged but for the `error` object.
    void add(Record record, common::Error const &e);
    /// The line at which `lines` is, which is too long.
    void addLong(common::LineReader const &lines);
    /// A line that is no record.
    void addText(std::int64_t number, std::string_view text, common::Error const &e);

    std::int64_t count() const { return _count; }
    std::map<std::string, std::int64_t> const &countByCode() const { return _byCode; }
    /// SomeFailed when anything was added, else Done.
    common::ExitCode status() const;
    /// Print what the grouping held back.
    void finish() { _log.finish(); }

private:
    void refuseOwnInput() const;
    void write(Record const &record, common::Error const &e);

    common::UniqueFd _owned;
    int _fd = -1;
    std::string _target;
    std::int64_t _count = 0;
    std::map<std::string, std::int64_t> _byCode;
    common::log::Grouped _log;
};

/// Reads records from a descriptor; lines that are none are rejected and skipped.
class RecordReader {
public:
    enum class Status { Record, Idle, End, Taken };
    /// How long who has lines in hand waits for more, before it does what it can.
    static constexpr std::chrono::milliseconds idleTime{50};

    /// \param assumed  type of lines that have none; empty: they are rejected
    RecordReader(int fd, Rejects &rejects, std::string assumed = "")
        : _lines(fd), _rejects(rejects), _assumed(std::move(assumed)) {}

    /// Offer each line to who can read most of them faster. \param take  whether it took the line, for which
    /// next() then says Taken and makes no record
    void offer(std::function<bool(std::string_view)> take) { _take = std::move(take); }

    /// \param timeout  negative: wait without end
    Status next(std::chrono::milliseconds timeout = std::chrono::milliseconds(-1));
    /// The record as it came; one with an `error` is a reject that is tried again. A rejected text is read as
    /// the line that it was.
    Record &record() { return _record; }
    /// Its number in the input, from 1.
    std::int64_t number() const { return _lines.number(); }
    /// Whether another record is here already.
    bool ready() const { return _lines.ready(); }
    /// The `end` lines that came, then our own, which tells by `input_end` whether the writer before us got
    /// through.
    std::vector<Record> endRecords(std::string_view program) const;

private:
    common::LineReader _lines;
    Rejects &_rejects;
    std::string _assumed;
    std::function<bool(std::string_view)> _take;
    Record _record;
    std::vector<Record> _ends;
};

/// Counts for the summary line and --metrics: one schema for all programs.
struct Summary {
    std::string program;
    std::string failure{}; ///< code of the error that stopped the program
    std::int64_t read = 0;
    std::map<std::string, std::int64_t> outcomes; ///< done, existing, updated, planned
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point shown = start; ///< when progress was shown last

    /// Count a line that was read; shows progress twice a second on a terminal.
    void countRead();

    /// Write the metrics file and, on a terminal or with --stats, the summary line.
    /// \throws Error when the metrics file can't be written
    void finish(common::StandardOptions const &options, Rejects const &rejects) const;

    /// In place of finish() when an error stops the program: monitoring must not be left with the metrics of
    /// the run before.
    void fail(common::StandardOptions const &options, Rejects const &rejects, common::Error const &e);
};

} // namespace dbb::manifest
