// Rows that refer to rows that are not there: what foreign keys would have refused, had they been on.
#include "butler/check_parts.h"
#include "butler/dialect.h"
#include "butler/schema.h"
#include "common/text.h"

#include <algorithm>
#include <map>
#include <optional>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

/// What a dangling reference means, and what may be done to the row that has it.
enum class Action { Nothing, Delete, DeleteUnlessStored, DeleteUnlessUsed, DeleteUnlessNamed, OtherFinder };
struct Rule {
    std::string_view child;  ///< table, or its beginning when it ends in *
    std::string_view parent; ///< the same
    std::string_view damage;
    Action action;
};

/// The first rule that fits counts. References to dimension records that none fits are missing_dimension_row.
constexpr Rule rules[] = {
    {"dataset_tags_*", "dataset", "tag_without_dataset", Action::DeleteUnlessStored},
    {"dataset_calibs_*", "dataset", "calib_without_dataset", Action::DeleteUnlessStored},
    {"dataset_tags_*", "collection_summary_*", "", Action::OtherFinder},
    {"dataset_calibs_*", "collection_summary_*", "", Action::OtherFinder},
    {"dataset_tags_*", "dataset_type", "tag_without_type", Action::Nothing},
    {"dataset_calibs_*", "dataset_type", "tag_without_type", Action::Nothing},
    {"dataset_tags_*", "collection", "tag_without_collection", Action::Nothing},
    {"dataset_calibs_*", "collection", "tag_without_collection", Action::Nothing},
    {"dataset", "dataset_type", "dataset_without_type", Action::Nothing},
    {"dataset", "run", "dataset_without_run", Action::Nothing},
    {"dataset_location", "dataset", "location_without_dataset", Action::DeleteUnlessStored},
    {"run", "collection", "run_without_collection", Action::DeleteUnlessUsed},
    {"collection_chain", "collection", "broken_chain", Action::DeleteUnlessNamed},
    {"collection_summary_*", "collection", "dangling_summary", Action::DeleteUnlessNamed},
    {"collection_summary_*", "*", "dangling_summary", Action::Delete},
    {"dimension_graph_definition", "*", "", Action::OtherFinder},
};

