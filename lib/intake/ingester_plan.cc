// What an Ingester does in a dry run: it notes in a plan what it would write into the repository.
#include "common/uri.h"
#include "intake/ingester_parts.h"

#include <unistd.h>

namespace dbb::intake {

/// As a batch that is stored carefully, and with the same end.
void Ingester::planBatch(std::vector<Item> &items, std::vector<Group> const &groups) {
    sql::ReadTransaction const view(_repo.db());
    sql::Transaction planning(_plan->db());
    prefetch(allOf(items));
    for (auto &item : items) {
        look(item);
        place(item);
    }
    for (bool complete = false; !complete;) {
        sql::Savepoint savepoint(_plan->db());
        for (auto const &group : groups) storeGroup(group);
        // Again without those that were refused for their validity.
        complete = certify(items);
        if (complete) savepoint.release();
    }
    explainCollisions(items);
    dropPlannedFiles(items);
    planning.commit();
}

/// A dataset that an earlier line would have stored.
void Ingester::lookPlanned(Item &item) const {
    auto planned = _plan->datasets.find(*item.id);
    if (!planned) return;
    auto &existing = item.existing;
    existing.stored = true;
    existing.size_bytes = planned->size_bytes;
    existing.files = std::move(planned->files);
    std::tie(existing.datastore, existing.path) = existing.files.front();
    item.existing_source = std::move(planned->source);
}

/// In place of the rows of a new dataset.
void Ingester::planItem(Item const &item) {
    auto const &target = *item.target;
    if (!target.datasets) {
        _plan->addDatasetType(target.type, target.is_calibration);
        _plan->addCollection(target.run, butler::CollectionType::Run);
    }
    auto const &placed = item.placed.front();
    _plan->datasets.add(*item.id, {.source = item.line.file,
                                   .leads_to_source = placed.file == item.line.file || placed.is_link,
                                   .size_bytes = recordedSize(item),
                                   .files = filesOf(item)});
}

/// In place of SourceRemoval::settle(). A zip file goes with its last member, and nothing comes after that.
void Ingester::planMove(Item const &item, SourceRemoval::Files const &files) try {
    auto const &file = item.line.file;
    if (item.line.zip || item.gone || isMoved(item.line) || ::access(file.c_str(), F_OK) != 0) return;
    if (_sources.isRecorded(file)) return;
    auto const uri = common::fileUri(file);
    for (std::size_t i = 0; i < _stores.size(); ++i) {
        auto const below = _stores[i].placement.pathBelowRoot(file);
        if (_plan->datasets.isRecorded(i, uri) || (below && _plan->datasets.isRecorded(i, *below))) return;
    }
    auto const &[store, path] = files.front();
    auto const &placement = _stores[store].placement;
    if (!item.existing.stored) return _plan->datasets.addMoved(file);
    bool const isPlanned = !item.existing_source.empty();
    auto const standing = isPlanned ? item.existing_source : placement.fileOf(path);
    bool const isOwn = isPlanned ? standing == file : placement.isStoredAs(file, path);
    if (!isOwn && !standing.empty() && Placement::holdsSame(file, standing)) _plan->datasets.addMoved(file);
} catch (common::Error const &) {
    // A source that can't be looked at stays, with a warning of the run.
}

/// Files that would not stay, since their lines were refused.
void Ingester::dropPlannedFiles(std::vector<Item> const &items) {
    for (auto const &item : items) {
        for (std::size_t i = 0; item.error && i < item.placed.size(); ++i) {
            auto const &placed = item.placed[i];
            if (placed.created) _plan->datasets.eraseFile(item.target->shelves[i].store, placed.stored_path);
        }
    }
}

} // namespace dbb::intake
