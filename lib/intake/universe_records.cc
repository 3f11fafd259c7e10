#include "intake/universe_records.h"

#include "butler/schema.h"
#include "instrument/rules.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace dbb::intake {

using common::Json;

namespace {

bool hasMetadata(butler::Element const &element, std::string_view name) {
    return std::any_of(element.metadata.begin(), element.metadata.end(),
                       [&](butler::Column const &column) { return column.name == name; });
}

/// Columns that younger universes have and that nothing is lost by leaving out.
constexpr std::array<std::string_view, 5> younger{"can_see_sky", "seq_start", "seq_end", "azimuth",
                                                  "has_simulated"};

Json translated(butler::Element const &element, bool hasGroups, Json const &exposure) {
    Json out{Json::Object{}};
    for (auto const &[name, value] : exposure.object()) {
        if (!hasGroups && name == "group") {
            out.set("group_name", value);
            // The registry of that time had the number that the group stands for beside its name.
            out.set("group_id", value.isString() ? Json(instrument::groupNumber(value.string())) : Json());
            continue;
        }
        bool const isYounger = std::find(younger.begin(), younger.end(), name) != younger.end();
        if (!isYounger || hasMetadata(element, name)) out.set(name, value);
    }
    return out;
}

} // namespace

void forEachRecord(butler::Universe const &universe, Json const &records,
                   std::function<void(char const *element, Json const &record)> const &record) {
    auto const &element = universe.at("exposure");
    bool const hasGroups = universe.find("group") != nullptr;
    if (hasGroups) {
        record("group", records["group"]);
        record("day_obs", records["day_obs"]);
    }
    auto const &exposure = records["exposure"];
    bool const isNewest = hasGroups
                          && std::all_of(younger.begin(), younger.end(),
                                         [&](std::string_view name) { return hasMetadata(element, name); });
    if (isNewest || !exposure.isObject()) return record("exposure", exposure);
    record("exposure", translated(element, hasGroups, exposure));
}

namespace {

bool names(std::vector<butler::RecordColumn> const &columns, std::string_view name) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](butler::RecordColumn const &column) { return column.name == name; });
}

} // namespace

bool hasColumn(butler::Universe const &universe, std::string_view element, std::string_view column) {
    return names(butler::recordColumns(universe, universe.at(element)), column);
}

Json withKnownColumns(butler::Universe const &universe, std::string_view element, Json record) {
    auto const columns = butler::recordColumns(universe, universe.at(element));
    std::erase_if(record.object(), [&](auto const &member) { return !names(columns, member.first); });
    return record;
}

} // namespace dbb::intake
