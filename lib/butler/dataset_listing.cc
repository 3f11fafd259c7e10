#include "butler/datasets.h"

#include "butler/dialect.h"
#include "butler/record_values.h"
#include "butler/stored_path.h"
#include "butler/where.h"
#include "common/calendar.h"
#include "common/text.h"

#include <algorithm>
#include <map>
#include <utility>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

/// Rows that are fetched before they are handed on: a query that is left open would keep writers from
/// committing for as long as the reader of our output takes.
constexpr std::size_t listedRows = 2000;

/// Columns behind the data ID in the rows of a query.
enum Field { Id, IngestDate, Path, Size, Checksum, Formatter, Component, Store };

bool contains(Names const &names, std::string const &name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The dimension whose record has a column like `exposure.seq_num`; empty for the name of anything else.
std::string elementOf(std::string const &column) {
    auto const point = column.find('.');
    return point == std::string::npos ? std::string() : column.substr(0, point);
}

/// Names of the columns of a dimension's record in conditions.
Names columnsOf(Universe const &universe, Element const &element) {
    Names out;
    for (auto const &column : recordColumns(universe, element)) {
        for (auto const &name : columnNames(column)) out.push_back(element.name + "." + name);
    }
    return out;
}

/// Expressions for all dimensions of a type, and for columns of their records that a condition names, with
/// the joins that they need.
struct Dimensions {
    std::map<std::string, std::string> expressions;
    std::string joins;
};

Dimensions dimensionsOf(Universe const &universe, DatasetType const &type, Condition const &condition,
                        sql::Dialect dialect) {
    Dimensions out;
    for (auto const &name : type.dimensions.required) out.expressions[name] = "t." + quoteIdentifier(name);
    bool withImplied = false;
    Names asked; // dimensions of whose records columns are asked for
    for (auto const &column : condition.columns) {
        auto const element = elementOf(column);
        if (!element.empty()) asked.push_back(element);
        withImplied = withImplied || contains(type.dimensions.implied, element.empty() ? column : element);
    }
    if (!withImplied && asked.empty()) return out;
    auto const known = [&](std::string const &name) { return out.expressions.contains(name); };
    Names joined;
    // An implied dimension is a column of the element that implies it, whose own key may have to be joined
    // first.
    for (bool progress = true; progress;) {
        progress = false;
        for (auto const &name : type.dimensions.names) {
            auto const &element = universe.at(name);
            auto const required = universe.requiredOf(element);
            bool const needed = contains(asked, name) || (withImplied && !element.implies.empty());
            if (!needed || contains(joined, name) || !element.hasTable()
                || !std::all_of(required.begin(), required.end(), known)) {
                continue;
            }
            auto const alias = quoteIdentifier("j_" + name);
            Names matches;
            for (auto const &dimension : required) {
                auto const &column = dimension == name ? element.keys.front().name : dimension;
                matches.push_back(alias + "." + quoteIdentifier(column) + " = "
                                  + out.expressions.at(dimension));
            }
            out.joins += " LEFT JOIN " + readable(element, dialect) + " AS " + alias + " ON "
                         + common::join(matches, " AND ");
            for (auto const &implied : element.implies) {
                out.expressions.try_emplace(implied, alias + "." + quoteIdentifier(implied));
            }
            for (auto const &column : condition.columns) {
                if (elementOf(column) != name) continue;
                out.expressions[column] = alias + "." + quoteIdentifier(column.substr(name.size() + 1));
            }
            joined.push_back(name);
            progress = true;
        }
    }
    return out;
}

/// A column of the records of files, whatever datastore they are of.
std::string fileColumn(Config const &config, std::string const &name) {
    Names tables;
    for (std::size_t i = 0; i < config.datastores.size(); ++i)
        tables.push_back("r" + std::to_string(i) + "." + name);
    return tables.size() == 1 ? tables[0] : "COALESCE(" + common::join(tables, ", ") + ")";
}

/// Joins a dataset d with its files, a row for each and at least one for each datastore, whose number is s.n.
/// Parameters: the names of the datastores
std::string fileJoins(Config const &config) {
    Names numbers;
    std::string names;
    std::string records;
    for (std::size_t i = 0; i < config.datastores.size(); ++i) {
        auto const n = std::to_string(i);
        numbers.push_back("SELECT " + n + " AS n");
        names += " WHEN " + n + " THEN ?";
        records += " LEFT JOIN " + quoteIdentifier(config.datastores[i].records_table) + " AS r" + n + " ON r"
                   + n + ".dataset_id = l.dataset_id AND s.n = " + n;
    }
    return " CROSS JOIN (" + common::join(numbers, " UNION ALL ")
           + ") AS s LEFT JOIN dataset_location AS l ON l.dataset_id = d.id AND l.datastore_name = CASE s.n"
           + names + " END" + records;
}

/// The query for the datasets of one type and run. Parameters: type name, run name, [datastore names,] type
/// id, run id, values of the condition, [values of the last data ID,] number of rows.
std::string listingQuery(Repository const &repo, DatasetType const &type, Condition const &condition,
                         bool withFiles, bool continued) {
    auto const dimensions = dimensionsOf(repo.universe(), type, condition, repo.db().dialect());
    std::string inner = "SELECT ? AS dataset_type, ? AS run, d.ingest_date AS ingest_date, "
                        + uuidText("d.id", repo.db().dialect()) + " AS id";
    for (auto const &[name, expression] : dimensions.expressions) {
        inner += ", " + expression + " AS " + quoteIdentifier(name);
    }
    for (auto const *column : {"path", "file_size", "checksum", "formatter", "component"}) {
        inner += ", " + (withFiles ? fileColumn(repo.config(), column) : "NULL") + " AS " + column;
    }
    inner += std::string(", ") + (withFiles ? "s.n" : "0") + " AS datastore";
    inner += " FROM " + quoteIdentifier(type.tags_table) + " AS t JOIN dataset AS d ON d.id = t.dataset_id"
             + dimensions.joins;
    if (withFiles) inner += fileJoins(repo.config());
    inner += " WHERE t.dataset_type_id = ? AND t.collection_id = ?";

    Names key;
    for (auto const &name : type.dimensions.required) key.push_back(quoteIdentifier(name));
    auto const keyList = common::join(key, ", ");
    std::string out = "SELECT " + keyList + (key.empty() ? "" : ", ")
                      + "id, ingest_date, path, file_size, checksum, formatter, component, datastore FROM ("
                      + inner + ") AS q";
    std::string separator = " WHERE ";
    if (!condition.sql.empty()) out += std::exchange(separator, " AND ") + "(" + condition.sql + ")";
    if (continued)
        out += separator + "(" + keyList + ") > (" + common::join(Names(key.size(), "?"), ", ") + ")";
    return out + " ORDER BY " + keyList + (key.empty() ? "" : ", ") + "datastore, component LIMIT ?";
}

Json jsonOf(Value const &value) {
    if (auto const *text = std::get_if<std::string>(&value)) return *text;
    if (auto const *integer = std::get_if<std::int64_t>(&value)) return *integer;
    return {};
}

/// The file of a row, null when it has none.
Json fileOf(Repository const &repo, Statement const &row, int first) {
    if (row.isNull(first + Path)) return {};
    auto const path = row.text(first + Path);
    auto const component = row.text(first + Component);
    Json out;
    out.set("path", path);
    auto const &datastores = repo.config().datastores;
    auto const &datastore = datastores[static_cast<std::size_t>(row.integer(first + Store))];
    out.set("uri", uriOf(datastore.root, path));
    out.set("size", row.integer(first + Size) < 0 ? Json() : jsonOf(row.column(first + Size)));
    out.set("checksum", jsonOf(row.column(first + Checksum)));
    out.set("formatter", row.text(first + Formatter));
    out.set("component", component == wholeDataset ? Json() : Json(component));
    return datastores.size() > 1 ? out.set("datastore", datastore.name) : out;
}

/// Lists the datasets of one type and run page by page.
class RunListing {
public:
    RunListing(Repository const &repo, DatasetType const &type, Condition const &condition)
        : _repo(repo), _type(type), _condition(condition),
          _withFiles(std::ranges::all_of(repo.config().datastores, [&](Datastore const &store) {
              return repo.db().hasTable(store.records_table);
          })) {}

    void forEach(std::int64_t runId, std::string const &run,
                 std::function<void(DatasetRow const &)> const &row) {
        _last.clear();
        for (;;) {
            auto const rows = fetch(runId, run);
            // The last dataset of a full page may have more files on the next one.
            bool const full = rows >= listedRows && _page.size() > 1;
            auto const complete = _page.size() - (full ? 1 : 0);
            for (std::size_t i = 0; i < complete; ++i) row(_page[i]);
            if (!full) return;
            _last = _keys[complete - 1];
        }
    }

private:
    std::size_t fetch(std::int64_t runId, std::string const &run) {
        _page.clear();
        _keys.clear();
        std::vector<Value> parameters{_type.name, run};
        for (auto const &store : _repo.config().datastores) {
            if (_withFiles) parameters.emplace_back(store.name);
        }
        parameters.insert(parameters.end(), {_type.id, runId});
        parameters.insert(parameters.end(), _condition.values.begin(), _condition.values.end());
        parameters.insert(parameters.end(), _last.begin(), _last.end());
        parameters.emplace_back(static_cast<std::int64_t>(listedRows));
        std::size_t rows = 0;
        _repo.db()
            .cached(listingQuery(_repo, _type, _condition, _withFiles, !_last.empty()))
            .query(parameters, [&](Statement const &row) {
                add(row, run);
                ++rows;
            });
        return rows;
    }

    void add(Statement const &row, std::string const &run) {
        auto const &names = _type.dimensions.required;
        auto const first = static_cast<int>(names.size());
        if (auto id = row.text(first + Id); _page.empty() || _page.back().id != id) {
            DatasetRow dataset;
            dataset.id = std::move(id);
            dataset.dataset_type = _type.name;
            dataset.run = run;
            dataset.data_id = Json::Object{};
            dataset.files = Json::Array{};
            auto &key = _keys.emplace_back();
            for (int i = 0; i < first; ++i) {
                key.push_back(row.column(i));
                dataset.data_id.set(names[static_cast<std::size_t>(i)], jsonOf(key.back()));
            }
            if (_repo.datasetsManager() == DatasetsManager::V2) {
                dataset.ingest_date_tai = common::isoFromNs(row.integer(first + IngestDate));
            } else {
                dataset.ingest_date_utc = row.text(first + IngestDate);
            }
            _page.push_back(std::move(dataset));
        }
        if (auto file = fileOf(_repo, row, first); !file.isNull())
            _page.back().files.array().push_back(std::move(file));
    }

    Repository const &_repo;
    DatasetType const &_type;
    Condition const &_condition;
    bool _withFiles;
    std::vector<DatasetRow> _page;
    std::vector<std::vector<Value>> _keys;
    std::vector<Value> _last;
};

/// Whether a type has all columns of a condition.
bool hasColumns(DatasetType const &type, Condition const &condition) {
    return std::all_of(condition.columns.begin(), condition.columns.end(), [&](std::string const &name) {
        auto const element = elementOf(name);
        return name == "dataset_type" || name == "run" || name == "id"
               || contains(type.dimensions.names, element.empty() ? name : element);
    });
}

/// All names that a condition may have: skypix dimensions only where a type has them, since there are so
/// many.
Names whereColumns(Universe const &universe, std::vector<DatasetType> const &types) {
    Names out{"dataset_type", "run", "id"};
    for (auto const &element : universe.elements()) {
        bool const used = std::any_of(types.begin(), types.end(), [&](DatasetType const &type) {
            return contains(type.dimensions.names, element.name);
        });
        if (element.isDimension() && (!element.skypix || used)) out.push_back(element.name);
        if (!element.isDimension() || !element.hasTable()) continue;
        auto const columns = columnsOf(universe, element);
        out.insert(out.end(), columns.begin(), columns.end());
    }
    return out;
}

} // namespace

void forEachDataset(Repository const &repo, std::string const &where,
                    std::function<void(DatasetRow const &)> const &row) {
    auto const types = listDatasetTypes(repo);
    auto const condition = parseWhere(where, whereColumns(repo.universe(), types));
    for (auto const &type : types) {
        if (!hasColumns(type, condition)) continue;
        std::vector<std::pair<std::int64_t, std::string>> runs;
        repo.db()
            .cached("SELECT c.collection_id, c.name FROM collection_summary_dataset_type AS s "
                    "JOIN collection AS c ON c.collection_id = s.collection_id "
                    "WHERE s.dataset_type_id = ? AND c.type = ? ORDER BY c.name")
            .query({type.id, static_cast<std::int64_t>(CollectionType::Run)},
                   [&](Statement const &r) { runs.emplace_back(r.integer(0), r.text(1)); });
        RunListing listing(repo, type, condition);
        for (auto const &[id, name] : runs) listing.forEach(id, name, row);
    }
}

} // namespace dbb::butler
