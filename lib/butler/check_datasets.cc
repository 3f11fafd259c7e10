// Datasets: their ids, dates, and the row in their run that has their data ID.
#include "butler/check_parts.h"
#include "butler/datasets.h"
#include "common/signals.h"
#include "common/text.h"

#include <algorithm>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

void findBadIds(CheckContext const &context, std::string const &table, std::string const &column) {
    if (!context.db.hasTable(table)) return;
    context.db
        .prepare("SELECT DISTINCT " + column + " FROM " + quoteIdentifier(table) + " WHERE typeof(" + column
                 + ") <> 'text' OR length(" + column + ") <> 32 OR " + column
                 + " GLOB '*[^0-9a-f]*' ORDER BY 1")
        ->query({}, [&](Statement const &row) {
            context.report({"bad_uuid", placeOf(table, {column}, row),
                            "\"" + shownValue(row.column(0)) + "\" in " + table
                                + " is no id of 32 lower-case hexadecimal digits"});
        });
}

/// Condition on dates that are none; empty where the database takes no others.
std::string badDate(bool numbers, sql::Dialect dialect) {
    bool const anything = dialect == sql::Dialect::Sqlite;
    if (numbers) {
        return (anything ? "typeof(ingest_date) <> 'integer' OR " : std::string())
               + "ingest_date NOT BETWEEN 0 AND 4102444800000000000";
    }
    return anything ? "typeof(ingest_date) <> 'text' OR ingest_date NOT GLOB "
                      "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]*'"
                    : "";
}

void findBadDates(CheckContext const &context) {
    bool const numbers = context.repo->datasetsManager() == DatasetsManager::V2;
    auto const condition = badDate(numbers, context.db.dialect());
    if (condition.empty()) return;
    context.db.prepare("SELECT id, ingest_date FROM dataset WHERE " + condition + " ORDER BY id")
        ->query({}, [&](Statement const &row) {
            context.report({"bad_ingest_date", placeOf("dataset", {"id"}, row),
                            "dataset " + row.text(0) + " has ingest date " + shownValue(row.column(1))
                                + ", which is no "
                                + (numbers ? "number of TAI nanoseconds" : "time like 2022-05-23 19:16:38")});
        });
}

/// The data ID of a dataset stands in its run's row of tags. When another collection has it too, it can be
/// had from there.
class MissingTags {
public:
    MissingTags(CheckContext const &context, std::vector<AssociationTable> const &tables)
        : _context(context), _tables(tables) {}

    void find() const {
        for (auto const &table : _tables) {
            if (table.calibs) continue;
            Names ids;
            for (auto const &type : table.types) ids.push_back(std::to_string(type.id));
            _context.db
                .prepare("SELECT d.id, d.dataset_type_id, d.run_id, y.name, c.name FROM dataset AS d "
                         "JOIN dataset_type AS y ON y.id = d.dataset_type_id "
                         "JOIN collection AS c ON c.collection_id = d.run_id "
                         "WHERE d.dataset_type_id IN ("
                         + common::join(ids, ", ") + ") AND NOT EXISTS (SELECT 1 FROM "
                         + quoteIdentifier(table.name)
                         + " AS t WHERE t.dataset_id = d.id AND t.collection_id = d.run_id) ORDER BY d.id")
                ->query({}, [&](Statement const &row) { report(table, row); });
        }
    }

private:
    void report(AssociationTable const &table, Statement const &row) const {
        Finding finding{"missing_tag",
                        placeOf(table.name, {"dataset_id", "dataset_type_id", "collection_id"}, row),
                        row.text(3) + " " + row.text(0) + " has no row in " + table.name + " for its run \""
                            + row.text(4) + "\""};
        if (auto const run = otherRunOf(row); !run.empty()) {
            finding.message += "; run \"" + run + "\" has it, and only one of the two can be right";
            return _context.report(std::move(finding));
        }
        for (auto const &source : _tables) {
            if (source.group.required != table.group.required || !knows(source, row)) continue;
            addMending(table, source, row, finding.mending);
            finding.message += "; its data ID is in " + source.name;
            break;
        }
        if (finding.mending.empty()) finding.message += ", so its data ID is lost";
        _context.report(std::move(finding));
    }

    /// Another run that has the dataset: nobody knows then whether the dataset's run is right.
    std::string otherRunOf(Statement const &row) const {
        std::string out;
        for (auto const &source : _tables) {
            if (source.calibs) continue;
            _context.db
                .cached("SELECT c.name FROM " + quoteIdentifier(source.name)
                        + " AS t JOIN collection AS c ON c.collection_id = t.collection_id WHERE "
                          "t.dataset_id = ? AND "
                          "c.type = 1")
                .query({row.column(0)}, [&](Statement const &other) { out = other.text(0); });
        }
        return out;
    }

    bool knows(AssociationTable const &source, Statement const &row) const {
        return _context.db
            .cached("SELECT 1 FROM " + quoteIdentifier(source.name)
                    + " WHERE dataset_id = ? AND dataset_type_id = ?")
            .hasRow({row.column(0), row.column(1)});
    }

