/// \file
/// Dimension records that a dry run would have made, for what comes after them.
#pragma once

#include "butler/dimension_records.h"
#include "butler/universe.h"
#include "sql/database.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::butler {

/// Keeps them in a temporary file, since there may be many.
class PlannedRecords {
public:
    /// \param universe  must live as long
    explicit PlannedRecords(Universe const &universe);

    /// Remember a record, by its primary key.
    void add(std::string_view element, DimensionRecord const &record);
    /// The record with these required values (in universe order), nullopt when none was planned.
    std::optional<DimensionRecord> find(std::string_view element, std::vector<common::Json> const &key) const;

private:
    Universe const &_universe;
    std::unique_ptr<sql::Database> _db;
};

} // namespace dbb::butler
