/// \file
/// What the two databases write in different ways.
///
/// A time span is two columns timespan_begin, timespan_end in SQLite, with 0 and 4102444800000000000 for open
/// sides and the begin behind the end for the empty one, and one int8range column timespan in PostgreSQL. All
/// code has the two values; here they become what the database has.
#pragma once

#include "butler/schema.h"
#include "butler/table_spec.h"
#include "sql/database.h"

#include <string>
#include <vector>

namespace dbb::butler {

/// The table of an element, to be selected from, with the two columns of its time span.
std::string readable(Element const &element, sql::Dialect dialect);
/// The same of any table that has a time span.
std::string withTimespan(std::string const &table, sql::Dialect dialect);

/// A column to be written, and the expression that is written, whose parameters begin at `?<first>`.
struct WrittenColumn {
    std::string name; ///< quoted
    std::string expression;
};
/// \param mark  what stands before the number of a parameter
std::vector<WrittenColumn> written(RecordColumn const &column, std::size_t first, sql::Dialect dialect,
                                   std::string const &mark = "?");

/// Types of the values for the columns of a table, a time span being two, as a server names them. Texts are
/// of any length: a server that was told one would cut them off.
std::vector<std::string> valueTypes(TableSpec const &table);

/// Names of all tables, in bytewise order.
std::vector<std::string> tableNames(sql::Database &db);

/// Names of the tables that begin with a text and have a column, in order.
std::vector<std::string> tablesWith(sql::Database &db, std::string const &prefix, std::string const &column);

/// The condition that a path is that of a file, or of a member of it; parameters: those of pathsOfFile().
/// \param column  of paths
std::string isOfFile(std::string const &column, sql::Dialect dialect);
/// \param stored  path as recorded, a member's or the file's
std::vector<sql::Value> pathsOfFile(std::string const &stored);

/// A join whose tables SQLite must take in the order in which they stand; a server decides by itself.
std::string joinInOrder(sql::Dialect dialect);

/// Rows of an array of integers, to be selected from as `j.value`; its one parameter is the array as JSON.
std::string rowsOfArray(sql::Dialect dialect);

/// A UUID as text with hyphens. \param column  of a UUID
std::string uuidText(std::string const &column, sql::Dialect dialect);

} // namespace dbb::butler
