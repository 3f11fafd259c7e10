#include "butler/references.h"

#include "common/text.h"

#include <algorithm>
#include <vector>

namespace dbb::butler {

namespace {

std::string quotedValue(sql::Value const &value) {
    if (auto const *text = std::get_if<std::string>(&value)) return "\"" + *text + "\"";
    if (auto const *integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    return "NULL";
}

bool isRegistered(Repository const &repo, Element const &dimension, DimensionValues const &values) {
    std::vector<std::string> conditions;
    std::vector<sql::Value> key;
    for (auto const &name : repo.universe().requiredOf(dimension)) {
        auto const &column = name == dimension.name ? dimension.keys.front().name : name;
        conditions.push_back(sql::quoteIdentifier(column) + " = ?");
        key.push_back(values.at(name));
    }
    return repo.db()
        .cached("SELECT 1 FROM " + sql::quoteIdentifier(dimension.name) + " WHERE "
                + common::join(conditions, " AND "))
        .hasRow(key);
}

} // namespace

std::optional<MissingRecord> missingRecord(Repository const &repo, DimensionValues const &values) {
    auto const &universe = repo.universe();
    for (auto const &dimension : universe.elements()) {
        if (!values.contains(dimension.name) || !dimension.hasTable()) continue;
        auto const required = universe.requiredOf(dimension);
        bool const complete = std::all_of(required.begin(), required.end(),
                                          [&](std::string const &name) { return values.contains(name); });
        if (complete && !isRegistered(repo, dimension, values)) {
            return MissingRecord{dimension.name, quotedValue(values.at(dimension.name))};
        }
    }
    return std::nullopt;
}

} // namespace dbb::butler