    void addMending(AssociationTable const &table, AssociationTable const &source, Statement const &row,
                    std::vector<Mending> &out) const {
        auto const id = row.column(0);
        auto const type = row.column(1);
        auto const run = row.column(2);
        out.push_back({"INSERT INTO collection_summary_dataset_type (collection_id, dataset_type_id) "
                       "VALUES (?, ?) ON CONFLICT DO NOTHING",
                       {run, type}});
        auto const &universe = _context.repo->universe();
        for (auto const &name : table.group.required) {
            if (!universe.at(name).governor) continue;
            auto const governor = quoteIdentifier(name);
            out.push_back(
                {"INSERT INTO " + quoteIdentifier("collection_summary_" + name) + " (collection_id, "
                     + governor + ") SELECT ?, " + governor + " FROM " + quoteIdentifier(source.name)
                     + " WHERE dataset_id = ? AND dataset_type_id = ? LIMIT 1 ON CONFLICT DO NOTHING",
                 {run, id, type}});
        }
        std::string list;
        for (auto const &name : table.group.required) list += ", " + quoteIdentifier(name);
        out.push_back({"INSERT INTO " + quoteIdentifier(table.name)
                           + " (dataset_type_id, dataset_id, collection_id" + list
                           + ") SELECT dataset_type_id, dataset_id, ?" + list + " FROM "
                           + quoteIdentifier(source.name)
                           + " WHERE dataset_id = ? AND dataset_type_id = ? LIMIT 1 ON CONFLICT "
                             "(dataset_id, collection_id) DO NOTHING",
                       {run, id, type}});
    }

    CheckContext const &_context;
    std::vector<AssociationTable> const &_tables;
};

/// Rows that are fetched before their ids are worked out: a server's answer is held in memory.
constexpr std::size_t datasetRows = 2000;

/// Ids of version 5 follow from what the dataset is. Python also makes random ones (`butler ingest-files`, or
/// DatasetIdGenEnum.UNIQUE), and conversions of old repositories have left others.
class RawIds {
public:
    RawIds(CheckContext const &context, AssociationTable const &table, TypeRow const &type)
        : _context(context), _table(table), _names(table.group.required) {
        _type.id = type.id;
        _type.name = type.name;
        _type.dimensions = table.group;
    }

    void check() const {
        std::vector<Row> page;
        for (std::vector<Value> last; fetch(last, page) && common::stopSignal() == 0;) {
            last = {page.back().id, page.back().collection};
            for (auto const &row : page) compare(row);
        }
    }

private:
    struct Row {
        std::string id;
        Value collection;
        std::string run; ///< empty: it is none of the type, or the row is not that of its run
        DataId data_id;
    };

    /// \param last  id and collection of the last row before; empty for the first page
    bool fetch(std::vector<Value> const &last, std::vector<Row> &page) const {
        page.clear();
        auto const list = prefixedList("t", _names);
        // In the order of the primary key, and without joins: of a database without statistics no plan comes
        // of it that reads or sorts all rows for each page.
        _context.db
            .cached(
                "SELECT t.dataset_id, t.collection_id, (SELECT c.name FROM dataset AS d JOIN collection AS "
                "c ON c.collection_id = d.run_id WHERE d.id = t.dataset_id AND d.run_id = t.collection_id "
                "AND t.dataset_type_id = "
                + std::to_string(_type.id) + "), " + list + " FROM " + quoteIdentifier(_table.name) + " AS t"
                + (last.empty() ? "" : " WHERE (t.dataset_id, t.collection_id) > (?, ?)")
                + " ORDER BY t.dataset_id, t.collection_id LIMIT " + std::to_string(datasetRows))
            .query(last, [&](Statement const &row) {
                Row one{row.text(0), row.column(1), row.text(2), {}};
                while (one.data_id.size() < _names.size())
                    one.data_id.push_back(row.column(static_cast<int>(one.data_id.size()) + 3));
                page.push_back(std::move(one));
            });
        return !page.empty();
    }

    void compare(Row const &row) const {
        if (row.run.empty() || row.id.size() != 32 || row.id[12] != '5') return;
        auto const expected = rawUuid(_type, row.run, row.data_id);
        if (row.id == expected.hex() || row.id == rawUuid(_type, "", row.data_id).hex()) return;
        Names parts;
        for (std::size_t i = 0; i < _names.size(); ++i)
            parts.push_back(_names[i] + "=" + shownValue(row.data_id[i]));
        Json where;
        where.set("table", "dataset").set("id", row.id);
        _context.report({"wrong_uuid", where,
                         _type.name + " {" + common::join(parts, ", ") + "} of run \"" + row.run
                             + "\" has id " + row.id + " instead of " + expected.hex()});
    }

    CheckContext const &_context;
    AssociationTable const &_table;
    DatasetType _type;
    Names const &_names; ///< of the data ID
};

} // namespace

void findDatasetDamage(CheckContext const &context) {
    if (context.db.dialect() == sql::Dialect::Sqlite) { // a server has a type for ids
        findBadIds(context, "dataset", "id");
        for (auto const &datastore : context.config.datastores)
            findBadIds(context, datastore.records_table, "dataset_id");
        findBadIds(context, "dataset_location_trash", "dataset_id");
    }
    findBadDates(context);
    MissingTags(context, associationTables(context)).find();
}

void findRawIdDamage(CheckContext const &context) {
    for (auto const &table : associationTables(context)) {
        if (table.calibs) continue;
        for (auto const &type : table.types) {
            if (type.name == "raw" && !table.group.required.empty()) RawIds(context, table, type).check();
        }
    }
}

} // namespace dbb::butler
