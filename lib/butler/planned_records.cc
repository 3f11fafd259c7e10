#include "butler/planned_records.h"

namespace dbb::butler {

using common::Json;

PlannedRecords::PlannedRecords(Universe const &universe)
    : _universe(universe), _db(sql::openSqlite("", sql::OpenMode::Create)) {
    _db->execute("CREATE TABLE planned (element TEXT, key TEXT, record TEXT, PRIMARY KEY (element, key)) "
                 "WITHOUT ROWID");
}

void PlannedRecords::add(std::string_view element, DimensionRecord const &record) {
    auto const &dimension = _universe.at(element);
    Json::Array key;
    for (auto const &name : _universe.requiredOf(dimension))
        key.push_back(record[name == element ? dimension.keys.front().name : name]);
    _db->cached("INSERT OR REPLACE INTO planned VALUES (?, ?, ?)")
        .run({std::string(element), Json(key).dump(), record.dump()});
}

std::optional<DimensionRecord> PlannedRecords::find(std::string_view element,
                                                    std::vector<Json> const &key) const {
    std::optional<DimensionRecord> out;
    _db->cached("SELECT record FROM planned WHERE element = ? AND key = ?")
        .query({std::string(element), Json(Json::Array(key.begin(), key.end())).dump()},
               [&](sql::Statement const &row) { out = Json::parse(row.text(0)); });
    return out;
}

} // namespace dbb::butler
