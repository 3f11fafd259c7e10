#include "efd/efd_load.h"

#include "common/error.h"
#include "common/file.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "efd/column_file.h"
#include "efd/column_filter.h"
#include "efd/consdb_tables.h"
#include "efd/efd_report.h"
#include "efd/efd_revisit.h"
#include "efd/efd_views.h"
#include "efd/value_store.h"
#include "manifest/stream.h"

#include <future>
#include <iterator>
#include <optional>
#include <unistd.h>

namespace dbb::efd {

using common::Error;
using common::ExitCode;
using manifest::Record;

namespace {

/// Lines in one transaction. The last window waits for the rest of it, but not beyond the second number.
constexpr std::size_t enoughLines = 8000;
constexpr std::size_t mostLines = 50'000;
/// Waits of RecordReader::idleTime after which a window is taken to be complete.
constexpr int idleForWindow = 10;

constexpr std::string_view receiptOf(Outcome outcome, bool dry) {
    switch (outcome) {
    case Outcome::Done: return dry ? R"({"outcome":"planned"})" : R"({"outcome":"done"})";
    case Outcome::Updated: return dry ? R"({"outcome":"planned"})" : R"({"outcome":"updated"})";
    case Outcome::Existing: return R"({"outcome":"existing"})";
    case Outcome::Regression: return R"({"outcome":"kept","reason":"regression"})";
    case Outcome::SourceError: break;
    }
    return R"({"outcome":"kept","reason":"source_error"})";
}

std::string wordOf(Outcome outcome, bool dry) {
    auto const receipt = receiptOf(outcome, dry);
    auto const begin = receipt.find(':') + 2;
    return std::string(receipt.substr(begin, receipt.find('"', begin) - begin));
}

/// A URL without what may be a secret: the password of its user, and what stands behind a question mark.
std::string withoutSecrets(std::string text) {
    auto const scheme = text.find("://");
    if (scheme == std::string::npos) return text;
    text.resize(std::min(text.find('?'), text.size()));
    auto const begin = scheme + 3;
    auto const end = std::min(text.find('/', begin), text.size());
    auto const at = text.rfind('@', end);
    auto const colon = text.find(':', begin);
    if (at != std::string::npos && at > begin && colon < at) text.erase(colon, at - colon);
    return text;
}

/// The lines of one run.
class Loading {
public:
    Loading(ValueStore &store, LoadOptions const &options, manifest::Rejects &rejects, common::Output &output,
            manifest::Summary &summary)
        : _store(store), _only(options.only), _dry(options.standard.dry_run), _rejects(rejects),
          _output(output), _summary(summary) {}

    void read(manifest::RecordReader &reader) {
        using ReadStatus = manifest::RecordReader::Status;
        reader.offer([this](std::string_view line) { return takeNext(line); });
        int idle = 0;
        for (;;) {
            auto const timeout = _lines.empty() && !_storing.valid() ? std::chrono::milliseconds(-1)
                                                                     : manifest::RecordReader::idleTime;
            auto const status = reader.next(timeout);
            if (status == ReadStatus::End) break;
            idle = status == ReadStatus::Idle ? idle + 1 : 0;
            if (status != ReadStatus::Idle) _summary.countRead();
            if (status == ReadStatus::Record) take(std::move(reader.record()));
            if (idle >= idleForWindow || _lines.size() >= mostLines) {
                commit(_lines.size());
            } else if (idle == 1 || _lines.size() >= enoughLines) {
                commit(_lastWindow);
            }
            if (idle > 0) settle(); // what comes next may come late
        }
        _atEnd = common::stopSignal() == 0;
        commit(_lines.size());
        settle();
    }

    RunCounts counts() const {
        return {.read = _summary.read, .outcomes = _outcomes, .rejected = _rejects.count()};
    }

