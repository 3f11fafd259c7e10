// Where datasets are stored: locations, file records, trash, paths.
#include "butler/check_parts.h"
#include "butler/dialect.h"
#include "butler/stored_path.h"
#include "common/signals.h"
#include "common/text.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

void findUnknownDatastores(CheckContext const &context) {
    std::vector<Value> names;
    Names shown;
    for (auto const &datastore : context.config.datastores) {
        names.emplace_back(datastore.name);
        shown.push_back("\"" + datastore.name + "\"");
    }
    auto const marks = common::join(Names(names.size(), "?"), ", ");
    for (std::string const table : {"dataset_location", "dataset_location_trash"}) {
        context.db
            .prepare("SELECT datastore_name, count(*) FROM " + table + " WHERE datastore_name NOT IN ("
                     + marks + ") GROUP BY 1 ORDER BY 1")
            ->query(names, [&](Statement const &row) {
                context.report({"unknown_datastore_name", placeOf(table, {"datastore_name"}, row),
                                table + " has " + row.text(1) + " datasets of datastore \"" + row.text(0)
                                    + "\", but the configuration has " + common::join(shown, ", ")});
            });
    }
}

/// What one datastore has, and what is said of it.
class Storage {
public:
    Storage(CheckContext const &context, Datastore const &datastore)
        : _context(context), _datastore(datastore.name), _table(datastore.records_table),
          _records(quoteIdentifier(_table)) {
        for (auto const &name : context.config.othersThan(datastore)) {
            _others.emplace_back(name);
            _here += " AND l.datastore_name <> ?" + std::to_string(_others.size());
        }
    }

    void findLocationsWithoutRecord() const {
        auto const noRecord =
            "NOT EXISTS (SELECT 1 FROM " + _records + " AS r WHERE r.dataset_id = l.dataset_id)";
        // Without any record it is the table that is wrong, not each location. And a record without a dataset
        // may be the one that is missed here.
        auto const anyRecord =
            "EXISTS (SELECT 1 FROM " + _records + ") AND NOT EXISTS (" + strayRecords() + ")";
        _context.db
            .prepare("SELECT l.datastore_name, l.dataset_id, " + anyRecord
                     + " FROM dataset_location AS l WHERE l.datastore_name = " + mark(1) + " AND " + noRecord
                     + " AND EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = l.dataset_id) ORDER BY 1, 2")
            ->query(values({_datastore}), [&](Statement const &row) {
                Finding finding{"location_without_record",
                                placeOf("dataset_location", {"datastore_name", "dataset_id"}, row),
                                "dataset " + row.text(1) + " is said to be stored, but no file is recorded"};
                if (row.integer(2) != 0) {
                    finding.mending.push_back(
                        {"DELETE FROM dataset_location AS l WHERE l.datastore_name = " + mark(1)
                             + " AND l.dataset_id = " + mark(2) + " AND " + noRecord + " AND " + anyRecord,
                         values({row.column(0), row.column(1)})});
                } else {
                    finding.message += ", unless it is one that is recorded for no dataset";
                }
                _context.report(std::move(finding));
            });
    }

    /// What reads the file, and as what, are names that Python looks up.
    void findNamelessRecords() const {
        _context.db
            .prepare("SELECT r.dataset_id, r.component, r.path FROM " + _records
                     + " AS r WHERE r.formatter = '' OR r.storage_class = '' ORDER BY 1, 2")
            ->query({}, [&](Statement const &row) {
                _context.report(
                    {"bad_value", placeOf(_table, {"dataset_id", "component"}, row),
                     "file \"" + row.text(2) + "\" is recorded without formatter or storage class"});
            });
    }

    void findMissingLocations() const {
        auto const lacks = [this](std::string const &id) {
            return " AND NOT EXISTS (" + rowsOf("dataset_location", id) + ") AND NOT EXISTS ("
                   + rowsOf("dataset_location_trash", id) + ")";
        };
        _context.db
            .prepare("SELECT DISTINCT r.dataset_id FROM " + _records + " AS r WHERE TRUE"
                     + lacks("r.dataset_id")
                     + " AND EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = r.dataset_id) ORDER BY 1")
            ->query(values({}), [&](Statement const &row) {
                _context.report(
                    {"missing_location",
                     placeOf(_table, {"dataset_id"}, row),
                     "dataset " + row.text(0) + " has a file, but no row in dataset_location",
                     {{"INSERT INTO dataset_location (datastore_name, dataset_id) SELECT " + mark(1)
                           + ", id FROM dataset AS d WHERE d.id = " + mark(2) + " AND EXISTS (SELECT 1 FROM "
                           + _records + " AS r WHERE r.dataset_id = d.id)" + lacks("d.id"),
                       values({_datastore, row.column(0)})}}});
            });
    }

