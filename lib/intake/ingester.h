/// \file
/// Lines of described files into a repository, several exposures a commit.
#pragma once

#include "butler/certification.h"
#include "butler/collections.h"
#include "butler/datasets.h"
#include "butler/dimension_records.h"
#include "butler/expansion.h"
#include "butler/plan.h"
#include "butler/repository.h"
#include "common/log.h"
#include "intake/raw_line.h"
#include "intake/registered.h"
#include "intake/source_removal.h"
#include "intake/stores.h"
#include "manifest/stream.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace dbb::intake {

struct IngesterOptions {
    Transfer transfer = Transfer::Auto;
    Ownership ownership{};        ///< of files and folders that are made
    std::string run;              ///< empty: the line's own
    bool skip_existing = true;    ///< a dataset that is stored already is no error
    bool update_records = false;  ///< replace records that differ
    bool update_validity = false; ///< other times of a calibration itself give way to that of its line
    bool track_file_attrs = true; ///< record sizes (and checksums when the datastore wants them)
    double wait_s = 0;            ///< how long a guider's file waits for its exposure
    bool dry_run = false;
    /// Datasets of one call that are remembered to find two files of the same exposure and detector.
    std::size_t remembered = 65536;
    /// Of a dry run: what it would have written. Null: the ingester makes its own; several that share one
    /// know of each other.
    std::shared_ptr<butler::Plan> plan{};
    std::string receipt = "ingest"; ///< key of the receipt, as the program is called
    /// Takes a line that was refused and may be tried again later; false when it does not.
    std::function<bool(manifest::Record &, common::Error const &)> later{};
    std::function<void()> committed{}; ///< called when the receipts of a commit have been handed out
};

/// Takes lines and commits them in batches. Receipts are handed out after their commit, never before.
class Ingester {
public:
    /// \param receipts  gets each line with its `ingest` receipt, and its outcome, in the order of the batch
    Ingester(butler::Repository const &repo, IngesterOptions options, manifest::Rejects &rejects,
             std::function<void(manifest::Record const &, std::string const &outcome)> receipts);
    ~Ingester();

    /// Check a line and queue it; a bad one is rejected at once.
    void add(manifest::Record record);
    /// The first half of it, which another thread may do. \param record  moved from, unless an error is
    /// thrown \param memory  of that thread \throws Error as parseRawLine
    DatasetLine read(manifest::Record &record, RecordsMemory &memory) const;
    void add(DatasetLine line); ///< queue a line that was read
    std::size_t queued() const { return _queue.size(); }
    /// Lines whose exposures are not there yet; each commit() tries them again.
    std::size_t waiting() const { return _waiting.size(); }
    /// Wait for them, until each has come in or waited for as long as it may.
    void finishWaiting();

    /// Bring everything that is queued into the repository and commit. A line that fails is rejected and does
    /// not stop the others. \throws Error when the repository can't be used (locked, disk full, …); all
    /// queued lines are rejected with it
    void commit();

private:
    struct Item;
    struct Target;
    struct Grouping;
    using Group = std::vector<Item *>; // lines of one exposure with the same records
    /// How a batch is stored. The first that succeeds counts.
    enum class Attempt {
        Hopeful,  ///< nothing is looked for: the keys tell when something is there already
        Together, ///< all of it or nothing
        Careful   ///< a failure ends an exposure only; on a server alone
    };

