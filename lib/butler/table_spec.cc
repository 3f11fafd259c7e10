#include "butler/table_spec.h"

#include "common/checksum.h"
#include "common/text.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace dbb::butler {

using common::join;
using sql::Dialect;

namespace {

using Names = std::vector<std::string>;

/// A name as SQLAlchemy writes it: quoted only where it must be, so that our text equals the Butler's.
std::string quoted(std::string const &name) {
    static std::set<std::string_view> const reserved{
        "add",      "all",     "alter",  "and",    "as",     "asc",    "between", "by",         "case",
        "check",    "collate", "column", "commit", "create", "cross",  "default", "delete",     "desc",
        "distinct", "drop",    "else",   "end",    "except", "exists", "for",     "foreign",    "from",
        "full",     "group",   "having", "in",     "index",  "inner",  "insert",  "into",       "is",
        "isnull",   "join",    "key",    "left",   "like",   "limit",  "natural", "not",        "notnull",
        "null",     "offset",  "on",     "or",     "order",  "outer",  "primary", "references", "right",
        "rollback", "select",  "set",    "table",  "then",   "to",     "trigger", "true",       "false",
        "union",    "unique",  "update", "user",   "using",  "values", "view",    "when",       "where"};
    bool const plain =
        !name.empty() && (name[0] < '0' || name[0] > '9')
        && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    return plain && !reserved.contains(name) ? name : sql::quoteIdentifier(name);
}

std::string quotedNames(Names const &names) {
    Names out;
    for (auto const &name : names) out.push_back(quoted(name));
    return join(out, ", ");
}

std::string typeName(ColumnSpec const &column, Dialect dialect) {
    bool const lite = dialect == Dialect::Sqlite;
    switch (column.type) {
    case SqlType::SmallInt: return "SMALLINT";
    case SqlType::Text: return "TEXT";
    case SqlType::String:
        return column.length > 32 || column.length == 0 ? "TEXT"
                                                        : "VARCHAR(" + std::to_string(column.length) + ")";
    case SqlType::Float: return lite ? "FLOAT" : "DOUBLE PRECISION";
    case SqlType::Bool: return "BOOLEAN";
    case SqlType::Uuid: return lite ? "CHAR(32)" : "UUID";
    case SqlType::Blob: return lite ? "BLOB" : "BYTEA";
    case SqlType::AutoKey: return lite ? "INTEGER" : "BIGINT";
    case SqlType::Timestamp: return lite ? "TIMESTAMP" : "TIMESTAMP WITHOUT TIME ZONE";
    case SqlType::Timespan: return "INT8RANGE";
    case SqlType::BigInt: break;
    }
    return "BIGINT";
}

std::string columnText(std::string const &name, std::string const &type, std::string const &defaultText,
                       bool notNull) {
    return quoted(name) + " " + type + (defaultText.empty() ? "" : " DEFAULT " + defaultText)
           + (notNull ? " NOT NULL" : "");
}

void addColumn(ColumnSpec const &column, Dialect dialect, Names &lines) {
    auto const &c = column;
    if (c.type == SqlType::Timespan && dialect == Dialect::Sqlite) {
        lines.push_back(columnText(timespanBegin, "BIGINT", c.has_default ? "0" : "", c.not_null));
        lines.push_back(
            columnText(timespanEnd, "BIGINT", c.has_default ? "4102444800000000000" : "", c.not_null));
        return;
    }
    std::string text;
    if (c.has_default && c.type == SqlType::Timespan) text = "'(,)'::int8range";
    if (c.has_default && c.type == SqlType::Timestamp) {
        text = dialect == Dialect::Sqlite ? "CURRENT_TIMESTAMP" : "now()";
    }
    lines.push_back(columnText(c.name, typeName(c, dialect), text, c.not_null));
}

/// Names of columns with a time span's name replaced by those of its columns.
Names expanded(TableSpec const &table, Names const &names, Dialect dialect) {
    Names out;
    for (auto const &name : names) {
        auto const at = std::find_if(table.columns.begin(), table.columns.end(),
                                     [&](ColumnSpec const &c) { return c.name == name; });
        if (dialect == Dialect::Sqlite && at != table.columns.end() && at->type == SqlType::Timespan) {
            out.insert(out.end(), {timespanBegin, timespanEnd});
        } else {
            out.push_back(name);
        }
    }
    return out;
}

std::string constraint(std::string const &name, Dialect dialect, std::string const &body) {
    return "CONSTRAINT " + quoted(shortened(name, dialect)) + " " + body;
}

void addChecks(TableSpec const &table, Dialect dialect, Names &lines) {
    // PostgreSQL has the length in the type.
    if (dialect != Dialect::Sqlite) return;
    for (auto const &column : table.columns) {
        if (!isChecked(column)) continue;
        auto const length = "length(" + sql::quoteIdentifier(column.name) + ")";
        lines.push_back(constraint(table.name + "_len_" + column.name, dialect,
                                   "CHECK (" + length + "<=" + std::to_string(column.length) + " AND "
                                       + length + ">=1)"));
    }
}

void addForeignKeys(TableSpec const &table, Dialect dialect, Names &lines) {
    for (auto const &fk : table.foreign_keys) {
        auto const name =
            "fkey_" + table.name + "_" + fk.table + "_" + join(fk.target, "_") + "_" + join(fk.source, "_");
        lines.push_back(constraint(name, dialect,
                                   "FOREIGN KEY(" + quotedNames(fk.source) + ") REFERENCES "
                                       + quoted(fk.table) + " (" + quotedNames(fk.target) + ")"
                                       + (fk.cascade ? " ON DELETE CASCADE" : "")));
    }
}

std::string createIndex(TableSpec const &table, std::string const &kind, Names const &columns,
                        Dialect dialect) {
    auto const name = shortened(table.name + kind + join(columns, "_"), dialect);
    return "CREATE INDEX " + quoted(name) + " ON " + quoted(table.name) + " (" + quotedNames(columns) + ")";
}

} // namespace

