// Memberships: which datasets are in which collections, and the summaries without which nobody looks there.
#include "butler/check_parts.h"
#include "butler/collections.h"
#include "butler/dialect.h"
#include "common/text.h"

#include <algorithm>

namespace dbb::butler {

using sql::quoteIdentifier;
using sql::Statement;

namespace {

using Names = std::vector<std::string>;

std::string otherDataId(Names const &dimensions) {
    Names parts;
    for (auto const &name : dimensions) {
        parts.push_back("t." + quoteIdentifier(name) + " <> r." + quoteIdentifier(name));
    }
    return parts.empty() ? "FALSE" : "(" + common::join(parts, " OR ") + ")";
}

void findMissingTypeSummaries(CheckContext const &context, AssociationTable const &table) {
    context.db
        .prepare("SELECT t.collection_id, t.dataset_type_id, c.name, y.name FROM (SELECT DISTINCT "
                 "dataset_type_id, collection_id FROM "
                 + quoteIdentifier(table.name)
                 + ") AS t JOIN collection AS c ON c.collection_id = t.collection_id "
                   "JOIN dataset_type AS y ON y.id = t.dataset_type_id WHERE NOT EXISTS (SELECT 1 FROM "
                   "collection_summary_dataset_type AS s WHERE s.collection_id = t.collection_id "
                   "AND s.dataset_type_id = t.dataset_type_id) ORDER BY 1, 2")
        ->query({}, [&](Statement const &row) {
            context.report(
                {"missing_summary",
                 placeOf("collection_summary_dataset_type", {"collection_id", "dataset_type_id"}, row),
                 "collection \"" + row.text(2) + "\" has datasets of type " + row.text(3)
                     + ", but its summary does not say so: nobody finds them",
                 {{"INSERT INTO collection_summary_dataset_type (collection_id, dataset_type_id) "
                   "VALUES (?, ?) ON CONFLICT DO NOTHING",
                   {row.column(0), row.column(1)}}}});
        });
}

void findMissingGovernorSummaries(CheckContext const &context, AssociationTable const &table,
                                  std::string const &governor) {
    auto const column = quoteIdentifier(governor);
    auto const summary = "collection_summary_" + governor;
    auto const key = quoteIdentifier(context.repo->universe().at(governor).keys.front().name);
    context.db
        .prepare("SELECT t.collection_id, t." + column + ", c.name FROM (SELECT DISTINCT collection_id, "
                 + column + " FROM " + quoteIdentifier(table.name)
                 + ") AS t JOIN collection AS c ON c.collection_id = t.collection_id JOIN "
                 + quoteIdentifier(governor) + " AS g ON g." + key + " = t." + column
                 + " WHERE NOT EXISTS (SELECT 1 FROM " + quoteIdentifier(summary)
                 + " AS s WHERE s.collection_id = t.collection_id AND s." + column + " = t." + column
                 + ") ORDER BY 1, 2")
        ->query({}, [&](Statement const &row) {
            context.report({governor == "skymap" ? "missing_skymap_summary" : "missing_instrument_summary",
                            placeOf(summary, {"collection_id", governor}, row),
                            "collection \"" + row.text(2) + "\" has datasets of " + governor + " "
                                + row.text(1) + ", but its summary does not say so: nobody finds them",
                            {{"INSERT INTO " + quoteIdentifier(summary) + " (collection_id, " + column
                                  + ") VALUES (?, ?) ON CONFLICT DO NOTHING",
                              {row.column(0), row.column(1)}}}});
        });
}

/// What is wrong with a row of tags, as far as its dataset and its collection tell.
class TagRows {
public:
    TagRows(CheckContext const &context, AssociationTable const &table) : _context(context), _table(table) {
        _collectionTypes = table.calibs ? "(4)" : "(1, 2)";
    }