    /// What was not stored, for people.
    void remark() const {
        if (auto const n = of(Outcome::Regression)) {
            common::log::warning(
                std::to_string(n) + (n == 1 ? " value is" : " values are")
                    + " of fewer samples, or one farther away, than what is stored, which was kept",
                "the source has lost samples, or was asked too early; --force stores them");
        }
        if (_sourceErrors > 0) {
            common::log::warning(std::to_string(_sourceErrors) + (_sourceErrors == 1 ? " value" : " values")
                                     + " could not be had from the source; nothing good was replaced",
                                 "ask for them again with dbb-efd-join when the source is well");
        }
    }

    ExitCode status() const {
        if (_rejects.count() > 0) return ExitCode::SomeFailed;
        return _sourceErrors > 0 || of(Outcome::Regression) > 0 ? ExitCode::Incomplete : ExitCode::Done;
    }

private:
    std::int64_t of(Outcome outcome) const {
        auto const at = _outcomes.find(outcome);
        return at == _outcomes.end() ? 0 : at->second;
    }

    void take(Record line) {
        if (line.type() != "value") return _output.write(line.line()); // about something else
        try {
            if (!_dry && line.get("load")["outcome"] == common::Json("planned"))
                throw Error("DRY_RUN", "the line was printed by a dry run of dbb-efd-load");
            if (!_only.takesAll() && !_only.takes(line.text("column"))) return pass(line.line());
            add(_reader.read(line));
        } catch (Error const &e) {
            _rejects.add(std::move(line), e);
        }
    }

    bool takeNext(std::string_view line) {
        auto value = _reader.readNext(line);
        if (!value) return false;
        if (!_only.takesAll() && !_only.takes(value->column)) {
            pass(line);
        } else {
            add(std::move(*value));
        }
        return true;
    }

    void pass(std::string_view line) {
        ++_summary.outcomes["passed"];
        _output.write(line);
    }

    void add(ValueLine value) {
        if (_lines.empty() || !isSameWindow(_lines.back(), value)) _lastWindow = _lines.size();
        _lines.push_back(std::move(value));
    }

    /// Store the first lines. While the database is at it the next ones are read.
    void commit(std::size_t count) {
        if (count == 0) return;
        settle();
        auto const end = _lines.begin() + static_cast<std::ptrdiff_t>(count);
        _inHand =
            std::exchange(_lines, std::vector(std::move_iterator(end), std::move_iterator(_lines.end())));
        _inHand.erase(_inHand.begin() + static_cast<std::ptrdiff_t>(count), _inHand.end());
        _lastWindow = 0;
        bool const isWhole = _lines.empty() ? _atEnd : !isSameColumn(_inHand.back(), _lines.front());
        _storing = std::async(std::launch::async, [this, isWhole] { return _store.store(_inHand, isWhole); });
    }

    /// Wait for what is being stored, and print it.
    void settle() {
        if (_storing.valid()) {
            auto const outcomes = _storing.get();
            for (auto const outcome : outcomes) ++_outcomes[outcome];
            // Several outcomes may have one word.
            for (auto const &[outcome, count] : _outcomes) _summary.outcomes[wordOf(outcome, _dry)] = 0;
            for (auto const &[outcome, count] : _outcomes) _summary.outcomes[wordOf(outcome, _dry)] += count;
            for (std::size_t i = 0; i < outcomes.size(); ++i) print(_inHand[i], outcomes[i]);
            _inHand.clear();
        }
        _output.flush();
    }

    void print(ValueLine &line, Outcome outcome) {
        if (integerOf(line.cells, Status) >= firstSourceError) ++_sourceErrors;
        line.text.pop_back();
        line.text.append(",\"load\":").append(receiptOf(outcome, _dry)) += '}';
        _output.write(line.text);
    }

