#include "butler/actual_schema.h"

#include "common/text.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace dbb::butler {

using sql::Statement;

namespace {

using Names = std::vector<std::string>;
using NameSet = std::set<std::string>;

NameSet setOf(Names const &names) {
    return {names.begin(), names.end()};
}

Names indexColumns(sql::Database &db, std::string const &index) {
    Names out;
    db.cached("SELECT name FROM pragma_index_info(?) ORDER BY seqno")
        .query({index}, [&](Statement const &row) { out.push_back(row.text(0)); });
    return out;
}

void readIndexes(sql::Database &db, std::string const &table, ActualTable &out) {
    std::vector<std::pair<std::string, bool>> indexes;
    db.cached("SELECT name, \"unique\" FROM pragma_index_list(?) WHERE partial = 0")
        .query({table},
               [&](Statement const &row) { indexes.emplace_back(row.text(0), row.integer(1) != 0); });
    for (auto const &[name, unique] : indexes) {
        out.indexes.push_back(indexColumns(db, name));
        if (unique) out.uniques.insert(setOf(out.indexes.back()));
    }
}

/// SQLite shows CHECK constraints in the table's text only.
bool checksLength(ActualTable const &table, ColumnSpec const &column) {
    auto const check = "length(" + column.name + ")<=" + std::to_string(column.length);
    auto const at = table.definition.find(check);
    if (at == std::string::npos) return false;
    auto const end = at + check.size();
    return end == table.definition.size() || table.definition[end] < '0' || table.definition[end] > '9';
}

/// What SQLite makes of a declared type (https://sqlite.org/datatype3.html, part 3.1).
std::string affinityOf(std::string const &type) {
    auto const has = [&](char const *part) { return type.find(part) != std::string::npos; };
    if (has("INT")) return "INTEGER";
    if (has("CHAR") || has("CLOB") || has("TEXT")) return "TEXT";
    if (has("BLOB") || type.empty()) return "BLOB";
    if (has("REAL") || has("FLOA") || has("DOUB")) return "REAL";
    return "NUMERIC";
}

ActualTable::Reference referenceOf(ForeignKeySpec const &fk) {
    ActualTable::Reference out{fk.table, {}};
    for (std::size_t i = 0; i < fk.source.size(); ++i) out.second.emplace(fk.source[i], fk.target[i]);
    return out;
}

} // namespace

ActualTable readTable(sql::Database &db, std::string const &name) {
    ActualTable out;
    out.exists = db.hasTable(name);
    if (!out.exists) return out;
    db.cached("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?")
        .query({name}, [&](Statement const &row) { out.definition = row.text(0); });
    std::erase_if(out.definition,
                  [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"'; });
    db.cached("SELECT name, \"notnull\", pk, upper(type) FROM pragma_table_info(?)")
        .query({name}, [&](Statement const &row) {
            out.columns.insert(row.text(0));
            out.types[row.text(0)] = row.text(3);
            if (row.integer(1) != 0) out.not_null.insert(row.text(0));
            if (row.integer(2) != 0) out.key.insert(row.text(0));
        });
    if (!out.key.empty()) out.uniques.insert(out.key); // an integer key has no index of its own
    readIndexes(db, name, out);
    std::map<std::int64_t, ActualTable::Reference> references;
    std::set<std::int64_t> cascading;
    db.cached("SELECT id, \"table\", \"from\", \"to\", upper(on_delete) = 'CASCADE' FROM "
              "pragma_foreign_key_list(?)")
        .query({name}, [&](Statement const &row) {
            auto &reference = references[row.integer(0)];
            reference.first = row.text(1);
            reference.second.emplace(row.text(2), row.text(3));
            if (row.integer(4) != 0) cascading.insert(row.integer(0));
        });
    for (auto &[id, reference] : references) {
        if (cascading.contains(id)) out.cascading.insert(reference);
        out.references.insert(std::move(reference));
    }
    return out;
}

bool sameColumns(TableSpec const &spec, ActualTable const &actual, sql::Dialect dialect) {
    return actual.exists && actual.columns == setOf(databaseColumns(spec, dialect));
}

Names missingConstraints(TableSpec const &spec, ActualTable const &actual) {
    Names out;
    auto const shown = [](Names const &names) { return "(" + common::join(names, ", ") + ")"; };
    auto const key = primaryKey(spec);
    // A unique index on the same columns does what a key does.
    if (!actual.uniques.contains(setOf(key))) out.push_back("primary key " + shown(key));
    for (auto const &columns : spec.uniques) {
        if (!actual.uniques.contains(setOf(columns))) out.push_back("unique " + shown(columns));
    }
    for (auto const &fk : spec.foreign_keys) {
        auto const text = "foreign key " + shown(fk.source) + " to " + fk.table + " " + shown(fk.target);
        if (!actual.references.contains(referenceOf(fk))) {
            out.push_back(text);
        } else if (fk.cascade && !actual.cascading.contains(referenceOf(fk))) {
            out.push_back("ON DELETE CASCADE of " + text);
        }
    }
    for (auto const &column : spec.columns) {
        // Old releases left NOT NULL out of keys; NULL there is a damage of its own.
        bool const nullable =
            !column.not_null || column.key || column.nullable_elsewhere || column.type == SqlType::Timespan;
        if (!nullable && !actual.not_null.contains(column.name)) out.push_back("NOT NULL of " + column.name);
        if (isChecked(column) && !checksLength(actual, column)) {
            out.push_back("CHECK (length(" + column.name + ") <= " + std::to_string(column.length) + ")");
        }
    }
    return out;
}

Names wrongTypes(TableSpec const &spec, ActualTable const &actual, sql::Dialect dialect) {
    Names out;
    for (auto const &[name, wanted] : databaseTypes(spec, dialect)) {
        auto const found = actual.types.find(name);
        if (found == actual.types.end()) continue;
        auto const &type = found->second;
        // Only a key of this very name is given out by SQLite itself.
        bool const same = wanted == "INTEGER" ? type == wanted : affinityOf(type) == affinityOf(wanted);
        if (!same)
            out.push_back(name + " is " + (type.empty() ? "of no type" : type) + " instead of " + wanted);
    }
    return out;
}

std::vector<IndexSpec> missingIndexes(TableSpec const &spec, ActualTable const &actual,
                                      sql::Dialect dialect) {
    std::vector<IndexSpec> out;
    for (auto &index : indexesOf(spec, dialect)) {
        auto const &wanted = index.columns;
        bool const found = std::any_of(actual.indexes.begin(), actual.indexes.end(), [&](Names const &have) {
            return have.size() >= wanted.size() && std::equal(wanted.begin(), wanted.end(), have.begin());
        });
        if (!found) out.push_back(std::move(index));
    }
    return out;
}

} // namespace dbb::butler