    void findRecordsWithoutDataset(std::vector<AssociationTable> const &tables) const {
        std::string const free =
            "NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = r.dataset_id) AND NOT EXISTS ("
            + rowsOf("dataset_location_trash", "r.dataset_id") + ")";
        // A record whose id is damaged is all that is known of a dataset that has lost its record.
        std::string const unlocated =
            "NOT EXISTS (SELECT 1 FROM dataset_location AS l WHERE l.dataset_id = r.dataset_id) AND NOT "
            "EXISTS (SELECT 1 FROM dataset_location AS l JOIN dataset AS d ON d.id = l.dataset_id WHERE NOT "
            "EXISTS (SELECT 1 FROM "
            + _records + " AS o WHERE o.dataset_id = l.dataset_id)" + _here + ")";
        std::string untagged;
        for (auto const &table : tables) {
            untagged += " AND NOT EXISTS (SELECT 1 FROM " + quoteIdentifier(table.name)
                        + " AS a WHERE a.dataset_id = r.dataset_id)";
        }
        _context.db
            .prepare("SELECT r.dataset_id, r.component, r.path, " + unlocated + untagged + " FROM " + _records
                     + " AS r WHERE " + free + " ORDER BY 1, 2")
            ->query(values({}), [&](Statement const &row) {
                Finding finding{"record_without_dataset",
                                placeOf(_table, {"dataset_id", "component", "path"}, row),
                                "file \"" + row.text(2) + "\" is recorded for dataset " + row.text(0)
                                    + ", which is not there"};
                if (row.integer(3) != 0) {
                    finding.mending.push_back({"DELETE FROM " + _records + " AS r WHERE r.dataset_id = "
                                                   + mark(1) + " AND r.component = " + mark(2) + " AND "
                                                   + free + " AND " + unlocated + untagged,
                                               values({row.column(0), row.column(1)})});
                } else {
                    finding.message +=
                        ", though other tables still speak of it, or a dataset has lost its record";
                }
                _context.report(std::move(finding));
            });
    }

private:
    /// Records that belong to no dataset.
    std::string strayRecords() const {
        return "SELECT 1 FROM " + _records
               + " AS s WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = s.dataset_id) AND NOT "
                 "EXISTS ("
               + rowsOf("dataset_location_trash", "s.dataset_id") + ")";
    }

    /// Rows of a dataset in dataset_location or the trash.
    std::string rowsOf(std::string const &table, std::string const &id) const {
        return "SELECT 1 FROM " + table + " AS l WHERE l.dataset_id = " + id + _here;
    }

    /// The n-th of the values that a statement has itself: those of _here stand before them.
    std::string mark(std::size_t n) const { return "?" + std::to_string(_others.size() + n); }
    std::vector<Value> values(std::vector<Value> own) const {
        own.insert(own.begin(), _others.begin(), _others.end());
        return own;
    }

    CheckContext const &_context;
    std::string const &_datastore;
    std::string const &_table;
    std::string _records;
    std::vector<Value> _others; ///< names of the other datastores
    /// Condition on a row `l`: it is not another datastore's. Rows of a name that none has may be of this
    /// one.
    std::string _here;
};

/// Raw files hold one exposure. Datasets of several exposures with one path mean that a row is wrong; several
/// detectors in one file, or one file in several runs, are no damage.
void findSharedPaths(CheckContext const &context, Datastore const &datastore, AssociationTable const &table) {
    auto const &names = table.group.required;
    if (table.calibs || std::find(names.begin(), names.end(), "exposure") == names.end()) return;
    auto const records = quoteIdentifier(datastore.records_table);
    auto const exposure = "(t.instrument || ' ' || t.exposure)";
    auto const join = joinInOrder(context.db.dialect());
    context.db
        .prepare(
            "SELECT r.path, count(DISTINCT " + std::string(exposure) + "), min(" + exposure + "), max("
            + exposure + ") FROM (SELECT path FROM " + records + " GROUP BY path HAVING count(*) > 1) AS p"
            + join + records + " AS r ON r.path = p.path" + join + quoteIdentifier(table.name)
            + " AS t ON t.dataset_id = r.dataset_id JOIN dataset AS d ON d.id = t.dataset_id AND d.run_id = "
              "t.collection_id JOIN dataset_type AS y ON y.id = t.dataset_type_id WHERE y.name = 'raw' GROUP "
              "BY r.path HAVING min("
            + exposure + ") <> max(" + exposure + ") ORDER BY r.path")
        ->query({}, [&](Statement const &row) {
            context.report({"shared_path", placeOf(datastore.records_table, {"path"}, row),
                            "file \"" + row.text(0) + "\" is recorded for " + row.text(1)
                                + " exposures, among them " + row.text(2) + " and " + row.text(3)});
        });
}

