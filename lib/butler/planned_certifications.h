/// \file
/// Validity that a dry run would have given and taken, for what comes after it.
#pragma once

#include "sql/database.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dbb::butler {

/// For what time a dataset is certified: TAI nanoseconds, the end not included.
struct CertifiedRow {
    std::string id; ///< 32 digits
    std::int64_t begin_ns = 0;
    std::int64_t end_ns = 0;
};

class PlannedCertifications {
public:
    /// \param db  gets a table for it; must live as long
    explicit PlannedCertifications(sql::Database &db);

    /// What would be certified in a collection. \param dataset  type and data ID, as described() \return
    /// empty when nothing was planned there
    std::vector<CertifiedRow> find(std::string const &collection, std::string const &dataset) const;
    /// All that would be certified there from here on.
    void set(std::string const &collection, std::string const &dataset,
             std::vector<CertifiedRow> const &rows);

private:
    sql::Database &_db;
};

} // namespace dbb::butler
