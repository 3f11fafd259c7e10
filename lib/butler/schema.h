/// \file
/// The tables of a repository: the only file that makes SQL out of a dimension universe.
/// Layout and names: as lsst.daf.butler 30 creates them; the text is compared with it in tests/data/butler.
#pragma once

#include "butler/table_spec.h"
#include "butler/universe.h"
#include "sql/database.h"

#include <string>
#include <vector>

namespace dbb::butler {

/// Version of the datasets manager: 1 keeps `ingest_date` as a timestamp, 2 as TAI nanoseconds.
enum class DatasetsManager { V1 = 1, V2 = 2 };

/// The declared type, in upper case, of dataset.ingest_date when it is not how a manager keeps dates; empty
/// when all is well, when there is no such column, and where the database itself refuses values of another
/// kind.
std::string contradictingDateType(sql::Database &db, DatasetsManager manager);

/// Statements that create the tables of an empty repository with their indexes, in the order in which foreign
/// keys need them. \return CREATE statements without semicolons
std::vector<std::string> staticTables(Universe const &universe, sql::Dialect dialect,
                                      DatasetsManager manager = DatasetsManager::V2);

/// Statements that create `file_datastore_records` (or the table of another datastore).
std::vector<std::string> recordsTable(std::string const &name, sql::Dialect dialect);

/// Names of the association tables of a dimension group: dataset_tags_00000001, dataset_calibs_00000001.
std::string tagsTableName(std::int64_t dimensionsKey);
std::string calibsTableName(std::int64_t dimensionsKey);

/// Statements that create the association tables of a dimension group.
std::vector<std::string> tagsTable(Universe const &universe, DimensionGroup const &group,
                                   std::int64_t dimensionsKey, sql::Dialect dialect);
std::vector<std::string> calibsTable(Universe const &universe, DimensionGroup const &group,
                                     std::int64_t dimensionsKey, sql::Dialect dialect);

/// The same tables as what they consist of, for comparing.
std::vector<TableSpec> staticTableSpecs(Universe const &universe, DatasetsManager manager);
TableSpec recordsTableSpec(std::string const &name);
TableSpec tagsTableSpec(Universe const &universe, DimensionGroup const &group, std::int64_t dimensionsKey);
TableSpec calibsTableSpec(Universe const &universe, DimensionGroup const &group, std::int64_t dimensionsKey);

/// A column of an element's own table.
struct RecordColumn {
    std::string name;      ///< column name; a temporal element has `timespan` as one entry, last
    Column type;           ///< type, length
    bool key = false;      ///< part of the primary key
    bool implied = false;  ///< an implied dimension: never null
    bool timespan = false; ///< stands for timespan_begin, timespan_end (SQLite) or an int8range (PostgreSQL)
};

/// The table of an element that has one; its columns are those of recordColumns().
TableSpec elementTableSpec(Universe const &universe, Element const &element);

/// Columns of an element's table in their order: required, implied, further keys, metadata, region, timespan.
std::vector<RecordColumn> recordColumns(Universe const &universe, Element const &element);

} // namespace dbb::butler