    void commitItems(std::vector<Item> &items);
    bool mayWait(Item const &item) const;
    void commitBatch(std::vector<Item> &items);
    static bool isCertifiedAs(DatasetLine const &line, DatasetLine const &other);
    Target &targetOf(DatasetLine const &line);
    void findTarget(Target &target) const;
    void registerTarget(Target &target) const;
    static void forgetRegistered(Item &item);
    static void requireUuid(Item const &item);
    void prepare(Item &item);
    void identify(Item &item);
    void expandOthers(std::vector<Item> &items);
    butler::DatasetType typeOf(DatasetLine const &line) const;
    static Group allOf(std::vector<Item> &items);
    void prefetch(Group const &items);
    void look(Item &item);
    Placement::Stored compareWithStored(Item &item) const;
    void lookUnlocked(std::vector<Item> &items);
    void place(Item &item);
    void place(Item &item, std::size_t shelf);
    Placed placeFile(DatasetLine const &line, std::size_t store, std::string const &path);
    bool makesFiles() const { return _stores.front().placement.makesFiles(); }
    void requirePlaced(Item &item);
    void requireStoredSize(Item const &item) const;
    Attempt firstAttempt(std::vector<Item> const &items) const;
    sql::Writing writing(Attempt attempt) const;
    bool storeBatch(std::vector<Item> &items, std::vector<Group> const &groups, Attempt attempt);
    bool storeOnce(std::vector<Item> &items, std::vector<Group> const &groups, Attempt attempt);
    void forgetStored(std::vector<Group> const &groups);
    bool storeTogether(std::vector<Group> const &groups, bool allNew);
    void insertRecordsAhead(std::vector<Group> const &groups);
    void storeGroup(Group const &group);
    std::optional<common::Error> tryGroup(Group const &group);
    void syncFolders(Item &item);
    void syncRecords(Group const &group);
    std::int64_t recordedSize(Item const &item) const;
    void storeItems(Group group, bool allNew = false);
    void planBatch(std::vector<Item> &items, std::vector<Group> const &groups);
    void planItem(Item const &item);
    void lookPlanned(Item &item) const;
    bool isMoved(DatasetLine const &line) const { return _plan && _plan->datasets.isMoved(line.file); }
    void planMove(Item const &item, SourceRemoval::Files const &files);
    void dropPlannedFiles(std::vector<Item> const &items);
    void sortByTarget(Group &group) const;
    bool certify(std::vector<Item> &items);
    std::optional<butler::DatasetType> registeredType(Group const &group) const;
    void certify(std::string const &collection, Group const &group);
    void tellCertified(Item &item, std::string const &collection,
                       butler::Certifications::Outcome const &outcome);
    common::Error explained(Item const &item, butler::Certifications::Outcome const &outcome) const;
    void rememberCalibration(common::Uuid const &id);
    std::string templatePath(Item const &item, std::string const &pathTemplate) const;
    std::vector<butler::NewFile> newFiles(Item const &item) const;
    void reject(Item &item, common::Error const &e);
    void undoLeftOversAlone(std::vector<Item> &items);
    void undoLeftOvers(std::vector<Item> &items);
    void explainCollisions(std::vector<Item> &items);
    std::string warnOfGone(Item const &item);
    static SourceRemoval::Files filesOf(Item const &item);
    void finish(Item &item);

    butler::Repository const &_repo;
    IngesterOptions _options;
    std::shared_ptr<butler::Plan> _plan; ///< of a dry run, null else
    manifest::Rejects &_rejects;
    std::function<void(manifest::Record const &, std::string const &)> _receipts;
    butler::DimensionRecords _records;
    butler::DataIdExpansion _expansion;
    Registered _registered;
    bool _onServer;      ///< each question is a round trip
    bool _allNew = true; ///< whether nothing of the batch before was there already
    Stores _stores;
    SourceRemoval _sources;
    std::map<std::string, std::unique_ptr<Target>> _targets; // by instrument and run
    RecordsMemory _recordsMemory;
    common::log::Grouped _warnings{common::log::Level::Warning};
    std::vector<DatasetLine> _queue;
    std::vector<DatasetLine> _waiting; // of guiders, whose exposures are not there yet
    std::vector<DatasetLine> _again; // of datasets that an earlier line of the batch has, certified otherwise
    std::unordered_map<std::string, std::string>
        _recent;                          // dataset ids of this call and where their files were
    std::set<common::Uuid> _calibrations; // of this call
};

} // namespace dbb::intake
