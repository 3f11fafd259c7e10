/// \file
/// Validity of calibrations: which dataset is good for which time in a CALIBRATION collection.
#pragma once

#include "butler/collections.h"
#include "butler/datasets.h"
#include "butler/planned_certifications.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/uuid.h"

#include <cstdint>
#include <map>
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
    enum class Found {
        New,
        Same,
        Replaced ///< the dataset is certified for other times, which give way
    };

    /// What becomes of other times for which a dataset itself is certified.
    enum class OwnTimes { Keep, Replace };

    /// What was found of one of several: nothing is written of those with an error.
    struct Outcome {
        Found found = Found::New;
        std::vector<CertifiedRow> replaced{}; ///< what gives way
        std::optional<common::Error> error{};
        std::string rival{}; ///< of a CERTIFY_CONFLICT: 32 digits of the dataset that is certified already
    };

    /// \param collectionId  of `collection`, which is a CALIBRATION collection; nullopt: it, or the type, is
    /// not registered yet, so that nothing is certified
    /// \throws Error DATASET_TYPE_CONFLICT when the type is no calibration type
    Certifications(Repository const &repo, DatasetType type, std::string collection,
                   std::optional<std::int64_t> collectionId);

    /// Whether this very dataset is certified for this very time already. Writes nothing.
    /// \throws Error CERTIFY_CONFLICT when another dataset of the data ID is good for a part of the time, or
    ///         when the dataset itself is certified for another time that overlaps or touches it; with both
    ///         datasets and times. BAD_VALUE for a time that ends before it begins
    Found look(Certified const &certified);

    /// The same of many, in one round trip where the database is a server. Each is also held against those
    /// before it, and with OwnTimes::Replace what gives way is out of the way of all, whatever their order;
    /// it stays when the time that was to replace it is refused.
    std::vector<Outcome> lookEach(std::vector<Certified> const &all, OwnTimes ownTimes = OwnTimes::Keep);

    /// The same of a dry run, after what it would have certified before. \param planned  gets what is new
    std::vector<Outcome> plan(std::vector<Certified> const &all, OwnTimes ownTimes,
                              PlannedCertifications &planned);

    /// Certify those that are new, as far as they can be. Inside the caller's transaction, in which their
    /// datasets are registered; until its end no other program certifies datasets of these dimensions.
    /// \return as lookEach(): what is New, or Replaced, has been written
    [[nodiscard]] std::vector<Outcome> insert(std::vector<Certified> const &all,
                                              OwnTimes ownTimes = OwnTimes::Keep);

    DatasetType const &type() const { return _type; }
    std::string const &collection() const { return _collection; }

private:
    struct Span;
    using Stored = std::map<DataId, std::vector<CertifiedRow>>;
    static Span spanOf(Certified const &certified);
    static std::vector<CertifiedRow> givingWay(Certified const &certified,
                                               std::vector<CertifiedRow> const &rows);
    Outcome judge(Certified const &certified, std::vector<CertifiedRow> &others) const;
    void judgeTogether(std::vector<Certified const *> const &all, std::vector<Outcome *> const &out,
                       std::vector<CertifiedRow> &rows, OwnTimes ownTimes) const;
    std::vector<Outcome> judgeEach(std::vector<Certified> const &all, Stored &stored,
                                   OwnTimes ownTimes) const;
    Stored stored(std::vector<Certified> const &all, std::vector<sql::Asked> asked) const;
    void takeOut(std::vector<Certified> const &all, std::vector<Outcome> const &outcomes) const;

    Repository const &_repo;
    DatasetType _type;
    std::string _collection;
    std::optional<std::int64_t> _collectionId;
    std::string _select;     ///< what is certified of a data ID
    std::string _delete;     ///< all times of a dataset
    sql::RowsInsert _insert; ///< without rows
};

} // namespace dbb::butler
