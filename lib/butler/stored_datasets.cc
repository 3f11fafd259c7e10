#include "butler/stored_datasets.h"

#include "butler/dialect.h"
#include "butler/record_values.h"
#include "common/text.h"

namespace dbb::butler {

using sql::quoteIdentifier;
using sql::Value;

namespace {

/// Columns and join for the begin and the filter of a dataset's exposure.
struct ExposureColumns {
    std::string columns{"NULL AS begun, NULL AS filter"};
    std::string join;
};

ExposureColumns exposureColumns(Repository const &repo) {
    auto const &exposure = repo.universe().at("exposure");
    return {std::string("e.") + timespanBegin + " AS begun, e.physical_filter AS filter",
            " LEFT JOIN " + readable(exposure, repo.db().dialect())
                + " AS e ON e.instrument = t.instrument AND e." + quoteIdentifier(exposure.keys.front().name)
                + " = t.exposure"};
}

/// The datastores of which there are records: before the first file there need be no table.
std::vector<std::size_t> recorded(Repository const &repo) {
    std::vector<std::size_t> out;
    auto const &datastores = repo.config().datastores;
    for (std::size_t i = 0; i < datastores.size(); ++i) {
        if (repo.db().hasTable(datastores[i].records_table)) out.push_back(i);
    }
    return out;
}

/// One row for each file, and at least one for each of the datastores. Parameters: type, run, values of the
/// data ID, then the names of the datastores.
std::string query(Repository const &repo, WantedDataset const &wanted,
                  std::vector<std::size_t> const &datastores) {
    auto const &type = *wanted.type;
    auto const exposure = wanted.with_exposure ? exposureColumns(repo) : ExposureColumns();
    std::string where = " WHERE t.dataset_type_id = ?1 AND t.collection_id = ?2";
    std::size_t parameter = 2;
    for (auto const &name : type.dimensions.required)
        where += " AND t." + quoteIdentifier(name) + " = ?" + std::to_string(++parameter);
    auto const select = [&](std::string const &columns, std::string const &joins) {
        return "SELECT " + uuidText("t.dataset_id", repo.db().dialect()) + " AS id, " + exposure.columns
               + ", " + columns + " FROM " + quoteIdentifier(type.tags_table) + " AS t" + exposure.join
               + joins + where;
    };
    if (datastores.empty()) return select("NULL AS path", "");
    std::vector<std::string> selects;
    for (auto const i : datastores) {
        selects.push_back(
            select("r.path AS path, " + std::to_string(i)
                       + " AS n, r.file_size AS size, r.checksum AS checksum, r.component AS component",
                   " LEFT JOIN dataset_location AS l ON l.dataset_id = t.dataset_id AND l.datastore_name = ?"
                       + std::to_string(++parameter) + " LEFT JOIN "
                       + quoteIdentifier(repo.config().datastores[i].records_table)
                       + " AS r ON r.dataset_id = l.dataset_id"));
    }
    return common::join(selects, " UNION ALL ") + " ORDER BY n, component";
}

std::vector<Value> parametersOf(Repository const &repo, WantedDataset const &wanted,
                                std::vector<std::size_t> const &datastores) {
    std::vector<Value> out{wanted.type->id, wanted.run_id};
    out.insert(out.end(), wanted.data_id->begin(), wanted.data_id->end());
    for (auto const i : datastores) out.emplace_back(repo.config().datastores[i].name);
    return out;
}

void note(std::optional<StoredDataset> &dataset, sql::Statement const &row) {
    enum Column { Id, Begun, Filter, Path, Store, Size, Checksum, Component };
    if (!dataset) dataset = StoredDataset{row.text(Id), {}, {}, row.text(Filter)};
    if (!row.isNull(Begun)) dataset->exposure_begin_tai_ns = row.integer(Begun);
    if (row.isNull(Path)) return;
    dataset->files.push_back({static_cast<std::size_t>(row.integer(Store)), row.text(Path),
                              row.isNull(Size) ? -1 : row.integer(Size), row.text(Checksum),
                              row.text(Component)});
}

} // namespace

std::vector<std::optional<StoredDataset>> findDatasets(Repository const &repo,
                                                       std::vector<WantedDataset> const &wanted) {
    std::vector<std::optional<StoredDataset>> out(wanted.size());
    auto const datastores = recorded(repo);
    std::vector<sql::Asked> asked;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        asked.push_back({query(repo, wanted[i], datastores), parametersOf(repo, wanted[i], datastores),
                         [&dataset = out[i]](sql::Statement const &row) { note(dataset, row); }});
    }
    std::size_t failed = 0;
    if (!asked.empty()) repo.db().askTogether(asked, failed);
    return out;
}

std::unordered_map<std::string, StoredById> findStored(Repository const &repo,
                                                       std::vector<common::Uuid> const &ids) {
    std::unordered_map<std::string, StoredById> out;
    auto const &datastores = repo.config().datastores;
    if (ids.empty() || datastores.size() > 1 || recorded(repo).empty()) return out;
    bool const onServer = repo.db().dialect() == sql::Dialect::Postgres;
    auto const &store = datastores.front();
    auto &statement =
        repo.db().cached("SELECT d.id, d.dataset_type_id, d.run_id, f.path, f.file_size FROM dataset d"
                         " JOIN dataset_location l ON l.dataset_id = d.id AND l.datastore_name = ?1 JOIN "
                         + quoteIdentifier(store.records_table)
                         + " f ON f.dataset_id = d.id AND f.component = ?2 WHERE d.id = "
                         + (onServer ? "ANY(CAST(?3 AS uuid[]))" : "?3"));
    std::vector<Value> keys;
    for (auto const &id : ids) keys.emplace_back(id.hex());
    if (onServer) keys = {sql::arrayOf(keys)};
    for (auto const &key : keys) {
        statement.query({store.name, std::string(wholeDataset), key}, [&](sql::Statement const &row) {
            out[row.text(0)] = {row.integer(1), row.integer(2), row.text(3),
                                row.isNull(4) ? -1 : row.integer(4)};
        });
    }
    return out;
}

} // namespace dbb::butler
