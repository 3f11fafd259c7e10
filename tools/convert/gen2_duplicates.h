/// \file
/// Files of one data ID: which of them come together is known before the first is told. What is remembered
/// waits in a temporary file, so that memory stays bounded.
#pragma once

#include "convert/gen2_finding.h"

#include <memory>
#include <optional>
#include <string>

namespace dbb::convert {

class Duplicates {
public:
    Duplicates();
    ~Duplicates();

    /// A file in the first of two passes over the repository.
    void see(Finding const &finding);
    /// Whether there are any.
    bool any() const { return _any; }
    /// Path of another file with the same dataset type, run and data ID; nullopt when there is none.
    std::optional<std::string> otherThan(Finding const &finding);

    /// Remember that the file of a row of the registry was found at another path.
    void foundElsewhere(std::int64_t rowid);
    bool wasFoundElsewhere(std::int64_t rowid);

private:
    static std::string keyOf(Finding const &finding);

    std::unique_ptr<sql::Database> _db;
    bool _any = false;
    bool _anyElsewhere = false;
};

} // namespace dbb::convert
