/// \file
/// What the registry knows of a data ID: values that others imply, and the records of its dimensions.
#pragma once

#include "butler/datasets.h"
#include "butler/dimension_records.h"
#include "butler/planned_records.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/json.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dbb::butler {

/// A data ID with all that it implies.
struct ExpandedDataId {
    /// A record, and its columns as file templates name and write them.
    struct Record {
        DimensionRecord record;
        std::map<std::string, std::string> fields;
    };

    DataId required; ///< values of the required dimensions, in universe order, as Datasets wants them
    /// Values of all dimensions, required and implied: integers and text.
    std::map<std::string, common::Json> values;
    /// Of the dimensions that have a table.
    std::map<std::string, std::shared_ptr<Record const>> records;
    /// Keys of those that have none, as file templates name them (band.name, htm7.id).
    std::map<std::string, std::string> key_fields;
    /// The one dimension that is a sky pixel; empty when there is none, or several.
    std::string skypix;

    /// Fields as formatTemplate() wants them: each dimension, each column of its record (exposure.obs_id,
    /// detector.full_name, visit.day_obs) and `skypix`. Values are written as Python writes them (None, True,
    /// 30.0); time spans, regions and hashes are left out. `datasetType`, `run` and `id` come from the
    /// caller.
    std::map<std::string, std::string> fields() const;
};

/// Expands data IDs. Records are remembered, as many as fit a fixed space; what was not there is looked for
/// again.
class DataIdExpansion {
public:
    /// A data ID that is to be expanded; both must live as long as the call.
    struct Wanted {
        DimensionGroup const *dimensions = nullptr; ///< of the dataset type
        common::Json const *data_id = nullptr;      ///< an object: values by dimension
    };
    /// One of both.
    struct Outcome {
        ExpandedDataId data_id;
        std::optional<common::Error> error;
    };

    /// \param records  like `repo`, must live as long
    /// \param planned  what counts as registered as well, and before it; null: nothing
    DataIdExpansion(Repository const &repo, DimensionRecords &records,
                    PlannedRecords const *planned = nullptr);

    /// \param dataId  an object with the values of the required dimensions at least. Implied ones may stand
    ///                there, too; dimensions that the group does not have are passed over
    /// \throws Error MISSING_KEY without a value that is required; BAD_VALUE, VALUE_TOO_LONG, VALUE_EMPTY for
    ///         one that can't be, and for a key that is no dimension; MISSING_RECORD, with the dimension and
    ///         its value, when a record is not registered; DATA_ID_CONFLICT when an implied value is another
    ///         one in the record
    ExpandedDataId expand(DimensionGroup const &dimensions, common::Json const &dataId);

    /// The same of many: a few round trips for all of them where the database is a server.
    /// \throws Error what concerns the repository, not one data ID
    std::vector<Outcome> expandEach(std::vector<Wanted> const &wanted);

private:
    using Key = std::vector<sql::Value>; ///< of a record, in universe order
    using Record = std::shared_ptr<ExpandedDataId::Record const>;
    struct Expanding;
    std::map<std::string, sql::Value> valuesOf(Wanted const &wanted) const;
    void expandDimension(Element const &dimension, std::vector<Expanding> &all);
    void addKey(Element const &dimension, Expanding &one);
    void addRecords(Element const &dimension, std::vector<Expanding *> const &having);
    void complete(Expanding &one) const;
    void imply(Element const &dimension, Expanding &one) const;
    Key keyOf(Element const &dimension, Expanding const &one) const;
    void learn(Element const &dimension, std::vector<std::string> const &required,
               std::map<Key, Record> &found);
    bool isInUnion(Element const &dimension, sql::Value const &value);

    Repository const &_repo;
    DimensionRecords &_records;
    PlannedRecords const *_planned;
    std::vector<Element const *> _order; ///< dimensions, each behind those that imply what its key needs
    std::map<std::string, std::map<Key, Record>> _known;      ///< by dimension
    std::map<std::string, std::set<sql::Value>> _unionValues; ///< of dimensions without a table of their own
};

} // namespace dbb::butler