    ValueStore &_store;
    ColumnFilter _only;
    bool _dry;
    manifest::Rejects &_rejects;
    common::Output &_output;
    manifest::Summary &_summary;
    ValueLineReader _reader;
    std::vector<ValueLine> _lines;
    std::size_t _lastWindow = 0;                ///< where the last window begins in them
    std::vector<ValueLine> _inHand;             ///< lines that are being stored
    std::future<std::vector<Outcome>> _storing; ///< what became of them
    std::map<Outcome, std::int64_t> _outcomes;
    std::int64_t _sourceErrors = 0;
    bool _atEnd = false; ///< no more lines come
};

void warnOfStrangers(ValueStore const &store, std::string const &file) {
    auto const &names = store.strangers();
    if (names.empty()) return;
    common::log::warning("\"" + file + "\" defines columns otherwise than their values were computed: "
                             + common::someOf({names.begin(), names.end()})
                             + "; efd_column does not tell of them",
                         "give the file with which dbb-efd-join computed the values");
}

ExitCode loadAll(LoadOptions const &options, int in, int out, manifest::Rejects &rejects,
                 manifest::Summary &summary) {
    using Access = EfdDatabase::Access;
    auto const columns = readColumns(options.columns);
    EfdDatabase db(options.db, options.schema, options.standard.dry_run ? Access::Try : Access::Write);
    ValueStore store(db, columns, withoutSecrets(options.source), options.force);
    common::Output output(out);
    manifest::RecordReader reader(in, rejects);
    std::optional<ConsdbTables> consdb;
    if (!options.consdb.empty()) {
        consdb.emplace(db, options.consdb, options.instrument, columns);
        store.alsoDo([&](auto lines, auto outcomes) { consdb->write(lines, outcomes); });
    }
    Loading loading(store, options, rejects, output, summary);
    loading.read(reader);
    auto const signal = common::stopSignal();
    auto const status = loading.status();
    store.finish(loading.counts(), signal != 0 ? 128 + signal : static_cast<int>(status));
    loading.remark();
    warnOfStrangers(store, options.columns);
    if (consdb) consdb->remark();
    if (signal == 0) {
        for (auto const &end : reader.endRecords("dbb-efd-load")) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
    return status;
}

void requireSense(LoadOptions const &options, int in) {
    auto const needs = [](bool given, bool mode, std::string const &option, std::string const &what) {
        if (given && !mode) throw common::usageError(option + " goes with " + what);
    };
    needs(options.json, options.report, "--json", "--report");
    needs(options.gaps, options.report, "--gaps", "--report");
    needs(!options.where.empty(), options.report, "--where", "--report");
    needs(!options.day_obs.empty(), options.report, "--day-obs", "--report");
    needs(!options.repo_file.empty(), options.views, "--repo-file", "--views");
    needs(!options.repo_schema.empty(), options.views, "--repo-schema", "--views");
    needs(!options.now.empty(), options.revisit, "--now", "--revisit");
    needs(!options.consdb.empty(), !options.instrument.empty(), "--consdb", "--instrument");
    needs(!options.consdb.empty(), !options.columns.empty(), "--consdb", "--columns");
    needs(!options.instrument.empty(), !options.consdb.empty(), "--instrument", "--consdb");
    std::vector<std::string> modes;
    if (options.report) modes.emplace_back("--report");
    if (options.views) modes.emplace_back("--views");
    if (options.revisit) modes.emplace_back("--revisit");
    if (modes.size() > 1)
        throw common::usageError(modes[0] + " and " + modes[1] + " are two programs in one run");
    needs(!options.consdb.empty(), modes.empty(), "--consdb", "values to load");
    if (modes.empty() && ::isatty(in) == 1)
        throw common::usageError("standard input is a terminal", "pipe dbb-efd-join in");
}

} // namespace

ExitCode runLoad(LoadOptions const &options, int in, int out) {
    requireSense(options, in);
    if (options.report) return runReport(options, out);
    if (options.views) return runViews(options, out);
    if (options.revisit) return runRevisit(options, out);
    manifest::Summary summary;
    summary.program = "dbb-efd-load";
    manifest::Rejects rejects(options.standard.rejects);
    try {
        return loadAll(options, in, out, rejects, summary);
    } catch (Error const &e) {
        summary.fail(options.standard, rejects, e);
        throw;
    }
}

} // namespace dbb::efd
