#include "efd/join_columns.h"

#include "common/error.h"
#include "common/glob.h"
#include "common/log.h"
#include "common/text.h"
#include "efd/column_file.h"
#include "manifest/record.h"
#include "telemetry/definition.h"

#include <algorithm>
#include <set>

namespace dbb::efd {

using common::Json;

namespace {

void requireKnown(std::string const &pattern, std::vector<telemetry::Column> const &columns,
                  std::string const &file) {
    std::vector<std::string> names;
    for (auto const &column : columns) {
        if (common::globMatches(pattern, column.name)) return;
        names.push_back(column.name);
    }
    auto const near = common::nearest(pattern, names);
    throw common::usageError("--only: no column of \"" + file + "\" is named \"" + pattern + "\"",
                             near.empty() ? "dbb-efd-join --show-columns lists them"
                                          : "did you mean " + near + "?");
}

/// Values are stored by the names of their columns.
void warnOfTwins(std::vector<telemetry::Column> const &columns, std::string const &file) {
    std::set<std::string> names, twins;
    for (auto const &column : columns) {
        if (!names.insert(column.name).second) twins.insert(column.name);
    }
    if (twins.empty()) return;
    common::log::warning(
        "\"" + file + "\" has several columns of one name: " + common::someOf({twins.begin(), twins.end()}),
        "give each a name of its own, since dbb-efd-load keeps one value of a name");
}

} // namespace

std::vector<telemetry::Column> chosenColumns(ColumnChoice const &choice, int in) {
    auto out = readColumns(choice.file, in,
                           choice.compat.empty() ? telemetry::Compat::None : telemetry::Compat::Consdb);
    for (auto const &pattern : choice.only) requireKnown(pattern, out, choice.file);
    if (!choice.only.empty())
        std::erase_if(out, [&](auto const &c) { return !common::anyGlobMatches(choice.only, c.name); });
    warnOfTwins(out, choice.file);
    return out;
}

void warnOfUnknown(std::vector<std::set<std::string>> const &asked,
                   std::vector<telemetry::Column> const &columns, ColumnChoice const &choice) {
    std::set<std::string> unknown;
    for (auto const &names : asked) unknown.insert(names.begin(), names.end());
    for (auto const &column : columns) unknown.erase(column.name);
    // Others are there and were not chosen, perhaps.
    if (!choice.only.empty())
        std::erase_if(unknown, [&](auto const &name) { return !common::anyGlobMatches(choice.only, name); });
    if (unknown.empty()) return;
    common::log::warning("windows ask for columns that \"" + choice.file
                             + "\" does not have: " + common::someOf({unknown.begin(), unknown.end()}),
                         "there are no values of them; look at \"columns\" of the window lines");
}

std::string columnLine(telemetry::Column const &column) {
    manifest::Record out("column");
    out.set("column", column.name).set("topic", column.topic);
    if (column.one_field && column.fields.size() == 1) {
        out.set("field", column.fields.front());
    } else {
        out.set("fields", Json::Array(column.fields.begin(), column.fields.end()));
    }
    out.set("index", telemetry::indexOf(column)).set("func", telemetry::nameOf(column));
    out.set("args", telemetry::argumentsOf(column)).set("config", telemetry::configHash(column));
    if (!column.tables.empty()) out.set("tables", Json::Array(column.tables.begin(), column.tables.end()));
    for (auto const &[key, text] :
         {std::pair{"unit", &column.unit}, {"ucd", &column.ucd}, {"description", &column.description}}) {
        if (!text->empty()) out.set(key, *text);
    }
    return out.line();
}

} // namespace dbb::efd
