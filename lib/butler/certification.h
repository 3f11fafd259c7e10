/// \file
/// Validity of calibrations: which dataset is good for which time in a CALIBRATION collection.
#pragma once

#include "butler/collections.h"
#include "butler/datasets.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/uuid.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dbb::butler {

/// A dataset and the time for which it is good: TAI nanoseconds, the end not included. A side that has no
/// value is open; so is one beyond the times that a registry can hold (1970 to 2099).
struct Certified {
    common::Uuid id;
    DataId data_id;
    std::optional<std::int64_t> begin_ns;
    std::optional<std::int64_t> end_ns;
};

/// Certifies datasets of one type in one collection. No two datasets of a data ID may be good at the same
/// time, and no constraint of the database says so: only those who write see to it.
class Certifications {
public:
    enum class Found { New, Same };

    /// What was found of one of several: nothing is written of those with an error.
    struct Outcome {
        Found found = Found::New;
        std::optional<common::Error> error;
    };

    /// \param collectionId  of `collection`, which is a CALIBRATION collection
    /// \throws Error DATASET_TYPE_CONFLICT when the type is no calibration type
    Certifications(Repository const &repo, DatasetType type, std::string collection,
                   std::int64_t collectionId);

    /// Whether this very dataset is certified for this very time already. Writes nothing.
    /// \throws Error CERTIFY_CONFLICT when another dataset of the data ID is good for a part of the time, or
    ///         when the dataset itself is certified for another time that overlaps or touches it; with both
    ///         datasets and times. BAD_VALUE for a time that ends before it begins
    Found look(Certified const &certified);

    /// The same of many, in one round trip where the database is a server. Each is also held against those
    /// before it.
    std::vector<Outcome> lookEach(std::vector<Certified> const &all);

    /// Certify those that are new, as far as they can be. Inside the caller's transaction, in which their
    /// datasets are registered; until its end no other program certifies datasets of these dimensions.
    /// \return as lookEach(): what is New has been written
    [[nodiscard]] std::vector<Outcome> insert(std::vector<Certified> const &all);

    DatasetType const &type() const { return _type; }
    std::string const &collection() const { return _collection; }

private:
    struct Span;
    struct Stored;
    static Span spanOf(Certified const &certified);
    Outcome judge(Certified const &certified, std::vector<Stored> &others) const;
    std::vector<Outcome> lookEach(std::vector<Certified> const &all, std::vector<sql::Asked> asked);

    Repository const &_repo;
    DatasetType _type;
    std::string _collection;
    std::int64_t _collectionId;
    std::string _select;     ///< what is certified of a data ID
    sql::RowsInsert _insert; ///< without rows
};

} // namespace dbb::butler
