/// \file
/// Findings on their way from the query that found them to the report: in a file of their own, so that memory
/// does not grow with them and the query can end before anybody waits for the report's reader.
#pragma once

#include "butler/check_parts.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace dbb::butler {

class Spool {
public:
    Spool();

    /// Forget everything and take new findings.
    void start();
    /// Of several findings with the same name and place the first is kept.
    void add(Finding const &finding);
    void finish();

    /// The next findings, in the order in which they were added; none: that was all.
    std::vector<Finding> next(std::size_t most);

private:
    std::unique_ptr<sql::Database> _db;
    std::int64_t _last = 0;
};

} // namespace dbb::butler
