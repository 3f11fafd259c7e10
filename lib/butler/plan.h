/// \file
/// What a dry run would have written into a repository, for what comes after it.
#pragma once

#include "butler/collections.h"
#include "butler/planned_certifications.h"
#include "butler/planned_datasets.h"
#include "butler/planned_records.h"
#include "butler/repository.h"
#include "sql/database.h"

#include <memory>
#include <optional>
#include <string>

namespace dbb::butler {

/// Keeps it in a temporary file, since there may be much. Transactions and savepoints of db() take back what
/// was planned in them, as those of a repository what was written.
class Plan {
    std::unique_ptr<sql::Database> _db;

public:
    /// \param repo  must live as long
    explicit Plan(Repository const &repo);

    PlannedRecords records;
    PlannedCertifications validity;
    PlannedDatasets datasets;

    sql::Database &db() const { return *_db; }

    /// Whether a dataset type is planned. \param wanted  its name, dimensions and storage class
    /// \throws Error DATASET_TYPE_CONFLICT when it is, with another definition
    bool hasDatasetType(DatasetType const &wanted, bool calibration) const;
    /// \throws Error as hasDatasetType
    void addDatasetType(DatasetType const &type, bool calibration);

    /// Whether a collection is planned. \throws Error RUN_CONFLICT, COLLECTION_CONFLICT when it is, as
    /// another kind
    bool hasCollection(std::string const &name, CollectionType type) const;
    /// \throws Error as hasCollection, checkRunName and checkCollectionName
    void addCollection(std::string const &name, CollectionType type);
    /// All that were added.
    PlannedCollections collections() const;

private:
    Repository const &_repo;
};

} // namespace dbb::butler
