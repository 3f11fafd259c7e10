/// \file
/// How the records of one element are written to and read from its table.
#pragma once

#include "butler/dimension_records.h"
#include "butler/schema.h"

#include <string>
#include <vector>

namespace dbb::butler {

/// Columns and prepared statements of one element. Statements live in the connection's cache.
struct RecordPlan {
    Element const *element = nullptr;
    std::vector<RecordColumn> columns;
    std::size_t key_size = 0;             ///< the first columns are the primary key
    std::vector<std::size_t> first_value; ///< of each column in the list of database values
    std::vector<std::string> database_columns;
    std::vector<std::string> key_columns;
    std::string source; ///< what to select the database columns from
    std::string insert_text;
    sql::RowsInsert
        rows_insert; ///< the same of many, without the rows; gives back the keys of those that are new
    sql::Statement *insert = nullptr; ///< of all database columns, does nothing when a key exists
    std::string select_text;
    sql::Statement *select = nullptr; ///< all database columns by primary key
    std::vector<std::string>
        summaries; ///< statements that write a governor's rows in the summaries of overlaps
};

/// \throws Error BAD_VALUE for an element that is unknown or has no table
RecordPlan makePlan(Repository const &repo, std::string_view element);

/// `exposure (instrument="X", id=1)`, for messages.
std::string described(RecordPlan const &plan, std::vector<sql::Value> const &values);

/// A JSON value for messages: text in quotes, not escaped.
std::string shown(common::Json const &value);

/// Values of all database columns of a record.
/// \throws Error as appendValues, BAD_VALUE for keys that are no columns
std::vector<sql::Value> valuesOf(RecordPlan const &plan, DimensionRecord const &record);

/// The primary key out of the values of all database columns.
std::vector<sql::Value> keyOf(RecordPlan const &plan, std::vector<sql::Value> const &values);

/// A record out of a row that has the database columns of `columns` in their order.
DimensionRecord recordOf(std::vector<RecordColumn> const &columns, sql::Statement const &row);

/// `"a" = ? AND "b" = ?` and `"a", "b"`.
std::string equalities(std::vector<std::string> const &names);
std::string quotedList(std::vector<std::string> const &names);

} // namespace dbb::butler
