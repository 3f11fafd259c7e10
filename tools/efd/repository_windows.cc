#include "efd/repository_windows.h"

#include "butler/dimension_records.h"
#include "butler/record_values.h"
#include "butler/repository.h"
#include "butler/where.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/text.h"
#include "intake/universe_records.h"

#include <vector>

namespace dbb::efd {

using common::Error;
using common::Json;

namespace {

/// The whole condition in the language of --where. Records that lack a day or a time are not left out: they
/// are told of.
std::string conditionOf(butler::Universe const &universe, WindowChoice const &choice) {
    std::vector<std::string> names;
    for (auto const &column : butler::recordColumns(universe, universe.at(choice.kind)))
        for (auto &name : butler::columnNames(column)) names.push_back(std::move(name));
    // By itself, so that positions in messages are those of what was typed.
    butler::parseWhere(choice.where, names);
    std::vector<std::string> all;
    if (!common::strip(choice.where).empty()) all.push_back("(" + choice.where + ")");
    if (!choice.instrument.empty()) all.push_back("instrument = " + butler::quotedText(choice.instrument));
    if (choice.days && intake::hasColumn(universe, choice.kind, "day_obs")) {
        all.push_back("(day_obs IN (" + std::to_string(choice.days->first) + ".."
                      + std::to_string(choice.days->second) + ") OR day_obs IS NULL)");
    }
    if (choice.since_ns) {
        all.push_back("(timespan_end > " + std::to_string(*choice.since_ns) + " OR timespan_end IS NULL)");
    }
    return common::join(all, " AND ");
}

std::optional<std::int64_t> integerIn(Json const &record, char const *key) {
    auto const &value = record[key];
    return value.isInt() ? std::optional(value.integer()) : std::nullopt;
}

std::optional<std::int64_t> instantIn(Json const &timespan, char const *side) {
    auto const &iso = timespan[side];
    return iso.isString() ? common::nsFromIso(iso.string()) : std::nullopt;
}

} // namespace

void repositoryWindows(std::string const &path, WindowChoice const &asked, WindowSink const &sink) {
    auto choice = asked;
    if (choice.kind.empty()) choice.kind = "exposure";
    if (choice.kind == "window")
        throw common::usageError("--kind window: a repository has exposures and visits");
    auto const repo = butler::Repository::open(path, butler::Access::ReadOnly);
    auto const where = conditionOf(repo.universe(), choice);
    butler::DimensionRecords records(repo);
    if (!choice.instrument.empty() && !records.find("instrument", {choice.instrument})) {
        throw Error("INSTRUMENT_NOT_REGISTERED",
                    "--instrument: \"" + path + "\" has no instrument \"" + choice.instrument + "\"",
                    common::ExitCode::Usage)
            .hint("dbb-repo show " + path + " records instrument lists those that it has");
    }
    records.forEach(choice.kind, where, [&](butler::DimensionRecord const &record) {
        FoundWindow found{.instrument = record["instrument"].string(), .kind = choice.kind, .src = "butler"};
        found.id = record["id"].integer();
        found.day_obs = integerIn(record, "day_obs");
        found.seq_num = integerIn(record, "seq_num");
        found.begin_ns = instantIn(record["timespan"], "begin_tai");
        found.end_ns = instantIn(record["timespan"], "end_tai");
        sink(found);
    });
}

} // namespace dbb::efd
