/// \file
/// Datasets of a registry and the records of their files.
#pragma once

#include "butler/collections.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/json.h"
#include "common/uuid.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dbb::butler {

/// Component of a file record that is the whole dataset.
inline constexpr char const *wholeDataset = "__NULL_STRING__";

/// Values of the required dimensions of a dataset, in universe order of its type's `dimensions.required`.
using DataId = std::vector<sql::Value>;

/// `raw {instrument=X, detector=1}`, for messages.
std::string described(DatasetType const &type, DataId const &dataId);

/// The version 5 UUID of a name in the Butler's name space.
common::Uuid butlerUuid(std::string_view name);

/// The deterministic UUID that raw ingest uses (DATAID_TYPE_RUN): version 5 in the Butler's name space of
/// `dataset_type=<name>,run=<run>,<dimension>=<value>,…`, required dimensions sorted by name. Without a run
/// it is the one that the Butler calls DATAID_TYPE.
common::Uuid rawUuid(DatasetType const &type, std::string const &run, DataId const &dataId);

/// The file of a dataset to be stored, in one datastore.
struct NewFile {
    std::size_t datastore = 0; ///< index in Config::datastores
    std::string path;          ///< as file_datastore_records has it: relative to the datastore root, or a URI
    std::string checksum{};    ///< empty: NULL
};

/// A dataset to be stored, with its one file, which may lie in several datastores.
struct NewDataset {
    common::Uuid id;
    DataId data_id;
    std::vector<NewFile> files;
    std::string formatter;
    std::string storage_class;
    std::int64_t size_bytes = -1;
};

/// What a registry already knows of a dataset. Of several datastores that have it, the first counts.
struct ExistingDataset {
    bool registered = false;      ///< a row in `dataset` with this id
    bool stored = false;          ///< a row in file_datastore_records with this id
    std::size_t datastore = 0;    ///< index in Config::datastores
    std::string path;             ///< of the stored file
    std::int64_t size_bytes = -1; ///< as recorded, -1 when it was not
    /// Of all datastores that have it: index, and path as recorded.
    std::vector<std::pair<std::size_t, std::string>> files;
};

class Datasets {
public:
    Datasets(Repository const &repo, DatasetType type, std::string run, std::int64_t runId);

    /// Look up a dataset by its id. The answer holds for as long as a transaction that was begun before.
    /// \throws Error DATASET_CONFLICT when the id belongs to another type, run or data ID, or when this type,
    /// run
    ///         and data ID belong to another id; DATASET_IN_TRASH when its file waits to be deleted;
    ///         REPO_DAMAGED when a part of its rows is missing
    ExistingDataset existing(common::Uuid const &id, DataId const &dataId);

    /// Ask for many datasets at once what existing() will be asked for each. Of use only on a server, where
    /// each question is a round trip; the answers are those of one moment, until the next call.
    void prefetch(std::vector<std::pair<common::Uuid, DataId>> const &datasets);

    /// Files of all other datasets of this type and data ID, of whatever run: index of the datastore, and
    /// path as recorded.
    std::vector<std::pair<std::size_t, std::string>> otherFiles(common::Uuid const &id, DataId const &dataId);

    /// Write all rows of datasets that existing() did not report as stored: dataset (unless registered),
    /// collection summaries, tags, location, file records, in the Butler's order, with one ingest_date.
    /// Inside the caller's transaction. \param ingest_tai_ns  time of ingest, TAI nanoseconds; rounded down
    /// to microseconds. Repositories of datasets
    ///                       manager 1 get the time of this computer's clock in UTC instead
    /// \throws Error DATASET_CONFLICT when rows are there already; MISSING_RECORD when the data ID has no
    /// records
    /// \param allNew  existing() was not asked: DATASET_CONFLICT when a row of any of them is there
    void insert(std::vector<NewDataset> const &datasets, std::int64_t ingest_tai_ns, bool allNew = false);

    DatasetType const &type() const { return _type; }
    std::string const &run() const { return _run; }

private:
    /// What the tables have of a dataset.
    struct Known {
        struct Row {
            std::int64_t type = 0;
            std::int64_t run = 0;
            std::string type_name;
            std::string run_name;
        };
        struct File {
            std::size_t datastore = 0;
            std::string path;
            std::int64_t size_bytes = -1;
            bool located = false;
            std::string component{};
        };
        std::optional<Row> row;
        std::vector<std::string> ids;                    ///< of datasets with its data ID
        std::vector<File> files;                         ///< by datastore and component
        std::optional<std::vector<std::string>> data_id; ///< as its run has it
        bool has_location = false;                       ///< in any datastore
        bool in_trash = false;
    };
    common::Error explained(common::Error const &e, std::vector<NewDataset> const &datasets,
                            std::size_t failed) const;
    void addFileRows(std::vector<NewDataset> const &datasets, std::size_t datastore,
                     std::vector<sql::RowsInsert> &inserts) const;
    Known ask(std::string const &hex, DataId const &dataId);
    void learn(std::vector<std::pair<common::Uuid, DataId>> const &datasets);
    sql::Asked lookOnServer(std::vector<std::pair<common::Uuid, DataId>> const &datasets);
    void note(Known &known, std::string const &kind, std::vector<std::string> columns) const;
    bool hasRow(std::string const &table, std::string const &hex) const;
    void requireDataId(common::Uuid const &id, DataId const &dataId, Known const &known,
                       std::string const &what) const;
    common::Error notLocated(Known const &known, std::string const &what, Known::File const &file) const;

    Repository const &_repo;
    DatasetType _type;
    std::string _run;
    std::int64_t _runId;
    sql::Statement *_byId;
    sql::Statement *_byDataId;
    sql::Statement *_dataIdOf;
    std::vector<sql::Statement *> _files;      ///< by datastore
    std::vector<sql::Statement *> _otherFiles; ///< by datastore
    std::vector<std::string> _tagTypes; ///< of the columns of the table of tags, as a server names them
    std::unordered_map<std::string, Known> _known; ///< by id, from prefetch()
    std::set<std::pair<std::size_t, sql::Value>>
        _summarised; ///< governors (index of a required dimension, value) that the run's summaries have
};

/// One dataset as listed for people and pipes.
struct DatasetRow {
    std::string id; ///< with dashes
    std::string dataset_type;
    std::string run;
    common::Json data_id; ///< required dimensions
    common::Json
        files; ///< array of {"path","uri","size","checksum","formatter","component"}; empty: not stored
    std::string ingest_date_tai; ///< ISO, nine decimals; empty with datasets manager 1
    std::string ingest_date_utc; ///< as stored, only with datasets manager 1
};

/// Hand every dataset to `row`, ordered by type, run, data ID.
/// \param where  condition on `dataset_type`, `run`, `id`, dimensions, required or implied, and the columns
/// of
///               their records (`exposure.seq_num`); see butler/where.h. Types that lack one of the
///               dimensions have no matches
void forEachDataset(Repository const &repo, std::string const &where,
                    std::function<void(DatasetRow const &)> const &row);

} // namespace dbb::butler
