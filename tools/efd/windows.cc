#include "efd/windows.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/lines.h"
#include "common/signals.h"
#include "efd/consdb_windows.h"
#include "efd/csv_windows.h"
#include "efd/found_window.h"
#include "efd/instant_reader.h"
#include "efd/repository_windows.h"
#include "efd/window_spool.h"
#include "manifest/stream.h"
#include "telemetry/column.h"
#include "telemetry/instants.h"

#include <algorithm>

namespace dbb::efd {

using common::Error;
using common::ExitCode;
using common::Json;

namespace {

constexpr std::int64_t mostPieces = 10'000'000;

/// The observing day, which begins at noon UTC.
std::int64_t dayOf(std::int64_t begin_tai_ns) {
    auto const utc_ns = telemetry::utcFromTai(begin_tai_ns) - common::nsPerDay / 2;
    auto const days = utc_ns / common::nsPerDay - (utc_ns % common::nsPerDay < 0 ? 1 : 0);
    auto const date = common::civilFromDays(days);
    return date.year * 10000LL + date.month * 100 + date.day;
}

/// Asked to stop: ends the reading of a source, however much of it is left.
struct Stopped {};

/// \throws Error NO_TIMES, BAD_WINDOW
void requireSpan(FoundWindow const &found) {
    auto const name = found.kind + " " + std::to_string(found.id);
    if (!found.begin_ns || !found.end_ns) {
        throw Error("NO_TIMES", name + " has no " + (found.begin_ns ? "end" : "begin")
                                    + (found.begin_ns || found.end_ns ? "" : " and no end"));
    }
    if (*found.end_ns < *found.begin_ns) {
        throw Error("BAD_WINDOW", name + " ends at " + common::isoFromNs(*found.end_ns)
                                      + ", before it begins at " + common::isoFromNs(*found.begin_ns));
    }
}

/// Selects, checks and puts in order what a source finds.
class Windows {
public:
    Windows(WindowChoice const &choice, manifest::Rejects &rejects, manifest::Summary &summary)
        : _choice(choice), _rejects(rejects), _summary(summary) {}

    void take(FoundWindow found) {
        if (common::stopSignal() != 0) throw Stopped();
        _summary.countRead();
        if (!found.day_obs && found.begin_ns) found.day_obs = dayOf(*found.begin_ns);
        if (!isWanted(found)) return;
        try {
            requireSpan(found);
        } catch (Error const &e) {
            return _rejects.add(lineOf(found), e);
        }
        _spool.add(*found.begin_ns, found.id, lineOf(found).line());
    }

    void takeBad(std::int64_t number, std::string_view text, Error const &e) {
        _summary.countRead();
        _rejects.addText(number, text, e);
    }

    void takeBad(manifest::Record row, Error const &e) {
        _summary.countRead();
        _rejects.add(std::move(row), e);
    }

    void print(common::Output &output) {
        _spool.forEach([&](std::string const &line) {
            if (common::stopSignal() != 0) return false;
            output.write(line);
            ++_summary.outcomes["done"];
            return true;
        });
    }

private:
    bool isWanted(FoundWindow const &found) const {
        auto const &days = _choice.days;
        if (days && found.day_obs && (*found.day_obs < days->first || *found.day_obs > days->second))
            return false;
        return !_choice.since_ns || !found.end_ns || *found.end_ns > *_choice.since_ns;
    }