    void find() const {
        auto const otherRun = _table.calibs ? "FALSE" : "(c.type = 1 AND d.run_id <> t.collection_id)";
        auto const wrongTable = std::string("coalesce(y.") + (_table.calibs ? "calibration" : "tag")
                                + "_association_table, '') <> ?";
        auto const key = _table.calibs ? "t.id" : "t.dataset_id";
        _context.db
            .prepare(
                "SELECT t.dataset_id, t.collection_id, " + std::string(key)
                + ", c.name, c.type, y.name, d.dataset_type_id <> t.dataset_type_id, " + otherRun + ", "
                + wrongTable + " FROM " + quoteIdentifier(_table.name)
                + " AS t JOIN dataset AS d ON d.id = t.dataset_id JOIN collection AS c ON c.collection_id = "
                  "t.collection_id JOIN dataset_type AS y ON y.id = t.dataset_type_id WHERE "
                  "d.dataset_type_id <> t.dataset_type_id OR "
                + otherRun + " OR " + wrongTable + " OR c.type NOT IN " + _collectionTypes
                + " ORDER BY 1, 2, 3")
            ->query({_table.name, _table.name}, [&](Statement const &row) { report(row); });
        findOtherDataIds();
    }

private:
    common::Json place(Statement const &row) const {
        auto out = placeOf(_table.name, {"dataset_id", "collection_id"}, row);
        if (_table.calibs) out.set("id", jsonOf(row.column(2)));
        return out;
    }

    void report(Statement const &row) const {
        auto const what =
            _table.name + " has dataset " + row.text(0) + " in collection \"" + row.text(3) + "\"";
        if (row.integer(8) != 0) {
            _context.report({"tag_in_wrong_table", place(row),
                             what + " with dataset type " + row.text(5) + ", whose table is another one"});
        } else if (row.integer(6) != 0) {
            _context.report(
                {"tag_type_mismatch", place(row),
                 what + " with dataset type " + row.text(5) + ", but the dataset has another type"});
        } else if (row.integer(7) != 0) {
            reportOtherRun(row, what);
        } else {
            auto const type = static_cast<CollectionType>(row.integer(4));
            _context.report({"tag_in_wrong_collection", place(row),
                             what + ", which is " + std::string(nameOf(type)) + " and can't have it"});
        }
    }

    /// A dataset is in one run only. Where its own run has its row, the other one is one too many; unless
    /// that "run" has no datasets of its own, and may be a collection of another type.
    void reportOtherRun(Statement const &row, std::string const &what) const {
        Finding finding{"tag_of_other_run", place(row), what + ", but the dataset's run is another one"};
        auto const name = quoteIdentifier(_table.name);
        auto const own =
            "EXISTS (SELECT 1 FROM " + name
            + " AS o JOIN dataset AS d ON d.id = o.dataset_id "
              "AND d.run_id = o.collection_id WHERE o.dataset_id = ?) AND EXISTS (SELECT 1 FROM dataset "
              "WHERE run_id = ?)";
        if (_context.db.cached("SELECT 1 WHERE " + own).hasRow({row.column(0), row.column(1)})) {
            finding.mending.push_back(
                {"DELETE FROM " + name
                     + " WHERE dataset_id = ? AND collection_id = ? AND collection_id <> (SELECT run_id FROM "
                       "dataset WHERE id = ?) AND "
                     + own,
                 {row.column(0), row.column(1), row.column(0), row.column(0), row.column(1)}});
        }
        _context.report(std::move(finding));
    }

    void findOtherDataIds() const {
        // The run's row is compared with the others; of a table of calibs that is the table of tags.
        auto const &tags = _table.types.front().tags_table;
        if (!_context.table(tags).exists) return;
        auto const key = _table.calibs ? "t.id" : "t.dataset_id";
        _context.db
            .prepare(
                "SELECT t.dataset_id, t.collection_id, " + std::string(key) + ", c.name FROM collection AS c"
                + joinInOrder(_context.db.dialect()) + quoteIdentifier(_table.name)
                + " AS t ON t.collection_id = c.collection_id JOIN dataset AS d ON d.id = t.dataset_id JOIN "
                + quoteIdentifier(tags)
                + " AS r ON r.dataset_id = d.id AND r.collection_id = d.run_id WHERE c.type IN (2, 4) AND "
                + otherDataId(_table.group.required) + " ORDER BY 1, 2, 3")
            ->query({}, [&](Statement const &row) {
                _context.report({"data_id_mismatch", place(row),
                                 _table.name + " has dataset " + row.text(0) + " in collection \""
                                     + row.text(3) + "\" with another data ID than its run"});
            });
    }