bool fits(std::string_view pattern, std::string_view name) {
    if (!pattern.ends_with('*')) return pattern == name;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

/// The foreign keys that a table has, and those that it should have besides: rows dangle where one is lost.
std::vector<ForeignKeySpec> referencesOf(ActualTable const &actual, TableSpec const *spec) {
    std::vector<ForeignKeySpec> out;
    for (auto const &foreignKey : actual.foreign_keys) out.push_back(foreignKey.key);
    if (!spec) return out;
    for (auto const &key : spec->foreign_keys) {
        bool const known = std::any_of(
            out.begin(), out.end(), [&](ForeignKeySpec const &other) { return sameReference(key, other); });
        if (!known) out.push_back(key);
    }
    return out;
}

/// A table whose references are looked at.
class Table {
public:
    /// \param memberships  tables that say which datasets are in a collection
    /// \param spec         what the table should be; nullptr: it is known only as it is
    Table(CheckContext const &context, std::string name, Names const &memberships, TableSpec const *spec)
        : _context(context), _name(std::move(name)), _memberships(memberships) {
        auto const &actual = context.table(_name);
        _references = referencesOf(actual, spec);
        _all = _key = actual.key;
        for (auto const &reference : _references) {
            for (auto const &column : reference.source) {
                if (std::find(_all.begin(), _all.end(), column) == _all.end()) _all.push_back(column);
            }
        }
    }

    void check() {
        if (_context.db.dialect() == sql::Dialect::Sqlite) {
            askSqlite();
        } else {
            askServer();
        }
    }

private:
    /// SQLite's own check is about as fast as queries for each foreign key would be, and it knows those that
    /// only the table itself has.
    void askSqlite() const {
        if (_references.empty()) return;
        auto &row = _context.db.cached("SELECT " + prefixedList("c", _all) + " FROM " + quoteIdentifier(_name)
                                       + " AS c WHERE c.rowid = ?");
        _context.db.prepare("SELECT rowid, fkid FROM pragma_foreign_key_check(?)")
            ->query({_name}, [&](Statement const &violation) {
                auto const &reference = _references.at(static_cast<std::size_t>(violation.integer(1)));
                row.query({violation.column(0)}, [&](Statement const &values) { report(reference, values); });
            });
    }

    /// A server is asked about all foreign keys at once, whether it would keep them or not.
    void askServer() const {
        std::vector<sql::Asked> asked;
        auto const list = prefixedList("c", _all);
        for (auto const &reference : _references) {
            if (!_context.table(reference.table).exists) continue; // a damage of its own
            std::string set;
            for (auto const &column : reference.source)
                set += " AND c." + quoteIdentifier(column) + " IS NOT NULL";
            asked.push_back({.text = "SELECT " + list + " FROM " + quoteIdentifier(_name) + " AS c WHERE "
                                     + without(reference) + set + " ORDER BY " + list,
                             .parameters = {},
                             .row = [&](Statement const &row) { report(reference, row); }});
        }
        std::size_t failed = 0;
        if (!asked.empty()) _context.db.askTogether(asked, failed);
    }

    /// That a row `c` refers to none.
    static std::string without(ForeignKeySpec const &reference) {
        Names parent;
        for (std::size_t i = 0; i < reference.source.size(); ++i) {
            parent.push_back("p." + quoteIdentifier(reference.target[i]) + " = c."
                             + quoteIdentifier(reference.source[i]));
        }
        return "NOT EXISTS (SELECT 1 FROM " + quoteIdentifier(reference.table) + " AS p WHERE "
               + common::join(parent, " AND ") + ")";
    }

    void report(ForeignKeySpec const &reference, Statement const &row) const {
        for (auto const &rule : rules) {
            if (!fits(rule.child, _name) || !fits(rule.parent, reference.table)) continue;
            if (rule.action == Action::OtherFinder || isOfRunWithoutRow(rule, row)) return;
            return reportRow(rule.damage, rule.action, reference, row);
        }
        // Rows of overlaps go with their records, and their own finder knows those that don't.
        if (_name.ends_with("_skypix_overlap")) return;
        auto const *element = _context.repo->universe().find(reference.table);
        if (element) return reportRecord(*element, reference, row);
        reportRow("dangling_reference", Action::Nothing, reference, row);
    }

    Value valueOf(std::string const &column, Statement const &row) const {
        return row.column(static_cast<int>(std::find(_all.begin(), _all.end(), column) - _all.begin()));
    }

    /// A run that only lacks its row in table run is one damage, not one for each of its datasets.
    bool isOfRunWithoutRow(Rule const &rule, Statement const &row) const {
        return rule.damage == "dataset_without_run"
               && _context.db.cached("SELECT 1 FROM collection WHERE collection_id = ? AND type = 1")
                      .hasRow({valueOf("run_id", row)});
    }

    void reportRow(std::string_view damage, Action action, ForeignKeySpec const &reference,
                   Statement const &row) const {
        auto const &shownColumns = _key.empty() ? _all : _key;
        Finding finding{damage, placeOf(_name, shownColumns, row),
                        "a row of " + _name + " refers to a row of " + reference.table
                            + " that is not there (" + valuesText(reference.source, row) + ")"};
        auto const &column = reference.source.front();
        auto const guard = guardOf(action, "c." + quoteIdentifier(column));
        bool const free = guard.empty()
                          || _context.db.cached("SELECT 1 WHERE TRUE" + guardOf(action, "?1"))
                                 .hasRow({valueOf(column, row)});
        if (!free && action == Action::DeleteUnlessStored)
            finding.message += ", but a file is recorded for it";
        if (!free && action == Action::DeleteUnlessNamed)
            finding.message += ", but datasets are said to be in it";
        bool const missed = reference.table == "dataset" && _name != "dataset_location" && mayBeMissed();
        if (missed)
            finding.message += "; datasets of its type lack such a row, and this may be one of theirs";
        if (action != Action::Nothing && !_key.empty() && free && !missed) {
            Names key;
            std::vector<Value> values;
            for (auto const &name : _key) {
                key.push_back("c." + quoteIdentifier(name) + " = ?");
                values.push_back(valueOf(name, row));
            }
            finding.mending.push_back({"DELETE FROM " + quoteIdentifier(_name) + " AS c WHERE "
                                           + common::join(key, " AND ") + " AND " + without(reference)
                                           + guard,
                                       values});
        }
        _context.report(std::move(finding));
    }

    /// Condition without which a row must stay, as it helps to restore what its column refers to.
    /// \param value  of the column, as SQL
    std::string guardOf(Action action, std::string const &value) const {
        auto const unless = [&](std::string const &table, std::string const &name) {
            return " AND NOT EXISTS (SELECT 1 FROM " + quoteIdentifier(table) + " AS o WHERE o." + name
                   + " = " + value + ")";
        };
        std::string out;
        if (action == Action::DeleteUnlessStored) {
            for (auto const &datastore : _context.config.datastores)
                out += unless(datastore.records_table, "dataset_id");
        }
        if (action == Action::DeleteUnlessUsed || action == Action::DeleteUnlessNamed)
            out += unless("dataset", "run_id");
        if (action == Action::DeleteUnlessNamed) {
            for (auto const &table : _memberships) out += unless(table, "collection_id");
        }
        return out;
    }

    /// Whether datasets of a type that this table of memberships belongs to have lost their row in it, or in
    /// its table of tags: a row without a dataset may be theirs then.
    bool mayBeMissed() const {
        if (!_missed) {
            _missed = false;
            _context.db
                .cached(
                    "SELECT id, tag_association_table FROM dataset_type WHERE tag_association_table = ? OR "
                    "calibration_association_table = ?")
                .query({_name, _name}, [&](Statement const &type) { _missed = *_missed || lacksTags(type); });
        }
        return *_missed;
    }

    bool lacksTags(Statement const &type) const {
        auto const table = type.text(1);
        if (std::find(_memberships.begin(), _memberships.end(), table) == _memberships.end()) return true;
        return _context.db
            .prepare("SELECT 1 FROM dataset AS d WHERE d.dataset_type_id = ? AND NOT EXISTS (SELECT 1 FROM "
                     + quoteIdentifier(table)
                     + " AS t WHERE t.dataset_id = d.id AND t.collection_id = d.run_id) LIMIT 1")
            ->hasRow({type.column(0)});
    }

    /// A dimension record that is missing is one damage, however many rows refer to it.
    void reportRecord(Element const &element, ForeignKeySpec const &reference, Statement const &row) const {
        Json where;
        where.set("table", reference.table);
        std::vector<Value> values;
        Names parts;
        for (std::size_t i = 0; i < reference.source.size(); ++i) {
            values.push_back(valueOf(reference.source[i], row));
            where.set(reference.target[i], jsonOf(values.back()));
            parts.push_back(reference.target[i] + "=" + shownValue(values.back()));
        }
        Finding finding{"missing_dimension_row", where,
                        element.name + " (" + common::join(parts, ", ") + ") is missing; " + _name
                            + " refers to it"};
        // A record that is nothing but its key can be made again.
        if (recordColumns(_context.repo->universe(), element).size() == reference.target.size()) {
            Names columns;
            for (auto const &name : reference.target) columns.push_back(quoteIdentifier(name));
            finding.mending.push_back({"INSERT INTO " + quoteIdentifier(element.name) + " ("
                                           + common::join(columns, ", ") + ") VALUES ("
                                           + common::join(Names(values.size(), "?"), ", ")
                                           + ") ON CONFLICT DO NOTHING",
                                       values});
        }
        _context.report(std::move(finding));
    }

    std::string valuesText(Names const &columns, Statement const &row) const {
        Names parts;
        for (auto const &column : columns) parts.push_back(column + "=" + shownValue(valueOf(column, row)));
        return common::join(parts, ", ");
    }

    CheckContext const &_context;
    std::string _name;
    Names const &_memberships;
    mutable std::optional<bool> _missed; ///< of mayBeMissed()
    std::vector<ForeignKeySpec> _references;
    Names _key; ///< in the order of the columns
    Names _all; ///< key and all columns of references
};

} // namespace

void findReferenceDamage(CheckContext const &context) {
    std::map<std::string, TableSpec> specs;
    if (context.db.dialect() == sql::Dialect::Postgres) {
        for (auto &spec : staticTableSpecs(context.repo->universe(), context.repo->datasetsManager()))
            specs.emplace(spec.name, std::move(spec));
        for (auto &table : associationTables(context)) specs.emplace(table.name, std::move(table.spec));
    }
    auto const memberships = dynamicTables(context.db, "collection_id");
    for (auto const &name : tableNames(context.db)) {
        auto const spec = specs.find(name);
        Table(context, name, memberships, spec == specs.end() ? nullptr : &spec->second).check();
    }
}

} // namespace dbb::butler
