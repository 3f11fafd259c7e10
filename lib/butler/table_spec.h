/// \file
/// A table as the Butler describes it, and its CREATE statements in either dialect with the Butler's names of
/// constraints and indexes.
#pragma once

#include "sql/database.h"

#include <map>
#include <string>
#include <vector>

namespace dbb::butler {

enum class SqlType { BigInt, SmallInt, Text, String, Float, Bool, Uuid, Blob, AutoKey, Timestamp, Timespan };

struct ColumnSpec {
    std::string name;
    SqlType type = SqlType::Text;
    int length = 0; ///< of a String: up to 32 characters are checked, longer ones are stored as Text
    bool not_null = false;
    bool key = false;                ///< part of the primary key
    bool has_default = false;        ///< of a Timespan (unbounded) or Timestamp (now)
    bool nullable_elsewhere = false; ///< NOT NULL in tables that we make, not in those of all releases
};

struct ForeignKeySpec {
    std::string table;
    std::vector<std::string> source;
    std::vector<std::string> target;
    bool cascade = false;
};

struct TableSpec {
    std::string name;
    std::vector<ColumnSpec> columns;
    std::vector<std::vector<std::string>> uniques;
    std::vector<std::vector<std::string>> indexes; ///< a Timespan column stands under its own name
    std::vector<ForeignKeySpec> foreign_keys;
};

/// CREATE TABLE with the sequences before it and the indexes after it.
std::vector<std::string> createStatements(TableSpec const &table, sql::Dialect dialect);

/// An index beside those that keys and constraints bring with them.
struct IndexSpec {
    std::vector<std::string> columns;
    std::string statement; ///< CREATE INDEX
};
std::vector<IndexSpec> indexesOf(TableSpec const &table, sql::Dialect dialect);

/// What gives out the ids of a table where the database does not do it by itself (PostgreSQL).
struct SequenceSpec {
    std::string name;
    std::string column;    ///< of the ids
    std::string statement; ///< CREATE SEQUENCE
};
std::vector<SequenceSpec> sequencesOf(TableSpec const &table, sql::Dialect dialect);

/// A CREATE statement that does nothing when what it makes is there.
std::string unlessThere(std::string const &statement);

/// Names of all columns, and of those of the primary key, as the dialect has them.
std::vector<std::string> databaseColumns(TableSpec const &table, sql::Dialect dialect);
std::vector<std::string> primaryKey(TableSpec const &table);

/// Declared types of all columns, by name.
std::map<std::string, std::string> databaseTypes(TableSpec const &table, sql::Dialect dialect);

/// Whether the length of a column's texts is checked.
bool isChecked(ColumnSpec const &column);

/// The tables in the order in which SQLAlchemy creates them: rounds of those whose referenced tables are
/// there.
std::vector<TableSpec> inCreationOrder(std::vector<TableSpec> tables);

/// A name as this dialect can hold it: PostgreSQL cuts at 63 characters, so longer ones end in a digest.
std::string shortened(std::string const &name, sql::Dialect dialect);

/// Names of the two columns of a time span where there is no range type.
inline constexpr char const *timespanBegin = "timespan_begin";
inline constexpr char const *timespanEnd = "timespan_end";

} // namespace dbb::butler
