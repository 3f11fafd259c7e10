#include "butler/actual_schema.h"

#include "common/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>
#include <map>
#include <utility>

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
void readLengths(sql::Database &db, std::string const &table, ActualTable &out) {
    std::string text;
    db.cached("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?")
        .query({table}, [&](Statement const &row) { text = row.text(0); });
    std::erase_if(text, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"'; });
    for (auto const &column : out.columns) {
        auto const check = "length(" + column + ")<=";
        auto const at = text.find(check);
        if (at == std::string::npos) continue;
        int most = 0;
        std::from_chars(text.data() + at + check.size(), text.data() + text.size(), most);
        out.lengths[column] = most;
    }
}

void readForeignKeys(sql::Database &db, std::string const &table, ActualTable &out) {
    std::map<std::int64_t, ForeignKeySpec> keys;
    db.cached("SELECT id, \"table\", \"from\", \"to\", upper(on_delete) = 'CASCADE' FROM "
              "pragma_foreign_key_list(?) ORDER BY id, seq")
        .query({table}, [&](Statement const &row) {
            auto &key = keys[row.integer(0)];
            key.table = row.text(1);
            key.source.push_back(row.text(2));
            key.target.push_back(row.text(3));
            key.cascade = row.integer(4) != 0;
        });
    for (auto &[id, key] : keys) out.foreign_keys.push_back({std::move(key)});
}

ActualTable readSqlite(sql::Database &db, std::string const &name) {
    ActualTable out;
    out.exists = db.hasTable(name);
    if (!out.exists) return out;
    db.cached("SELECT name, \"notnull\", pk, upper(type) FROM pragma_table_info(?) ORDER BY cid")
        .query({name}, [&](Statement const &row) {
            out.columns.insert(row.text(0));
            out.types[row.text(0)] = row.text(3);
            if (row.integer(1) != 0) out.not_null.insert(row.text(0));
            if (row.integer(2) != 0) out.key.push_back(row.text(0));
        });
    if (!out.key.empty()) out.uniques.insert(setOf(out.key)); // an integer key has no index of its own
    readLengths(db, name, out);
    readIndexes(db, name, out);
    readForeignKeys(db, name, out);
    return out;
}

/// Answers of a server about all tables of the current schema, whose names come first.
class ServerTables {
public:
    std::map<std::string, ActualTable> read(sql::Database &db) {
        std::vector<sql::Asked> asked{columns(), keys(), indexes(), foreignKeys()};
        std::size_t failed = 0;
        db.askTogether(asked, failed);
        for (auto &[number, index] : _indexes) {
            auto &table = _tables[index.table];
            if (index.unique) table.uniques.insert(setOf(index.columns));
            table.indexes.push_back(std::move(index.columns));
        }
        for (auto &[number, key] : _foreignKeys)
            _tables[key.table].foreign_keys.push_back(std::move(key.foreign_key));
        return std::move(_tables);
    }

private:
    struct Index {
        std::string table;
        Names columns;
        bool unique = false;
    };
    struct ForeignKey {
        std::string table;
        ActualForeignKey foreign_key;
    };

    static sql::Asked question(std::string const &text, std::string const &order,
                               std::function<void(Statement const &)> row) {
        return {.text = text
                        + " AND t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace ORDER BY "
                        + order,
                .parameters = {},
                .row = std::move(row)};
    }

    sql::Asked columns() {
        // The modifier of a VARCHAR is its length and four bytes.
        return question(
            "SELECT t.relname, a.attname, replace(upper(format_type(a.atttypid, a.atttypmod)), 'CHARACTER "
            "VARYING', 'VARCHAR'), a.attnotnull, CASE WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > "
            "0 THEN a.atttypmod - 4 END FROM pg_class AS t JOIN pg_attribute AS a ON a.attrelid = t.oid "
            "WHERE "
            "a.attnum > 0 AND NOT a.attisdropped",
            "t.oid, a.attnum", [this](Statement const &row) {
                auto &table = _tables[row.text(0)];
                auto const name = row.text(1);
                table.exists = true;
                table.columns.insert(name);
                table.types[name] = row.text(2);
                if (row.integer(3) != 0) table.not_null.insert(name);
                if (!row.isNull(4)) table.lengths[name] = static_cast<int>(row.integer(4));
            });
    }

    sql::Asked keys() {
        return question(
            "SELECT t.relname, a.attname FROM pg_class AS t JOIN pg_index AS i ON i.indrelid = t.oid "
            "JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey) WHERE "
            "i.indisprimary",
            "t.oid, a.attnum",
            [this](Statement const &row) { _tables[row.text(0)].key.push_back(row.text(1)); });
    }

    sql::Asked indexes() {
        return question(
            "SELECT t.relname, i.indexrelid::bigint, i.indisunique, a.attname FROM pg_class AS t JOIN "
            "pg_index "
            "AS i ON i.indrelid = t.oid CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, n) "
            "JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.attnum WHERE i.indpred IS NULL "
            "AND "
            "i.indexprs IS NULL AND k.n <= i.indnkeyatts",
            "i.indexrelid, k.n", [this](Statement const &row) {
                auto &index = _indexes[row.integer(1)];
                index.table = row.text(0);
                index.unique = row.integer(2) != 0;
                index.columns.push_back(row.text(3));
            });
    }

    sql::Asked foreignKeys() {
        return question(
            "SELECT t.relname, c.oid::bigint, p.relname, a.attname, b.attname, c.confdeltype = 'c', "
            "c.convalidated AND NOT EXISTS (SELECT 1 FROM pg_trigger AS g WHERE g.tgconstraint = c.oid AND "
            "g.tgenabled = 'D') FROM pg_class AS t JOIN pg_constraint AS c ON c.conrelid = t.oid CROSS JOIN "
            "LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(source, target, n) JOIN pg_class AS p "
            "ON p.oid = c.confrelid JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.source "
            "JOIN "
            "pg_attribute AS b ON b.attrelid = p.oid AND b.attnum = k.target WHERE c.contype = 'f'",
            "c.oid, k.n", [this](Statement const &row) {
                auto &[table, foreignKey] = _foreignKeys[row.integer(1)];
                table = row.text(0);
                foreignKey.key.table = row.text(2);
                foreignKey.key.source.push_back(row.text(3));
                foreignKey.key.target.push_back(row.text(4));
                foreignKey.key.cascade = row.integer(5) != 0;
                foreignKey.in_force = row.integer(6) != 0;
            });
    }

    std::map<std::string, ActualTable> _tables;
    std::map<std::int64_t, Index> _indexes;          // by object number
    std::map<std::int64_t, ForeignKey> _foreignKeys; // the same
};

/// What SQLite makes of a declared type (https://sqlite.org/datatype3.html, part 3.1).
std::string affinityOf(std::string const &type) {
    auto const has = [&](char const *part) { return type.find(part) != std::string::npos; };
    if (has("INT")) return "INTEGER";
    if (has("CHAR") || has("CLOB") || has("TEXT")) return "TEXT";
    if (has("BLOB") || type.empty()) return "BLOB";
    if (has("REAL") || has("FLOA") || has("DOUB")) return "REAL";
    return "NUMERIC";
}

/// Whether a column of a declared type stores what one of another type would.
bool storesAs(std::string const &type, std::string const &wanted, sql::Dialect dialect) {
    if (type == wanted) return true;
    if (dialect == sql::Dialect::Sqlite) {
        // Only a key of this very name is given out by SQLite itself.
        return wanted != "INTEGER" && affinityOf(type) == affinityOf(wanted);
    }
    auto const isText = [](std::string const &name) { return name == "TEXT" || name.starts_with("VARCHAR"); };
    if (isText(type) && isText(wanted)) return true; // how long it may be is a constraint
    return wanted == "SMALLINT" && (type == "INTEGER" || type == "BIGINT");
}

std::set<std::pair<std::string, std::string>> pairsOf(ForeignKeySpec const &key) {
    std::set<std::pair<std::string, std::string>> out;
    for (std::size_t i = 0; i < key.source.size(); ++i) out.emplace(key.source[i], key.target[i]);
    return out;
}

} // namespace

