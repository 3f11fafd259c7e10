/// \file
/// Dimension records that a dry run would have made or changed, for what comes after them.
#pragma once

#include "butler/dimension_records.h"
#include "butler/universe.h"
#include "sql/database.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::butler {

class PlannedRecords {
public:
    /// \param universe  like `db`, which gets tables for it, must live as long
    PlannedRecords(Universe const &universe, sql::Database &db);

    /// Remember a record, by its keys, in place of one with its primary key.
    void add(std::string_view element, DimensionRecord const &record);
    /// The record with these required values (in universe order), nullopt when none was planned.
    std::optional<DimensionRecord> find(std::string_view element, std::vector<common::Json> const &key) const;
    /// The record that has a record's primary key.
    std::optional<DimensionRecord> findLike(std::string_view element, DimensionRecord const &record) const;
    /// As DimensionRecords::findBy().
    std::optional<DimensionRecord> findBy(std::string_view element, std::string const &alternate,
                                          std::vector<common::Json> const &key) const;

private:
    std::vector<common::Json> keyOf(Element const &element, DimensionRecord const &record,
                                    std::string const &last) const;

    Universe const &_universe;
    sql::Database &_db;
};

} // namespace dbb::butler