void findBadPaths(CheckContext const &context, Datastore const &datastore) {
    context.db
        .prepare("SELECT dataset_id, component, path FROM " + quoteIdentifier(datastore.records_table)
                 + " WHERE path LIKE '%..%' OR path LIKE '/%' OR path LIKE './%' OR path LIKE '%//%' "
                   "OR path LIKE '%/' OR path LIKE '%/./%' OR path IN ('', '.') ORDER BY path, dataset_id")
        ->query({}, [&](Statement const &row) {
            auto const path = row.text(2);
            if (isUri(path) || staysBelow(artifactOf(path))) return;
            context.report(
                {"path_outside_root",
                 placeOf(datastore.records_table, {"dataset_id", "component", "path"}, row),
                 "path \"" + path + "\" of dataset " + row.text(0) + " is none below the datastore's root"});
        });
}

/// What waited in the trash at the first look, as far as it is still there a second later: removals that were
/// under way have finished then, and those that have begun since then do not count.
class LeftOver {
public:
    explicit LeftOver(CheckContext const &context) : _first(rowsNow(context)) {
        constexpr int tries = 10;
        constexpr auto pause = std::chrono::milliseconds(100);
        for (int i = 0; i < tries && !_first.empty() && common::stopSignal() == 0; ++i) {
            std::this_thread::sleep_for(pause);
            keep(rowsNow(context));
        }
    }

    bool has(std::string const &datastore, std::string const &id) const {
        return _isMany || _first.contains({datastore, id});
    }

private:
    using Rows = std::set<std::pair<std::string, std::string>>;
    /// Beyond that all of them count: no one removal has so many, and memory has a bound.
    static constexpr std::size_t many = 20'000;

    static Rows rowsNow(CheckContext const &context) {
        Rows out;
        context.db
            .cached("SELECT datastore_name, dataset_id FROM dataset_location_trash LIMIT "
                    + std::to_string(many))
            .query({}, [&](Statement const &row) { out.emplace(row.text(0), row.text(1)); });
        return out;
    }

    void keep(Rows const &now) {
        _isMany = _first.size() == many && now.size() == many;
        if (!_isMany) std::erase_if(_first, [&](auto const &row) { return !now.contains(row); });
    }

    Rows _first;
    bool _isMany = false;
};

} // namespace

void findStorageDamage(CheckContext const &context) {
    findUnknownDatastores(context);
    auto const tables = associationTables(context);
    for (auto const &datastore : context.config.datastores) {
        if (!context.db.hasTable(datastore.records_table)) continue;
        Storage const storage(context, datastore);
        storage.findLocationsWithoutRecord();
        storage.findMissingLocations();
        storage.findNamelessRecords();
        storage.findRecordsWithoutDataset(tables);
    }
}

void findTrashDamage(CheckContext const &context) {
    LeftOver const left(context);
    context.db
        .prepare("SELECT t.datastore_name, t.dataset_id FROM dataset_location_trash AS t JOIN "
                 "dataset_location AS l "
                 "ON l.dataset_id = t.dataset_id AND l.datastore_name = t.datastore_name ORDER BY 1, 2")
        ->query({}, [&](Statement const &row) {
            context.report(
                {"trash_and_live",
                 placeOf("dataset_location_trash", {"datastore_name", "dataset_id"}, row),
                 "dataset " + row.text(1) + " is stored and waits to be deleted at once",
                 {{"DELETE FROM dataset_location_trash AS t WHERE t.datastore_name = ? AND t.dataset_id = ? "
                   "AND "
                   "EXISTS (SELECT 1 FROM dataset_location AS l WHERE l.dataset_id = t.dataset_id AND "
                   "l.datastore_name = t.datastore_name)",
                   {row.column(0), row.column(1)}}}});
        });
    for (auto const &datastore : context.config.datastores) {
        context.db
            .cached("SELECT t.datastore_name, t.dataset_id FROM dataset_location_trash AS t WHERE "
                    "t.datastore_name = ? AND NOT EXISTS (SELECT 1 FROM dataset_location AS l WHERE "
                    "l.dataset_id = t.dataset_id AND l.datastore_name = t.datastore_name) ORDER BY 1, 2")
            .query({datastore.name}, [&](Statement const &row) {
                if (!left.has(row.text(0), row.text(1))) return;
                context.report({"trash_left_over",
                                placeOf("dataset_location_trash", {"datastore_name", "dataset_id"}, row),
                                "the removal of dataset " + row.text(1) + " has not been finished",
                                {{emptyTrash, {row.column(1), row.column(0)}}}});
            });
    }
}

void findPathDamage(CheckContext const &context) {
    auto const tables = associationTables(context);
    for (auto const &datastore : context.config.datastores) {
        if (!context.db.hasTable(datastore.records_table)) continue;
        findBadPaths(context, datastore);
        for (auto const &table : tables) findSharedPaths(context, datastore, table);
    }
}

} // namespace dbb::butler