std::map<std::string, ActualTable> readTables(sql::Database &db, std::string const &name) {
    if (db.dialect() == sql::Dialect::Postgres) return ServerTables().read(db);
    std::map<std::string, ActualTable> out;
    out[name] = readSqlite(db, name);
    return out;
}

bool sameReference(ForeignKeySpec const &a, ForeignKeySpec const &b) {
    return a.table == b.table && pairsOf(a) == pairsOf(b);
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
        auto const found =
            std::find_if(actual.foreign_keys.begin(), actual.foreign_keys.end(),
                         [&](ActualForeignKey const &a) { return a.in_force && sameReference(a.key, fk); });
        if (found == actual.foreign_keys.end()) {
            out.push_back(text);
        } else if (fk.cascade && !found->key.cascade) {
            out.push_back("ON DELETE CASCADE of " + text);
        }
    }
    for (auto const &column : spec.columns) {
        // Old releases left NOT NULL out of keys; NULL there is a damage of its own.
        bool const nullable =
            !column.not_null || column.key || column.nullable_elsewhere || column.type == SqlType::Timespan;
        if (!nullable && !actual.not_null.contains(column.name)) out.push_back("NOT NULL of " + column.name);
        auto const length = actual.lengths.find(column.name);
        if (isChecked(column) && (length == actual.lengths.end() || length->second != column.length)) {
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
        if (!storesAs(type, wanted, dialect))
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
