#include "butler/nights.h"

#include "butler/collections.h"
#include "butler/dialect.h"
#include "butler/record_values.h"
#include "butler/where.h"

#include <algorithm>

namespace dbb::butler {

using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Nights = std::map<std::pair<std::string, std::int64_t>, Night>;

/// The exposures that meet a condition, as a table expression.
std::string selected(Repository const &repo, Condition const &condition) {
    return "(SELECT * FROM " + readable(repo.universe().at("exposure"), repo.db().dialect()) + " AS r"
           + (condition.sql.empty() ? "" : " WHERE " + condition.sql) + ") AS e";
}

void countExposures(Repository const &repo, Condition const &condition, Nights &nights) {
    repo.db()
        .cached("SELECT instrument, day_obs, observation_type, count(*), min(seq_num), max(seq_num) FROM "
                + selected(repo, condition) + " GROUP BY instrument, day_obs, observation_type")
        .query(condition.values, [&](Statement const &row) {
            auto &night = nights[{row.text(0), row.integer(1)}];
            night.instrument = row.text(0);
            night.day_obs = row.integer(1);
            night.exposures += row.integer(3);
            night.observation_types[row.text(2)] += row.integer(3);
            if (row.isNull(4)) return;
            night.first_seq_num = std::min(row.integer(4), night.first_seq_num.value_or(row.integer(4)));
            night.last_seq_num = std::max(row.integer(5), night.last_seq_num.value_or(row.integer(5)));
        });
}

/// Datasets of one type. Each is counted once, in its run, however many collections have it.
void countDatasets(Repository const &repo, DatasetType const &type, Condition const &condition,
                   Nights &nights) {
    auto parameters = condition.values;
    parameters.emplace_back(type.id);
    repo.db()
        .cached("SELECT e.instrument, e.day_obs, count(*) FROM " + selected(repo, condition) + " JOIN "
                + quoteIdentifier(type.tags_table)
                + " AS t ON t.instrument = e.instrument AND t.exposure = e.id WHERE t.dataset_type_id = ? "
                  "AND t.collection_id IN (SELECT collection_id FROM run) GROUP BY e.instrument, e.day_obs")
        .query(parameters, [&](Statement const &row) {
            nights[{row.text(0), row.integer(1)}].datasets[type.name] = row.integer(2);
        });
}

} // namespace

std::vector<Night> listNights(Repository const &repo, std::string const &where) {
    std::vector<std::string> columns;
    for (auto const &column : recordColumns(repo.universe(), repo.universe().at("exposure"))) {
        for (auto &name : columnNames(column)) columns.push_back(std::move(name));
    }
    auto const condition = parseWhere(where, columns);
    Nights nights;
    {
        sql::ReadTransaction const view(repo.db());
        countExposures(repo, condition, nights);
        for (auto const &type : listDatasetTypes(repo)) {
            auto const &names = type.dimensions.required;
            if (std::find(names.begin(), names.end(), "exposure") == names.end()) continue;
            countDatasets(repo, type, condition, nights);
        }
    }
    std::vector<Night> out;
    for (auto &[key, night] : nights) out.push_back(std::move(night));
    return out;
}

} // namespace dbb::butler
