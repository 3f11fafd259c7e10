/// \file
/// The tables of a database as they are, and how they compare with what they should be.
#pragma once

#include "butler/table_spec.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace dbb::butler {

/// A foreign key of a table as it is. Its columns are in the order in which it was declared.
struct ActualForeignKey {
    ForeignKeySpec key;
    bool in_force = true; ///< false: rows that break it may be there, or may come (NOT VALID, disabled)
};

/// What a table consists of; orders and names of constraints do not count, since releases differ in them.
struct ActualTable {
    bool exists = false;
    std::set<std::string> columns;
    std::map<std::string, std::string> types;      ///< declared, in upper case
    std::map<std::string, int> lengths;            ///< most characters of texts for which that is checked
    std::set<std::string> not_null;                ///< columns that are declared so
    std::vector<std::string> key;                  ///< in the order of the columns
    std::set<std::set<std::string>> uniques;       ///< column sets of unique indexes, the key's included
    std::vector<std::vector<std::string>> indexes; ///< columns of all indexes, in order
    std::vector<ActualForeignKey> foreign_keys;    ///< in SQLite by their numbers
};

/// Tables by name, among them this one when it is there: a server is asked for all of them at once.
std::map<std::string, ActualTable> readTables(sql::Database &db, std::string const &name);

/// Whether two foreign keys join the same columns of the same tables.
bool sameReference(ForeignKeySpec const &a, ForeignKeySpec const &b);

/// Whether the table is there with exactly the columns that it should have, as the Butler compares them.
bool sameColumns(TableSpec const &spec, ActualTable const &actual, sql::Dialect dialect);

/// What is missing: `primary key (a, b)`, `unique (a, b)`, `foreign key (a) to t (b)`, `ON DELETE CASCADE of
/// …`, `NOT NULL of a`, `CHECK (length(a) <= 32)`. What is not in force counts as missing.
std::vector<std::string> missingConstraints(TableSpec const &spec, ActualTable const &actual);

/// Columns whose declared type makes the database store something else: `a is BLOB instead of TEXT`. Names
/// that mean the same, which differ between releases, do not count.
std::vector<std::string> wrongTypes(TableSpec const &spec, ActualTable const &actual, sql::Dialect dialect);

/// Indexes that no other index of the table can stand in for.
std::vector<IndexSpec> missingIndexes(TableSpec const &spec, ActualTable const &actual, sql::Dialect dialect);

} // namespace dbb::butler