    WindowChoice const &_choice;
    manifest::Rejects &_rejects;
    manifest::Summary &_summary;
    WindowSpool _spool;
};

void requireOneSource(WindowsOptions const &options) {
    bool const hasSpan = !options.begin.empty() || !options.end.empty();
    auto const sources = (options.repo.empty() ? 0 : 1) + (options.db.empty() ? 0 : 1)
                         + (options.csv.empty() ? 0 : 1) + (hasSpan ? 1 : 0);
    if (sources != 1) {
        throw common::usageError(sources == 0 ? "there is no source of windows"
                                              : "there are several sources of windows",
                                 "give one of --repo, --db with --table, --csv, or --begin with --end");
    }
    auto const only = [](bool given, char const *option, bool fits, char const *with) {
        if (given && !fits) throw common::usageError(std::string(option) + " goes with " + with + " only");
    };
    only(!options.table.empty(), "--table", !options.db.empty(), "--db");
    only(!options.every.empty(), "--every", hasSpan, "--begin and --end");
    only(!options.where.empty(), "--where", !hasSpan, "--repo, --db and --csv");
    if (!options.db.empty() && options.table.empty())
        throw common::usageError("--db needs --table", "for example --table cdb_lsstcam.exposure");
    if (hasSpan && (options.begin.empty() || options.end.empty()))
        throw common::usageError("--begin and --end belong together");
}

/// How long the pieces of a span are. \throws Error USAGE
std::int64_t lengthOf(std::string const &every, std::int64_t whole_ns) {
    if (every.empty()) return whole_ns;
    std::int64_t out = 0;
    try {
        out = telemetry::durationNs(Json(every));
    } catch (Error const &e) {
        throw common::usageError("--every: " + e.message());
    }
    if (out <= 0) throw common::usageError("--every: \"" + every + "\" is no length of windows");
    if (whole_ns / out >= mostPieces) {
        throw common::usageError("--every: that would be more than " + std::to_string(mostPieces)
                                 + " windows");
    }
    return out;
}

/// One window from --begin to --end, or pieces of it. Their ids are the nanoseconds at which they begin, so
/// that the same window has the same id in every run.
void argumentWindows(WindowsOptions const &options, InstantReader const &instants, WindowSink const &sink) {
    auto const begin = instants.option(options.begin, "--begin");
    auto const end = instants.option(options.end, "--end");
    if (end < begin) throw common::usageError("--end is before --begin");
    auto const length = lengthOf(options.every, end - begin);
    FoundWindow found{.instrument = options.instrument,
                      .kind = options.kind.empty() ? "window" : options.kind,
                      .src = "arguments"};
    auto from = begin;
    do {
        auto const to = end - from > length ? from + length : end;
        found.id = from;
        found.begin_ns = from;
        found.end_ns = to;
        sink(found);
        from = to;
    } while (from < end);
}

void findWindows(WindowsOptions const &options, WindowChoice const &choice, InstantReader const &instants,
                 int in, Windows &windows) {
    auto const sink = [&](FoundWindow const &found) { windows.take(found); };
    if (!options.repo.empty()) return repositoryWindows(options.repo, choice, sink);
    if (!options.db.empty()) {
        return consdbWindows(
            options.db, options.table, choice, sink,
            [&](manifest::Record row, Error const &e) { windows.takeBad(std::move(row), e); });
    }
    if (options.csv.empty()) return argumentWindows(options, instants, sink);
    csvWindows(options.csv, in, instants, choice, sink,
               [&](std::int64_t number, std::string_view text, Error const &e) {
                   windows.takeBad(number, text, e);
               });
}

void makeWindows(WindowsOptions const &options, int in, int out, manifest::Rejects &rejects,
                 manifest::Summary &summary) {
    requireOneSource(options);
    InstantReader const instants(options.scale);
    WindowChoice choice{.instrument = options.instrument, .kind = options.kind, .where = options.where};
    if (!options.day_obs.empty()) choice.days = common::parseDays(options.day_obs, "--day-obs");
    if (!options.since.empty()) choice.since_ns = instants.option(options.since, "--since");
    common::Output output(out);
    Windows windows(choice, rejects, summary);
    try {
        findWindows(options, choice, instants, in, windows);
        windows.print(output);
    } catch (Stopped const &) {
        // Lines come in order when all are known, so none has come.
    }
    if (common::stopSignal() == 0) output.write(manifest::endRecord("dbb-windows").line());
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
}

} // namespace

ExitCode runWindows(WindowsOptions const &options, int in, int out) {
    manifest::Summary summary{.program = "dbb-windows", .outcomes = {}};
    manifest::Rejects rejects(options.standard.rejects);
    try {
        makeWindows(options, in, out, rejects, summary);
    } catch (Error const &e) {
        summary.fail(options.standard, rejects, e);
        throw;
    }
    return rejects.status();
}

} // namespace dbb::efd
