/// \file
/// A table for people: aligned columns, headings, no lines, cells safe for a terminal.
#pragma once

#include "common/lines.h"

#include <string>
#include <vector>

namespace dbb::common {

class TextTable {
public:
    explicit TextTable(std::vector<std::string> headings) : _headings(std::move(headings)) {}

    /// Add a row with as many cells as there are headings.
    void add(std::vector<std::string> cells);
    bool empty() const { return _rows.empty(); }

    /// Print headings and rows; nothing when there are no rows. A terminal gets no line that is wider than
    /// it.
    void print(Output &out) const;

private:
    std::vector<std::string> _headings;
    std::vector<std::vector<std::string>> _rows;
};

} // namespace dbb::common
