/// \file
/// The columns that a run asks for: read, chosen, shown.
#pragma once

#include "telemetry/column.h"

#include <set>
#include <string>
#include <vector>

namespace dbb::efd {

struct ColumnChoice {
    std::string file;                ///< "-" is standard input
    std::string compat{};            ///< "consdb": what ConsDB's own programs would have computed
    std::vector<std::string> only{}; ///< patterns of names; none: all columns
};

/// The chosen columns in the order of the file. \param in  standard input
/// \throws Error USAGE (exit 2) when the file can't be read, or for a pattern that no column matches
std::vector<telemetry::Column> chosenColumns(ColumnChoice const &choice, int in);

/// Say which columns windows ask for that are not there. \param asked  names \param columns  chosenColumns()
void warnOfUnknown(std::vector<std::set<std::string>> const &asked,
                   std::vector<telemetry::Column> const &columns, ColumnChoice const &choice);

/// A line of type column: what a column asks for, as the program has understood it.
std::string columnLine(telemetry::Column const &column);

} // namespace dbb::efd
