#include "ingest/repo_check.h"

#include "butler/check.h"
#include "butler/orphans.h"
#include "common/error.h"
#include "common/log.h"
#include "common/signals.h"
#include "ingest/repo_check_report.h"
#include "intake/repository_options.h"
#include "manifest/record.h"

#include <memory>

namespace dbb::ingest {

using common::ExitCode;
using common::Output;

namespace {

void listKinds(Output &out) {
    for (auto const &kind : butler::damageKinds()) {
        manifest::Record line("damage_kind");
        line.set("damage", kind.name).set("meaning", kind.meaning).set("remedy", kind.remedy);
        out.write(line.set("repair", kind.mends).line());
    }
}

std::unique_ptr<CheckReport> reportFor(CheckProgramOptions const &options, bool terminal, Output &out) {
    bool const text = options.format.empty() ? terminal : options.format == "text";
    if (text) return std::make_unique<TextReport>(out, options.limit);
    return std::make_unique<LineReport>(out, options.limit);
}

std::string plural(std::int64_t count) {
    return std::to_string(count) + (count == 1 ? " damage" : " damages");
}

/// What it comes to, for people and for the exit status.
ExitCode conclude(CheckProgramOptions const &options, butler::CheckResult const &result) {
    for (auto const &text : result.unchecked) common::log::warning("not everything was checked: " + text);
    auto const mended = options.dry_run ? 0 : result.mendedTotal();
    auto const left = result.foundTotal() - mended;
    if (left == 0) {
        if (mended > 0) common::log::info("mended " + plural(mended) + " in \"" + options.repo + "\"");
        return result.unchecked.empty() && result.complete ? ExitCode::Done : ExitCode::Incomplete;
    }
    std::string hint = "each line has its remedy";
    if (!options.repair)
        hint += "; what dbb would mend itself shows: dbb-repo check --repair -n " + options.repo;
    if (!result.complete)
        hint += "; check again when these are mended, since they kept the rest from being checked";
    common::log::warning("\"" + options.repo + "\" has " + plural(left)
                             + (mended > 0 ? ", " + std::to_string(mended) + " more were mended" : ""),
                         hint);
    return ExitCode::Damaged;
}

} // namespace

ExitCode checkRepository(CheckProgramOptions const &options, bool terminal, Output &out) {
    if (options.list) {
        listKinds(out);
        return ExitCode::Done;
    }
    if (options.repo.empty()) {
        throw common::usageError("REPO is missing", "try \"dbb-repo check --help\"");
    }
    auto const report = reportFor(options, terminal, out);
    auto const result = butler::check(
        options.repo,
        {.files = options.files,
         .repair = options.repair,
         .dry_run = options.dry_run,
         .ignore_obscore = options.ignore_obscore,
         .mends = intake::warnOfObscore},
        [&](butler::Damage const &damage) { report->add(damage); },
        [&](std::string_view what) {
            // What is known already must not wait for what takes long.
            out.flush();
            common::log::progress("looking for " + std::string(what));
        });
    if (options.orphans && result.complete) {
        common::log::progress("looking for files without rows");
        auto const repo = butler::Repository::open(options.repo, butler::Access::ReadOnly);
        butler::forEachOrphan(repo, [&](butler::Orphan const &orphan) { report->add(orphan); });
    }
    common::log::progress("");
    if (common::stopSignal() != 0) return ExitCode::Incomplete;
    report->finish(result, options.repair && options.dry_run);
    out.flush();
    return conclude(options, result);
}

} // namespace dbb::ingest
