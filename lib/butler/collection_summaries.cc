#include "butler/collection_summaries.h"

#include <string>

namespace dbb::butler {

using sql::quoteIdentifier;
using sql::Value;

std::vector<sql::RowsInsert> summaryRows(Repository const &repo, DatasetType const &type,
                                         std::int64_t collection, std::vector<DataId const *> const &dataIds,
                                         GovernorValues &known) {
    std::string const ignore = "ON CONFLICT DO NOTHING";
    std::vector<sql::RowsInsert> out;
    if (known.empty())
        out.push_back({"INSERT INTO collection_summary_dataset_type (collection_id, dataset_type_id)",
                       ignore,
                       {{collection, type.id}},
                       {"BIGINT", "BIGINT"}});
    auto const &names = type.dimensions.required;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!repo.universe().at(names[i]).governor) continue;
        std::set<Value> values;
        for (auto const *dataId : dataIds) {
            if (known.emplace(i, (*dataId)[i]).second) values.insert((*dataId)[i]);
        }
        if (values.empty()) continue;
        out.push_back({"INSERT INTO " + quoteIdentifier("collection_summary_" + names[i])
                           + " (collection_id, " + quoteIdentifier(names[i]) + ")",
                       ignore,
                       {},
                       {"BIGINT", "TEXT"}});
        for (auto const &value : values) out.back().rows.push_back({collection, value});
    }
    return out;
}

} // namespace dbb::butler
