#include "butler/row_condition.h"

#include <utility>

namespace dbb::butler {

RowCondition::RowCondition(Condition condition)
    : _condition(std::move(condition)), _db(sql::openSqlite(":memory:", sql::OpenMode::Create)) {
    std::string names;
    std::string marks;
    for (auto const &column : _condition.columns) {
        names += ", " + sql::quoteIdentifier(column) + " NUMERIC";
        marks += ", ?";
    }
    // No column of a condition has a name with a minus sign.
    _db->execute("CREATE TABLE line (\"row-number\" INTEGER PRIMARY KEY" + names + ")");
    _write = _db->prepare("REPLACE INTO line VALUES (1" + marks + ")");
    _ask = _db->prepare("SELECT 1 FROM line WHERE " + _condition.sql);
}

bool RowCondition::accepts(std::vector<sql::Value> const &row) {
    _write->run(row);
    return _ask->hasRow(_condition.values);
}

} // namespace dbb::butler