bool isChecked(ColumnSpec const &column) {
    return column.type == SqlType::String && column.length > 0 && column.length <= 32;
}

std::string shortened(std::string const &name, Dialect dialect) {
    constexpr std::size_t most = 63;
    constexpr std::size_t digestBytes = 4;
    if (dialect == Dialect::Sqlite || name.size() <= most) return name;
    return name.substr(0, most - 2 * digestBytes - 1) + "_"
           + common::toHex(common::blake2b(name, digestBytes));
}

std::vector<std::string> createStatements(TableSpec const &table, Dialect dialect) {
    Names out;
    Names lines;
    for (auto &sequence : sequencesOf(table, dialect)) out.push_back(std::move(sequence.statement));
    for (auto const &column : table.columns) addColumn(column, dialect, lines);
    lines.push_back("PRIMARY KEY (" + quotedNames(primaryKey(table)) + ")");
    addChecks(table, dialect, lines);
    for (auto const &columns : table.uniques) {
        lines.push_back(constraint(table.name + "_unq_" + join(columns, "_"), dialect,
                                   "UNIQUE (" + quotedNames(columns) + ")"));
    }
    addForeignKeys(table, dialect, lines);
    out.push_back("CREATE TABLE " + quoted(table.name) + " (\n\t" + join(lines, ", \n\t") + "\n)");

    for (auto &index : indexesOf(table, dialect)) out.push_back(std::move(index.statement));
    return out;
}

std::vector<IndexSpec> indexesOf(TableSpec const &table, Dialect dialect) {
    std::vector<IndexSpec> out;
    std::set<Names> covered(table.uniques.begin(), table.uniques.end());
    covered.insert(primaryKey(table));
    for (auto const &index : table.indexes) {
        auto const columns = expanded(table, index, dialect);
        covered.insert(columns);
        out.push_back({columns, createIndex(table, "_idx_", columns, dialect)});
    }
    for (auto const &fk : table.foreign_keys) {
        if (covered.insert(fk.source).second) {
            out.push_back({fk.source, createIndex(table, "_fkidx_", fk.source, dialect)});
        }
    }
    return out;
}

std::vector<SequenceSpec> sequencesOf(TableSpec const &table, Dialect dialect) {
    std::vector<SequenceSpec> out;
    if (dialect == Dialect::Sqlite) return out;
    for (auto const &column : table.columns) {
        if (column.type != SqlType::AutoKey) continue;
        auto const name = shortened(table.name + "_seq_" + column.name, dialect);
        out.push_back({name, column.name, "CREATE SEQUENCE " + quoted(name)});
    }
    return out;
}

std::string unlessThere(std::string const &statement) {
    auto const words = statement.find(' ', sizeof "CREATE"); // behind CREATE TABLE, INDEX or SEQUENCE
    return statement.substr(0, words) + " IF NOT EXISTS" + statement.substr(words);
}

Names databaseColumns(TableSpec const &table, Dialect dialect) {
    Names out;
    for (auto const &column : table.columns) out.push_back(column.name);
    return expanded(table, out, dialect);
}

std::map<std::string, std::string> databaseTypes(TableSpec const &table, Dialect dialect) {
    std::map<std::string, std::string> out;
    for (auto const &column : table.columns) {
        if (column.type == SqlType::Timespan && dialect == Dialect::Sqlite) {
            out[timespanBegin] = out[timespanEnd] = "BIGINT";
        } else {
            out[column.name] = typeName(column, dialect);
        }
    }
    return out;
}

Names primaryKey(TableSpec const &table) {
    Names out;
    for (auto const &column : table.columns) {
        if (column.key) out.push_back(column.name);
    }
    return out;
}

std::vector<TableSpec> inCreationOrder(std::vector<TableSpec> tables) {
    std::vector<TableSpec> out;
    std::set<std::string> waiting;
    for (auto const &table : tables) waiting.insert(table.name);
    while (!tables.empty()) {
        auto const ready = [&](TableSpec const &table) {
            return std::none_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                                [&](ForeignKeySpec const &fk) { return waiting.contains(fk.table); });
        };
        auto const rest = std::stable_partition(tables.begin(), tables.end(), ready);
        if (rest == tables.begin()) break; // a circle, which no universe makes
        for (auto at = tables.begin(); at != rest; ++at) waiting.erase(at->name);
        std::move(tables.begin(), rest, std::back_inserter(out));
        tables.erase(tables.begin(), rest);
    }
    return out;
}

} // namespace dbb::butler
