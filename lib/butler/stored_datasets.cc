#include "butler/stored_datasets.h"

#include "butler/dialect.h"
#include "butler/record_values.h"
#include "common/text.h"

namespace dbb::butler {

using sql::quoteIdentifier;
using sql::Value;

namespace {

/// Expression and join for the begin of a dataset's exposure.
struct ExposureBegin {
    std::string column = "NULL";
    std::string join;
};

ExposureBegin exposureBegin(Repository const &repo) {
    auto const &exposure = repo.universe().at("exposure");
    return {std::string("e.") + timespanBegin, " LEFT JOIN " + readable(exposure, repo.db().dialect())
                                                   + " AS e ON e.instrument = t.instrument AND e."
                                                   + quoteIdentifier(exposure.keys.front().name)
                                                   + " = t.exposure"};
}

/// One row for each file, and at least one for each datastore. Parameters: type, run, values of the data ID,
/// then the names of the datastores.
std::string query(Repository const &repo, WantedDataset const &wanted) {
    auto const &type = *wanted.type;
    auto const begin = wanted.with_exposure ? exposureBegin(repo) : ExposureBegin();
    auto condition = std::string("t.dataset_type_id = ?1 AND t.collection_id = ?2");
    std::size_t parameter = 2;
    for (auto const &name : type.dimensions.required)
        condition += " AND t." + quoteIdentifier(name) + " = ?" + std::to_string(++parameter);
    auto const &datastores = repo.config().datastores;
    std::vector<std::string> selects;
    for (std::size_t i = 0; i < datastores.size(); ++i) {
        selects.push_back(
            "SELECT " + uuidText("t.dataset_id", repo.db().dialect()) + " AS id, " + std::to_string(i)
            + " AS n, r.path AS path, r.file_size AS size, r.checksum AS checksum, "
              "r.component AS component, "
            + begin.column + " AS begun FROM " + quoteIdentifier(type.tags_table) + " AS t" + begin.join
            + " LEFT JOIN dataset_location AS l ON l.dataset_id = t.dataset_id AND "
              "l.datastore_name = ?"
            + std::to_string(++parameter) + " LEFT JOIN " + quoteIdentifier(datastores[i].records_table)
            + " AS r ON r.dataset_id = l.dataset_id WHERE " + condition);
    }
    return common::join(selects, " UNION ALL ") + " ORDER BY n, component";
}

std::vector<Value> parametersOf(Repository const &repo, WantedDataset const &wanted) {
    std::vector<Value> out{wanted.type->id, wanted.run_id};
    out.insert(out.end(), wanted.data_id->begin(), wanted.data_id->end());
    for (auto const &datastore : repo.config().datastores) out.emplace_back(datastore.name);
    return out;
}

void note(std::optional<StoredDataset> &dataset, sql::Statement const &row) {
    if (!dataset) dataset = StoredDataset{row.text(0), {}, {}};
    if (!row.isNull(6)) dataset->exposure_begin_tai_ns = row.integer(6);
    if (row.isNull(2)) return;
    dataset->files.push_back({static_cast<std::size_t>(row.integer(1)), row.text(2),
                              row.isNull(3) ? -1 : row.integer(3), row.text(4)});
}

} // namespace

std::vector<std::optional<StoredDataset>> findDatasets(Repository const &repo,
                                                       std::vector<WantedDataset> const &wanted) {
    std::vector<std::optional<StoredDataset>> out(wanted.size());
    std::vector<sql::Asked> asked;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        asked.push_back({query(repo, wanted[i]), parametersOf(repo, wanted[i]),
                         [&dataset = out[i]](sql::Statement const &row) { note(dataset, row); }});
    }
    std::size_t failed = 0;
    if (!asked.empty()) repo.db().askTogether(asked, failed);
    return out;
}

} // namespace dbb::butler
