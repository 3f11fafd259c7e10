/// \file
/// Collections and dataset types of a registry.
#pragma once

#include "butler/repository.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::butler {

/// Codes as the registry stores them.
enum class CollectionType { Run = 1, Tagged = 2, Chained = 3, Calibration = 4 };

/// RUN, TAGGED, CHAINED, CALIBRATION.
std::string_view nameOf(CollectionType type);

/// \throws Error COLLECTION_CONFLICT when a collection that is there has another type than is wanted of it;
///         RUN_CONFLICT when a run is wanted
void requireType(std::string const &name, CollectionType found, CollectionType wanted);

struct Collection {
    std::int64_t id = 0;
    std::string name;
    CollectionType type = CollectionType::Run;
    std::string doc;
    std::vector<std::string> children; ///< of a chain, in order
};

/// All collections by name (bytewise order).
/// \param where  condition on name, type ('RUN' …) and doc, see butler/where.h; empty: all
std::vector<Collection> listCollections(Repository const &repo, std::string const &where = "");
std::optional<Collection> findCollection(Repository const &repo, std::string const &name);

/// Refuse what nobody could type or what would drive a terminal: an empty name, control characters, no UTF-8.
/// \throws Error BAD_VALUE
void checkCollectionName(std::string const &name);

/// Refuse what the Butler itself would take for a run's name, but what can't become a folder below the
/// datastore or would drive a terminal: control characters, a slash in front, `.` and `..` between slashes.
/// \throws Error BAD_VALUE
void checkRunName(std::string const &name);

/// Refuse also what commands of the Butler can't be given: they take `*?[]` for patterns, a comma for a list,
/// and a blank for the same name with an underscore. \throws Error BAD_VALUE
void checkAskableRunName(std::string const &name);

/// Whether a dataset type can be called so: letters, digits and underscores, no digit in front. Components of
/// a type, behind a point, are never stored.
bool isTypeName(std::string const &name);

/// Id of the RUN collection `name`; nullopt when there is no collection of that name.
/// \throws Error RUN_CONFLICT when it has another type
std::optional<std::int64_t> findRun(Repository const &repo, std::string const &name);

/// Id of the RUN collection `name`, made when absent. Inside the caller's transaction.
/// \throws Error as findRun and checkRunName
std::int64_t registerRun(Repository const &repo, std::string const &name);

/// Id of the collection of that name and type; nullopt when there is no collection of that name.
/// \throws Error COLLECTION_CONFLICT when it has another type; for a run as findRun
std::optional<std::int64_t> findCollectionId(Repository const &repo, std::string const &name,
                                             CollectionType type);

/// Id of the collection of that name and type, made when absent. Inside the caller's transaction.
/// \throws Error as findCollectionId, and as checkRunName or checkCollectionName
std::int64_t registerCollection(Repository const &repo, std::string const &name, CollectionType type);

/// What became of a chain.
struct ChainResult {
    enum class Kind { Made, Extended, Same } kind = Kind::Same;
    std::vector<std::string> children; ///< as the chain has them now, in order
};

/// Collections that would be there by then, by name; of each its type and its children are looked at.
using PlannedCollections = std::map<std::string, Collection>;

/// Make a CHAINED collection of children, or put into one that is there what it lacks, each before the next
/// of `children` that it has, at the end when it has none; what it has keeps its order. Children that are
/// chains are replaced by theirs, recursively, so that a later change of theirs changes nothing here; each is
/// taken once, where it comes first. Inside the caller's transaction; until its end no other program changes
/// the chain. \throws Error COLLECTION_CONFLICT when it has another type, COLLECTION_NOT_FOUND for a child
/// that is not
///         there, COLLECTION_CYCLE when it would have itself among its children; as
///         checkCollectionName
ChainResult extendChain(Repository const &repo, std::string const &name,
                        std::vector<std::string> const &children);

/// What extendChain() would do, or throw, without doing it; needs no transaction and no right to write.
/// \param planned  what would be there by then, or would be so
ChainResult planChain(Repository const &repo, std::string const &name,
                      std::vector<std::string> const &children, PlannedCollections const &planned = {});

/// A dataset type, its dimensions and tables.
struct DatasetType {
    std::int64_t id = 0;
    std::string name;
    std::string storage_class;
    DimensionGroup dimensions;
    std::int64_t dimensions_key = 0;
    std::string tags_table;
    std::string calibs_table; ///< empty when it is no calibration type

    bool isCalibration() const { return !calibs_table.empty(); }
};

/// \throws Error DATASET_TYPE_CONFLICT, naming both, when a type that is there is not as it is wanted
void requireSame(DatasetType const &found, DimensionGroup const &group, std::string const &storageClass,
                 bool calibration);

/// All dataset types by name (bytewise order).
/// \param where  condition on name, storage_class and calibration, see butler/where.h; empty: all
std::vector<DatasetType> listDatasetTypes(Repository const &repo, std::string const &where = "");
std::optional<DatasetType> findDatasetType(Repository const &repo, std::string const &name);

/// The dataset type of that name and definition, nullopt when there is none of that name.
/// \throws Error DATASET_TYPE_CONFLICT when it exists with another definition, naming both; BAD_VALUE for a
/// name
///         that is none
std::optional<DatasetType> findDatasetType(Repository const &repo, std::string const &name,
                                           std::vector<std::string> const &dimensions,
                                           std::string const &storageClass, bool calibration = false);

/// The dataset type of that name and definition, made with its tables when absent. Inside the caller's
/// transaction. \throws Error as findDatasetType
DatasetType ensureDatasetType(Repository const &repo, std::string const &name,
                              std::vector<std::string> const &dimensions, std::string const &storageClass,
                              bool calibration = false);

/// The same in a transaction of its own, so the caller must not be inside one.
DatasetType registerDatasetType(Repository const &repo, std::string const &name,
                                std::vector<std::string> const &dimensions, std::string const &storageClass,
                                bool calibration = false);

} // namespace dbb::butler
