/// \file
/// Rows of dimension elements: insert, compare, read.
#pragma once

#include "butler/repository.h"
#include "common/json.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::butler {

/// A dimension record: column name to value, as butler/record_values.h writes the values.
using DimensionRecord = common::Json;

/// What sync did.
struct SyncResult {
    enum class Kind { Inserted, Same, Updated } kind = Kind::Same;
    common::Json old_values; ///< of an update: column to what it was
};

struct RecordPlan;
class PlannedRecords;

/// Keeps prepared statements by element, so one object should serve many records.
class DimensionRecords {
public:
    explicit DimensionRecords(Repository const &repo);
    ~DimensionRecords();
    DimensionRecords(DimensionRecords const &) = delete;
    DimensionRecords &operator=(DimensionRecords const &) = delete;

    /// Insert a record, or compare it with the one that has its primary key: every column, floats and
    /// nanoseconds exactly, as syncDimensionData of the Butler does. Columns that the record lacks count as
    /// null; keys of the record that are no columns of this universe are an error. Side rows (skypix overlap
    /// summaries of an instrument or skymap, trixels of a region) are written with it. Must run inside a
    /// transaction of the caller. \param update  true: change columns that differ instead of failing \throws
    /// Error <ELEMENT>_CONFLICT (for example EXPOSURE_CONFLICT, DAY_OBS_CONFLICT) with the first differing
    ///         column, its value and the stored one; all differing columns in the message. OBS_ID_TAKEN when
    ///         an alternate key belongs to another row (exposure; other elements: KEY_TAKEN). MISSING_RECORD
    ///         when a record that this one refers to is not there. VALUE_TOO_LONG, VALUE_EMPTY for text
    ///         against the length rules of its column (up to 32 characters); BAD_VALUE for a value of a wrong
    ///         type, an unknown key, or none where one must be; REGION_UNSUPPORTED for a region that dbb
    ///         can't index; CONSTRAINT else
    SyncResult sync(std::string_view element, DimensionRecord const &record, bool update);

    /// Insert on a server, in one round trip, the records that sync() is about to be called for, each with
    /// its element. Nothing happens elsewhere. \throws Error as sync()
    void insertAhead(std::vector<std::pair<std::string, DimensionRecord>> const &records);
    /// When what was inserted has been rolled back.
    void forgetAhead() {
        _ahead.clear();
        _same.clear();
    }

    /// What sync() would do, or throw, without doing it; needs no transaction and no right to write.
    /// References to other records are not checked. \param planned  what would be there by then
    SyncResult check(std::string_view element, DimensionRecord const &record, bool update,
                     PlannedRecords const *planned = nullptr);

    /// The record with these required values (in universe order), nullopt when there is none.
    std::optional<DimensionRecord> find(std::string_view element, std::vector<common::Json> const &key);

    /// Those with these keys, in their order; in one round trip where the database is a server.
    std::vector<std::optional<DimensionRecord>> findEach(std::string_view element,
                                                         std::vector<std::vector<common::Json>> const &keys);

    /// As find() by an alternate key, the last of `key`: exposure by {instrument, obs_id}. \param alternate
    /// its name
    std::optional<DimensionRecord> findBy(std::string_view element, std::string const &alternate,
                                          std::vector<common::Json> const &key);

    /// Hand every record of an element to `row`, ordered by primary key. For `band`: the distinct bands.
    /// \param where  condition on columns, see butler/where.h; empty: all. Time spans are the columns
    /// timespan_begin
    ///               and timespan_end, TAI nanoseconds
    /// \throws Error BAD_VALUE for an element without records, USAGE for a condition that can't be used
    void forEach(std::string_view element, std::string const &where,
                 std::function<void(DimensionRecord const &)> const &row);

private:
    RecordPlan &planOf(std::string_view element);
    sql::Asked insertOf(RecordPlan const &plan,
                        std::map<std::vector<sql::Value>, std::vector<sql::Value>> const &rows);
    bool isRemembered(RecordPlan const &plan, std::vector<sql::Value> const &values);
    void remember(RecordPlan const &plan, std::vector<sql::Value> const &values);
    bool inserted(RecordPlan const &plan, std::vector<sql::Value> const &values);

    using Key = std::pair<std::string, std::vector<sql::Value>>;
    std::map<Key, bool> _ahead;                   ///< whether a row was inserted, by element and primary key
    std::map<Key, std::vector<sql::Value>> _same; ///< records that were there as they should be
    std::chrono::steady_clock::time_point _sameSince{};

    Repository const &_repo;
    std::map<std::string, std::unique_ptr<RecordPlan>, std::less<>> _plans;
};

} // namespace dbb::butler