    CheckContext const &_context;
    AssociationTable const &_table;
    std::string _collectionTypes;
};

/// Where the unique key is lost, nothing else keeps a data ID from being there twice.
void findDuplicates(CheckContext const &context, AssociationTable const &table) {
    auto const &names = table.group.required;
    Names columns{"dataset_type_id", "collection_id"};
    columns.insert(columns.end(), names.begin(), names.end());
    auto const list = prefixedList("t", columns);
    context.db
        .prepare("SELECT " + list + ", count(*), min(c.name), min(y.name) FROM " + quoteIdentifier(table.name)
                 + " AS t JOIN collection AS c ON c.collection_id = t.collection_id JOIN dataset_type AS y "
                   "ON y.id = t.dataset_type_id GROUP BY "
                 + list + " HAVING count(*) > 1 ORDER BY " + list)
        ->query({}, [&](Statement const &row) {
            auto const size = static_cast<int>(columns.size());
            context.report({"duplicate_data_id", placeOf(table.name, columns, row),
                            "collection \"" + row.text(size + 1) + "\" has " + row.text(size) + " datasets "
                                + row.text(size + 2) + " {" + keyText(names, row, 2) + "}"});
        });
}

void findCalibOverlaps(CheckContext const &context, AssociationTable const &table) {
    Names columns{"dataset_type_id", "collection_id"};
    columns.insert(columns.end(), table.group.required.begin(), table.group.required.end());
    auto const list = prefixedList("t", columns);
    auto const before = " OVER (PARTITION BY " + list
                        + " ORDER BY t.timespan_begin, t.timespan_end ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "
                          "PRECEDING)";
    context.db
        .prepare(
            "SELECT q.id, q.dataset_id, q.timespan_begin, q.timespan_end, c.name, y.name FROM (SELECT t.*, "
            "max(t.timespan_end)"
            + before + " AS reached FROM " + withTimespan(table.name, context.db.dialect())
            + " AS t WHERE t.timespan_begin < t.timespan_end) AS q "
              "JOIN collection AS c ON c.collection_id = q.collection_id "
              "JOIN dataset_type AS y ON y.id = q.dataset_type_id WHERE q.reached > q.timespan_begin "
              "ORDER BY q.id")
        ->query({}, [&](Statement const &row) {
            context.report({"calib_overlap", placeOf(table.name, {"id", "dataset_id"}, row),
                            row.text(5) + " " + row.text(1) + " of collection \"" + row.text(4)
                                + "\" is valid from " + row.text(2) + " to " + row.text(3)
                                + ", when another one of the same data ID is valid too"});
        });
}

void findBadValidity(CheckContext const &context, AssociationTable const &table) {
    context.db
        .prepare("SELECT t.id, t.timespan_begin, t.timespan_end FROM "
                 + withTimespan(table.name, context.db.dialect()) + " AS t WHERE "
                 + badTimespan("t", context.db.dialect()) + " ORDER BY t.id")
        ->query({}, [&](Statement const &row) {
            context.report({"bad_timespan", placeOf(table.name, {"id"}, row),
                            table.name + " (id=" + row.text(0) + ") has a validity range from "
                                + shownValue(row.column(1)) + " to " + shownValue(row.column(2))
                                + ", which is none"});
        });
}

bool hasUniqueKey(CheckContext const &context, AssociationTable const &table) {
    auto const &key = table.spec.uniques.front();
    return context.table(table.name).uniques.contains({key.begin(), key.end()});
}

} // namespace

void findSummaryDamage(CheckContext const &context) {
    for (auto const &table : associationTables(context)) {
        findMissingTypeSummaries(context, table);
        for (auto const &name : table.group.required) {
            if (context.repo->universe().at(name).governor)
                findMissingGovernorSummaries(context, table, name);
        }
    }
}

void findTagDamage(CheckContext const &context) {
    for (auto const &table : associationTables(context)) {
        TagRows(context, table).find();
        if (!table.calibs && !hasUniqueKey(context, table)) findDuplicates(context, table);
    }
}

void findCalibDamage(CheckContext const &context) {
    for (auto const &table : associationTables(context)) {
        if (!table.calibs) continue;
        findCalibOverlaps(context, table);
        findBadValidity(context, table);
    }
}

} // namespace dbb::butler
