#include "butler/actual_schema.h"

#include "common/text.h"

#include <algorithm>
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
    db.cached("SELECT name, \"notnull\", pk FROM pragma_table_info(?)")
        .query({name}, [&](Statement const &row) {
            out.columns.insert(row.text(0));
            if (row.integer(1) != 0) out.not_null.insert(row.text(0));
            if (row.integer(2) != 0) out.key.insert(row.text(0));
        });
    if (!out.key.empty()) out.uniques.insert(out.key); // an integer key has no index of its own
    readIndexes(db, name, out);
    std::map<std::int64_t, ActualTable::Reference> references;
    db.cached("SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?)")
        .query({name}, [&](Statement const &row) {
            auto &reference = references[row.integer(0)];
            reference.first = row.text(1);
            reference.second.emplace(row.text(2), row.text(3));
        });
    for (auto &[id, reference] : references) out.references.insert(std::move(reference));
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
        if (actual.references.contains(referenceOf(fk))) continue;
        out.push_back("foreign key " + shown(fk.source) + " to " + fk.table + " " + shown(fk.target));
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
