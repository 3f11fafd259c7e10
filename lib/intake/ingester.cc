#include "intake/ingester.h"

#include "astro/time_scale.h"
#include "butler/file_template.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/signals.h"
#include "common/text.h"
#include "intake/ingester_parts.h"
#include "intake/universe_records.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ranges>
#include <thread>
#include <tuple>
#include <utility>

namespace dbb::intake {

using common::Error;
using common::Json;
using Clock = std::chrono::steady_clock;

namespace {

/// Runs that are remembered; a stream may bring ever new ones.
constexpr std::size_t rememberedTargets = 256;
/// How often it is looked whether an exposure that is waited for has come.
constexpr std::chrono::milliseconds retryTime(200);
/// How often the lines of an exposure are tried on a server before they are refused.
constexpr int mostTries = 3;

/// What keeps two datasets of one name from being of one type. Raw images have theirs from their instrument.
std::string definitionOf(DatasetLine const &line) {
    if (!line.other) return {};
    return "\n" + common::join(line.other->dimensions, ",") + "\n" + line.other->storage_class
           + (line.other->is_calibration ? "\ncalibration" : "");
}

std::shared_ptr<butler::Plan> planOf(butler::Repository const &repo, IngesterOptions const &options) {
    if (!options.dry_run) return nullptr;
    return options.plan ? options.plan : std::make_shared<butler::Plan>(repo);
}

} // namespace

Ingester::Ingester(butler::Repository const &repo, IngesterOptions options, manifest::Rejects &rejects,
                   std::function<void(manifest::Record const &, std::string const &)> receipts)
    : _repo(repo), _options(std::move(options)), _plan(planOf(repo, _options)), _rejects(rejects),
      _receipts(std::move(receipts)), _records(repo),
      _expansion(repo, _records, _plan ? &_plan->records : nullptr),
      _registered(repo, _records, _plan ? &_plan->records : nullptr),
      _onServer(repo.db().dialect() == sql::Dialect::Postgres), _sources(repo, _stores) {
    for (auto const &datastore : repo.config().datastores) {
        _stores.emplace_back(datastore, _stores.empty(), _options.transfer, _options.ownership,
                             _options.dry_run);
    }
    // A batch with an exposure that fails has one for each. Not when dry: temporary tables would be lost.
    if (!_plan) _repo.db().useMemoryForCommits();
}

Ingester::~Ingester() = default;

DatasetLine Ingester::read(manifest::Record &record, RecordsMemory &memory) const {
    auto line = parseRawLine(record, _options.run, _options.dry_run, memory);
    line.record = std::move(record);
    line.record.erase("error"); // of a reject that is tried again
    return line;
}

void Ingester::add(DatasetLine line) {
    _queue.push_back(std::move(line));
}

void Ingester::add(manifest::Record record) {
    try {
        add(read(record, _recordsMemory));
    } catch (Error const &e) {
        if (isFatal(e)) throw;
        _rejects.add(std::move(record), e);
    }
}

void Ingester::commit() {
    // Guiders' files refer to exposures that may have come with them.
    auto lines = std::exchange(_queue, {});
    auto const guiders =
        std::stable_partition(lines.begin(), lines.end(), [](DatasetLine const &l) { return !l.isGuider(); });
    std::vector<Item> items;
    items.reserve(lines.size());
    for (auto line = lines.begin(); line != guiders; ++line) items.emplace_back(std::move(*line));
    try {
        commitItems(items);
    } catch (Error const &e) {
        for (auto line = guiders; line != lines.end(); ++line) _rejects.add(std::move(line->record), e);
        for (auto &line : _waiting) _rejects.add(std::move(line.record), e);
        _waiting.clear();
        throw;
    }
    items.clear();
    for (auto &waiting : _waiting) items.emplace_back(std::move(waiting));
    _waiting.clear();
    for (auto line = guiders; line != lines.end(); ++line) items.emplace_back(std::move(*line));
    commitItems(items);
    if (_options.committed) _options.committed();
}

bool Ingester::mayWait(Item const &item) const {
    if (!item.error || item.error->code() != "EXPOSURE_NOT_FOUND") return false;
    std::chrono::duration<double> const waited = Clock::now() - item.line.came;
    return waited.count() < _options.wait_s && common::stopSignal() == 0;
}

void Ingester::finishWaiting() {
    while (!_waiting.empty()) {
        std::this_thread::sleep_for(retryTime);
        commit();
    }
}

void Ingester::commitItems(std::vector<Item> &items) {
    if (items.empty()) return;
    for (auto &store : _stores) store.zips.clear();
    _sources.clear();
    auto const settleFolders = [&](bool failed) {
        for (auto &store : _stores) store.placement.settleFolders(failed);
    };
    try {
        commitBatch(items);
        settleFolders(std::any_of(items.begin(), items.end(), [](Item const &i) { return i.error; }));
    } catch (Error const &e) {
        settleFolders(true);
        // Nothing of this batch is in the registry: say so for each line, so that a retry knows them.
        for (auto &item : items) _rejects.add(std::move(item.line.record), item.error ? *item.error : e);
        throw;
    }
    if (_options.transfer == Transfer::Move) {
        std::vector<std::string> sources;
        for (auto const &item : items)
            if (!item.error) sources.push_back(item.line.file);
        _sources.learnRecorded(sources);
    }
    for (auto &item : items) finish(item);
    std::vector<Item> again;
    for (auto &line : std::exchange(_again, {})) again.emplace_back(std::move(line));
    commitItems(again);
}

/// Whether nothing is left to be certified of a line when another one of its dataset is done.
bool Ingester::isCertifiedAs(DatasetLine const &line, DatasetLine const &other) {
    if (!line.other || line.other->calibration.empty()) return true;
    return other.other && line.other->calibration == other.other->calibration
           && line.other->begin_ns == other.other->begin_ns && line.other->end_ns == other.other->end_ns;
}

void Ingester::commitBatch(std::vector<Item> &items) {
    if (_targets.size() > rememberedTargets) _targets.clear();
    std::unordered_map<std::string, Item *> byId;
    Grouping grouping;
    expandOthers(items);
    for (auto &item : items) {
        prepare(item);
        if (!item.error) {
            auto const [first, isFirst] = byId.emplace(item.id->hex(), &item);
            // One that is defined otherwise is refused by itself.
            if (!isFirst && first->second->target == item.target) item.twin = first->second;
            item.again = item.twin && !isCertifiedAs(item.line, item.twin->line);
        }
        if (!item.twin) grouping.add(item);
    }
    auto const &groups = grouping.groups;
    if (_plan) return planBatch(items, groups);
    // Files first: they may take long, and until their rows are there nobody sees them.
    if (makesFiles()) {
        sql::repeating([&] { lookUnlocked(items); });
        for (auto &item : items) place(item);
        for (auto &item : items) syncFolders(item);
    }
    auto attempt = firstAttempt(items);
    sql::repeating([&] {
        // Whoever was in the way is not any more when we write alone.
        auto const last = std::exchange(attempt, Attempt::Careful);
        if (storeBatch(items, groups, last)) {
            attempt = last;
        } else if (last != Attempt::Hopeful || !storeBatch(items, groups, attempt = Attempt::Together)) {
            // Again without those that were refused for their validity.
            while (!storeBatch(items, groups, attempt = Attempt::Careful)) {
            }
        }
    });
    _allNew = std::ranges::none_of(items, [](Item const &item) { return item.existing.stored; });
    if (!writing(attempt).alone && _onServer) undoLeftOversAlone(items);
}

/// Where each question costs a round trip, and files were new so far, none is asked.
Ingester::Attempt Ingester::firstAttempt(std::vector<Item> const &items) const {
    bool const nothingFound =
        std::ranges::none_of(items, [](Item const &i) { return i.existing.registered; });
    return _onServer && _allNew && nothingFound ? Attempt::Hopeful : Attempt::Together;
}

/// A record that is replaced must not be replaced by two at once.
sql::Writing Ingester::writing(Attempt attempt) const {
    return {.alone = attempt == Attempt::Careful || _options.update_records, .patient = false};
}

/// One transaction. Savepoints, which a failure of one exposure alone needs, cost about as much as the rows;
/// without them the failure takes the whole batch back. \return whether it was committed
bool Ingester::storeBatch(std::vector<Item> &items, std::vector<Group> const &groups, Attempt attempt) {
    bool committed = false;
    try {
        committed = storeOnce(items, groups, attempt);
    } catch (Error const &) {
        forgetStored(groups);
        throw;
    }
    if (!committed) forgetStored(groups);
    return committed;
}

bool Ingester::storeOnce(std::vector<Item> &items, std::vector<Group> const &groups, Attempt attempt) {
    sql::Transaction transaction(_repo.db(), writing(attempt));
    // Another program may have been faster since a look that was taken without the lock.
    if (attempt != Attempt::Hopeful) prefetch(allOf(items));
    for (auto &item : items) {
        if (attempt != Attempt::Hopeful) look(item);
        if (!makesFiles()) place(item);
        requirePlaced(item);
    }
    if (attempt == Attempt::Careful) {
        for (auto const &group : groups) storeGroup(group);
    } else if (!storeTogether(groups, attempt == Attempt::Hopeful)) {
        return false;
    }
    if (!certify(items)) return false;
    explainCollisions(items);
    if (writing(attempt).alone || !_onServer) undoLeftOvers(items);
    transaction.commit();
    return true;
}

/// What was taken back with a transaction.
void Ingester::forgetStored(std::vector<Group> const &groups) {
    _records.forgetAhead();
    for (auto *item : std::views::join(groups)) forgetRegistered(*item);
}

/// On a server, what all of them will be looked up for at once.
void Ingester::prefetch(Group const &items) {
    if (!_onServer) return;
    std::map<butler::Datasets *, std::vector<std::pair<common::Uuid, butler::DataId>>> wanted;
    for (auto *item : items) {
        if (item->error || item->twin) continue;
        try {
            if (!item->target->datasets) findTarget(*item->target);
        } catch (Error const &e) {
            if (isFatal(e)) throw;
            reject(*item, e); // it alone
            continue;
        }
        if (item->target->datasets) wanted[&*item->target->datasets].emplace_back(*item->id, item->data_id);
    }
    for (auto &[datasets, list] : wanted) datasets->prefetch(list);
}

Ingester::Group Ingester::allOf(std::vector<Item> &items) {
    Group out;
    for (auto &item : items) out.push_back(&item);
    return out;
}

/// A first look, which keeps nobody from writing.
void Ingester::lookUnlocked(std::vector<Item> &items) {
    auto const inTrash = [](Item const &item) {
        return item.error && item.error->code() == "DATASET_IN_TRASH";
    };
    {
        sql::ReadTransaction const view(_repo.db());
        prefetch(allOf(items));
        for (auto &item : items) look(item);
    }
    if (std::none_of(items.begin(), items.end(), inTrash)) return;
    // Who removes a dataset has the lock until its file is deleted: with the lock we see what is left over.
    sql::Transaction const removalsAreDone(_repo.db());
    Group again;
    for (auto &item : items) {
        if (!inTrash(item)) continue;
        item.error.reset();
        _recent.emplace(item.id->hex(), item.line.path);
        again.push_back(&item);
    }
    prefetch(again);
    for (auto *item : again) look(*item);
}

/// The dataset type and run of a line, as far as the registry has them.
Ingester::Target &Ingester::targetOf(DatasetLine const &line) {
    auto &slot = _targets[line.instrument + "\n" + line.run + "\n" + line.dataset_type + definitionOf(line)];
    // Items of a batch point to what is here: a target that exists is never replaced.
    if (slot) return *slot;
    auto target = std::make_unique<Target>();
    target->run = line.run;
    target->type = typeOf(line);
    target->is_calibration = line.other && line.other->is_calibration;
    findTarget(*target);
    auto const &type = target->type;
    auto const &datastores = _repo.config().datastores;
    for (std::size_t i = 0; i < datastores.size(); ++i) {
        if (!datastores[i].accepts(_repo.universe(),
                                   {type.name, type.storage_class, type.dimensions, line.instrument}))
            continue;
        target->shelves.push_back(
            {i, butler::templateFor(datastores[i].templates, _repo.universe(), type.name, type.dimensions,
                                    type.storage_class, line.instrument)});
    }
    slot = std::move(target);
    return *slot;
}

butler::DatasetType Ingester::typeOf(DatasetLine const &line) const {
    butler::DatasetType out;
    out.name = line.dataset_type;
    out.storage_class = line.storage_class;
    out.dimensions = _repo.universe().group(line.other ? line.other->dimensions : line.table->dimensions);
    return out;
}

/// Look whether the registry has a target by now. \throws Error when it has another type or collection in its
/// place
void Ingester::findTarget(Target &target) const {
    auto const &wanted = target.type;
    auto const type = butler::findDatasetType(_repo, wanted.name, wanted.dimensions.required,
                                              wanted.storage_class, target.is_calibration);
    if (_plan && !type) _plan->hasDatasetType(wanted, target.is_calibration);
    auto const run = butler::findRun(_repo, target.run);
    if (_plan && !run) _plan->hasCollection(target.run, butler::CollectionType::Run);
    if (type && run) target.datasets.emplace(_repo, *type, target.run, *run);
}

/// Make a target that the registry lacks: with its first dataset, so that lines that are refused leave no
/// run.
void Ingester::registerTarget(Target &target) const {
    auto const &wanted = target.type;
    auto const type = butler::ensureDatasetType(_repo, wanted.name, wanted.dimensions.required,
                                                wanted.storage_class, target.is_calibration);
    target.datasets.emplace(_repo, type, target.run, butler::registerRun(_repo, target.run));
}

/// What was registered for an item's target is taken back with the rest of a transaction.
void Ingester::forgetRegistered(Item &item) {
    if (item.target) item.target->datasets.reset();
}

/// A zip file tells the UUIDs of its members, which follow from what they are.
void Ingester::requireUuid(Item const &item) {
    auto const &zip = item.line.zip;
    if (!zip || !zip->id || *zip->id == *item.id) return;
    throw Error("BAD_ZIP", "\"" + item.line.path + "\": the Butler's index says that it is dataset "
                               + zip->id->text() + ", but its data ID and run make it " + item.id->text())
        .cause({.column = "id", .value = zip->id->text(), .expected = item.id->text()});
}

/// The dataset type and data ID of an item, whose records must be there.
void Ingester::identify(Item &item) {
    auto &line = item.line;
    if (line.other) {
        item.data_id = item.expanded.required;
        return;
    }
    if (line.isGuider()) _registered.findExposure(line);
    _registered.require(line);
    item.target = &targetOf(line);
    for (auto const &name : item.target->type.dimensions.required) {
        if (name == "instrument") item.data_id.emplace_back(line.instrument);
        if (name == "detector") item.data_id.emplace_back(line.detector);
        if (name == "exposure") item.data_id.emplace_back(line.exposure);
    }
}

/// What can be known of an item without looking for its dataset.
void Ingester::prepare(Item &item) {
    if (item.error) return;
    try {
        identify(item);
        item.id = butler::rawUuid(item.target->type, item.line.run, item.data_id);
        requireUuid(item);
        if (_recent.size() >= _options.remembered) _recent.clear();
        auto const [seen, isNew] = _recent.emplace(item.id->hex(), item.line.path);
        if (!isNew && seen->second != item.line.path) {
            throw Error("DUPLICATE", "\"" + item.line.path + "\" and \"" + seen->second + "\" are the same "
                                         + whatIsOne(item.line));
        }
    } catch (Error const &e) {
        if (isFatal(e)) throw;
        reject(item, e);
    }
}

/// All exposures of a batch: their records, then all datasets. \return false when one of them fails
bool Ingester::storeTogether(std::vector<Group> const &groups, bool allNew) {
    try {
        Group all;
        insertRecordsAhead(groups);
        for (auto const &group : groups) {
            syncRecords(group);
            all.insert(all.end(), group.begin(), group.end());
        }
        storeItems(all, allNew);
        return true;
    } catch (Error const &e) {
        if (isFatal(e)) throw;
        return false;
    }
}

/// On a server, the records of all exposures at once.
void Ingester::insertRecordsAhead(std::vector<Group> const &groups) {
    if (_plan || !_onServer) return;
    std::vector<std::pair<std::string, butler::DimensionRecord>> records;
    for (auto const &group : groups) {
        auto const first = std::find_if(group.begin(), group.end(), [](Item *i) { return !i->error; });
        if (first == group.end() || !(*first)->line.bringsRecords()) continue;
        forEachRecord(
            _repo.universe(), *(*first)->line.records,
            [&](char const *element, Json const &record) { records.emplace_back(element, record); });
    }
    _records.insertAhead(records);
}

/// The lines of one exposure that have the same records. All of it or nothing.
void Ingester::storeGroup(Group const &group) {
    auto error = tryGroup(group);
    // A writer that does not know our lock may have come in between. What fails once more is at fault itself.
    for (int tries = 1; error && _onServer && !_plan && tries < mostTries; ++tries) {
        prefetch(group);
        for (auto *item : group) look(*item);
        error = tryGroup(group);
    }
    if (!error) return;
    for (auto *item : group) {
        if (!item->error) reject(*item, *error);
    }
}

/// \return why nothing of it was stored
std::optional<Error> Ingester::tryGroup(Group const &group) {
    sql::Savepoint savepoint(_plan ? _plan->db() : _repo.db());
    try {
        syncRecords(group);
        storeItems(group);
        savepoint.release();
        return std::nullopt;
    } catch (Error const &e) {
        if (isFatal(e)) throw;
        for (auto *item : group) forgetRegistered(*item);
        return e;
    }
}

/// The records of an exposure, which are those of all lines of its group.
void Ingester::syncRecords(Group const &group) {
    auto const first = std::find_if(group.begin(), group.end(), [](Item *i) { return !i->error; });
    if (first == group.end() || !(*first)->line.bringsRecords()) return;
    auto const &line = (*first)->line;
    Json updated;
    auto sync = [&](char const *element, Json const &record) {
        auto const result = _plan ? _records.check(element, record, _options.update_records, &_plan->records)
                                  : _records.sync(element, record, _options.update_records);
        if (_plan && result.kind != butler::SyncResult::Kind::Same) _plan->records.add(element, record);
        if (result.kind == butler::SyncResult::Kind::Updated) updated.set(element, result.old_values);
    };
    forEachRecord(_repo.universe(), *line.records, sync);
    (*first)->updated = updated;
}

/// As the registry will have it, -1: not at all.
std::int64_t Ingester::recordedSize(Item const &item) const {
    return _options.track_file_attrs || item.line.zip ? item.placed.front().size_bytes : -1;
}

void Ingester::storeItems(Group group, bool allNew) {
    std::erase_if(group, [](Item *item) { return item->error.has_value(); });
    sortByTarget(group);
    std::vector<butler::NewDataset> fresh;
    Target *target = nullptr;
    auto store = [&] {
        if (fresh.empty()) return;
        auto const now = astro::taiNsFromUtcNs(common::nowUtcNs());
        if (!target->datasets) registerTarget(*target);
        target->datasets->insert(fresh, now, allNew);
        fresh.clear();
    };
    for (auto *item : group) {
        item->outcome = !item->updated.isNull() && item->existing.stored ? "updated"
                        : item->existing.stored                          ? "existing"
                                                                         : "done";
        if (item->existing.stored) continue;
        if (_plan) {
            planItem(*item);
            continue;
        }
        if (target != item->target) store();
        target = item->target;
        fresh.push_back({*item->id, item->data_id, newFiles(*item), std::string(item->line.formatter),
                         std::string(item->line.storage_class), recordedSize(*item)});
    }
    store();
}

/// On a server in an order that all programs keep, so that none has what another waits for while it waits for
/// that one. Elsewhere so that what belongs to one type and run is stored at once.
void Ingester::sortByTarget(Group &group) const {
    if (_onServer) {
        std::ranges::sort(group, [](Item const *a, Item const *b) {
            return std::tie(a->line.run, a->target->type.name, *a->id)
                   < std::tie(b->line.run, b->target->type.name, *b->id);
        });
    } else {
        std::ranges::stable_sort(group, std::less<>(), &Item::target);
    }
}

void Ingester::reject(Item &item, Error const &e) {
    if (item.id) {
        auto const seen = _recent.find(item.id->hex());
        if (seen != _recent.end() && seen->second == item.line.path) _recent.erase(seen);
    }
    item.error = e;
}

void Ingester::finish(Item &item) {
    if (item.again) {
        _again.push_back(std::move(item.line));
        return;
    }
    if (item.twin) {
        item.error = item.twin->error;
        item.outcome = "existing";
        item.placed = item.twin->placed;
        item.existing = item.twin->existing;
        item.gone = item.twin->gone;
    }
    if (mayWait(item)) {
        _waiting.push_back(std::move(item.line));
        return;
    }
    if (item.error) {
        if (_options.later && _options.later(item.line.record, *item.error)) return;
        _rejects.add(std::move(item.line.record), *item.error);
        return;
    }
    auto files = item.existing.stored ? item.existing.files : filesOf(item);
    // The one that counts stands first.
    if (item.existing.stored)
        std::ranges::stable_partition(files,
                                      [&](auto const &f) { return f.first == item.existing.datastore; });
    if (_options.transfer == Transfer::Move && _plan) {
        planMove(item, files);
    } else if (_options.transfer == Transfer::Move) {
        // A later line of the same run that was refused has made it forgotten.
        if (!item.target->datasets) findTarget(*item.target);
        _sources.settle(item.line, files, item.target->datasets.value(), *item.id, item.data_id);
    }
    std::chrono::duration<double, std::milli> const elapsed = Clock::now() - item.start;
    Json receipt;
    receipt.set("outcome", _plan && item.outcome != "existing" ? "planned" : item.outcome);
    receipt.set("path", files.front().second);
    auto const &datastores = _repo.config().datastores;
    if (datastores.size() > 1) receipt.set("datastore", datastores[files.front().first].name);
    if (!item.updated.isNull()) receipt.set("updated", item.updated);
    auto &warnings = item.line.warnings;
    if (item.gone) warnings.push_back(warnOfGone(item));
    if (!warnings.empty()) receipt.set("warnings", Json::Array(warnings.begin(), warnings.end()));
    receipt.set("elapsed_ms", std::round(elapsed.count() * 1000.0) / 1000.0);
    item.line.record.set("id", item.id->text()).set("run", item.line.run).set(_options.receipt, receipt);
    _receipts(item.line.record, receipt["outcome"].string());
}

} // namespace dbb::intake
