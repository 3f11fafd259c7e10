// Files of an Ingester's lines: beside those that the repository has, into its datastores, and out of them
// again.
#include "butler/file_template.h"
#include "butler/stored_path.h"
#include "common/checksum.h"
#include "common/file.h"
#include "common/uri.h"
#include "intake/ingester_parts.h"
#include "intake/universe_records.h"

#include <cerrno>
#include <ranges>
#include <unistd.h>

namespace dbb::intake {

using common::Error;
using common::Json;

namespace {

Error notAccepted(DatasetLine const &line) {
    return Error("DATASET_NOT_ACCEPTED", "\"" + line.path + "\": no datastore of the repository accepts "
                                             + line.dataset_type + " of " + line.instrument)
        .cause({.column = "dataset_type", .value = line.dataset_type});
}

/// How a dataset that is no raw image is taken out.
constexpr char const *removeOther = "remove the dataset (butler prune-datasets --purge)";

Error ofOtherOrigin(DatasetLine const &line, std::string const &message) {
    Error out("OTHER_ORIGIN", message);
    if (line.other) {
        out.hint("compare the two files; leave this one out, or " + std::string(removeOther)
                 + " and convert the line again");
    }
    return out;
}

} // namespace

char const *whatIsOne(DatasetLine const &line) {
    return line.other ? "dataset" : "exposure and detector";
}

/// Compare an item with the first file of its dataset that is there, which comes to be the one that counts.
Placement::Stored Ingester::compareWithStored(Item &item) const {
    for (auto const &[store, path] : item.existing.files) {
        // Zip files of the same images differ, and so do they from the images.
        bool const bySize = item.line.zip || butler::artifactOf(path) != path || isMoved(item.line);
        auto const &source = item.existing_source;
        auto const out = _stores[store].placement.compareWithStored(
            bySize ? "" : item.line.file, source.empty() ? path : common::fileUri(source));
        if (out == Placement::Stored::Gone) continue;
        item.existing.datastore = store;
        item.existing.path = path;
        return out;
    }
    return Placement::Stored::Gone;
}

/// Look for the dataset in the registry, and at the file that it has.
void Ingester::look(Item &item) {
    if (item.error || item.twin) return;
    item.existing = {};
    item.existing_source.clear();
    item.gone = false;
    try {
        if (!item.target->datasets) findTarget(*item.target);
        if (item.target->datasets) item.existing = item.target->datasets->existing(*item.id, item.data_id);
        if (_plan && !item.existing.stored) lookPlanned(item);
        if (!item.existing.stored) return;
        auto const compared = compareWithStored(item);
        item.gone = compared == Placement::Stored::Gone;
        if (compared == Placement::Stored::Differs) {
            auto const other = _stores[item.existing.datastore].placement.fileOf(item.existing.path);
            throw ofOtherOrigin(item.line, "\"" + item.line.path + "\" is the same " + whatIsOne(item.line)
                                               + " as \"" + other
                                               + "\", which the repository has, but another file")
                .cause({.column = "path", .value = item.line.path, .expected = other});
        }
        requireStoredSize(item);
        if (!_options.skip_existing) {
            throw Error("ALREADY_INGESTED", "\"" + item.line.path + "\": the dataset is stored already as \""
                                                + item.existing.path + "\"");
        }
    } catch (Error const &e) {
        if (isFatal(e)) throw;
        reject(item, e);
    }
}

/// A file that grew since it was ingested, in place or through a link, or a line that speaks of another size.
void Ingester::requireStoredSize(Item const &item) const {
    auto const stored = item.existing.size_bytes;
    if (stored < 0) return;
    auto const &path = item.line.path;
    auto const &file = item.line.file;
    auto const now = item.line.zip ? std::optional(item.line.zip->size_bytes)
                     : ::access(file.c_str(), F_OK) == 0 && !isMoved(item.line)
                         ? std::optional(common::statFile(file).size_bytes)
                         : item.line.scanned.size_bytes;
    if (!now || *now == stored) return;
    throw ofOtherOrigin(item.line, "\"" + path + "\" has " + std::to_string(*now)
                                       + " bytes, but was registered with " + std::to_string(stored)
                                       + " as \"" + item.existing.path + "\"")
        .cause({.column = "file_size", .value = std::to_string(*now), .expected = std::to_string(stored)});
}

Placed Ingester::placeFile(DatasetLine const &line, std::size_t store, std::string const &path) {
    auto &placement = _stores[store].placement;
    if (!_plan) return placement.place(line.file, line.scanned, path);
    if (isMoved(line)) throw common::systemError("look at", line.file, ENOENT);
    auto const ahead = makesFiles() ? _plan->datasets.fileAt(store, path) : std::nullopt;
    auto out = placement.plan(line.file, line.scanned, path, ahead);
    if (out.created) _plan->datasets.addFile(store, path, {.source = line.file, .is_link = out.is_link});
    return out;
}

/// Bring an item's file into a datastore that accepts it.
void Ingester::place(Item &item, std::size_t shelf) {
    auto const &[index, pathTemplate] = item.target->shelves[shelf];
    auto &store = _stores[index];
    auto const placeAt = [&](std::string const &path) { return placeFile(item.line, index, path); };
    auto placed =
        item.line.zip ? store.zips.place(item.line, placeAt) : placeAt(templatePath(item, pathTemplate));
    if (item.line.zip) {
        item.checksum = item.line.zip->checksum;
    } else if (_options.track_file_attrs && !_plan && store.checksum && item.checksum.empty()) {
        item.checksum = common::fileChecksums(placed.file, {"blake2b"}).front();
    }
    item.placed.resize(std::max(item.placed.size(), shelf + 1));
    item.placed[shelf] = std::move(placed);
}

/// Bring an item's file into all datastores that accept it and do not have it.
void Ingester::place(Item &item) {
    if (item.error || item.twin || item.existing.stored) return;
    try {
        auto const &shelves = item.target->shelves;
        if (shelves.empty()) throw notAccepted(item.line);
        if (!makesFiles() || item.placed.empty()) item.checksum.clear();
        for (std::size_t i = 0; i < shelves.size(); ++i) {
            bool const there =
                makesFiles() && i < item.placed.size() && ::access(item.placed[i].file.c_str(), F_OK) == 0;
            if (!there) place(item, i);
        }
    } catch (Error const &e) {
        if (isFatal(e)) throw;
        auto const error = Error(e).stage("transfer");
        // Another program may have moved it in since we looked; the look under the lock will tell.
        bool const mayBeStored = _options.transfer == Transfer::Move && e.code() == "NOT_FOUND";
        if (mayBeStored && !_repo.db().inTransaction()) {
            item.absent = error;
        } else {
            reject(item, error);
        }
    }
}

/// The name of a new file must be as durable as the row that will name it.
void Ingester::syncFolders(Item &item) {
    if (item.error) return;
    try {
        for (std::size_t i = 0; i < item.placed.size(); ++i)
            _stores[item.target->shelves[i].store].placement.sync(item.placed[i]);
    } catch (Error const &e) {
        if (isFatal(e)) throw;
        reject(item, Error(e).stage("transfer"));
    }
}

/// Under the lock: what another program took away since, be it the dataset or our file that it took for a
/// left-over, is placed once more.
void Ingester::requirePlaced(Item &item) {
    if (item.error || item.twin || item.existing.stored || !makesFiles()) return;
    if (item.absent) {
        reject(item, *item.absent);
    } else if (item.placed.size() < item.target->shelves.size()
               || std::ranges::any_of(item.placed,
                                      [](Placed const &p) { return ::access(p.file.c_str(), F_OK) != 0; })) {
        place(item);
        syncFolders(item);
    }
}

/// Path of an item's file below the root; empty when none is made.
std::string Ingester::templatePath(Item const &item, std::string const &pathTemplate) const {
    if (!makesFiles()) return {};
    auto const &line = item.line;
    auto const &target = *item.target;
    auto const extension = butler::extensionOf(common::nameOf(line.path));
    if (line.other) {
        auto fields = item.expanded.fields();
        fields.insert({{"run", line.run}, {"datasetType", target.type.name}, {"id", item.id->text()}});
        return butler::formatTemplate(pathTemplate, fields, extension);
    }
    auto const &exposure = (*line.records)["exposure"];
    auto const day = exposure["day_obs"].text();
    auto const filter = line.physical_filter;
    std::map<std::string, std::string> const fields{
        {"run", line.run},
        {"datasetType", target.type.name},
        {"instrument", line.instrument},
        {"physical_filter", filter},
        {"day_obs", day},
        {"exposure.day_obs", day},
        {"exposure", std::to_string(line.exposure)},
        {"exposure.obs_id", exposure["obs_id"].text()},
        {"group", exposure["group"].text()},
        {"detector", std::to_string(line.detector)},
        {"detector.full_name", _registered.detectorName(line)},
        {"id", ""},
    };
    return butler::formatTemplate(pathTemplate, fields, extension);
}

/// What stands in a file's place may be another exposure's file, when two claim the same observation ID.
void Ingester::explainCollisions(std::vector<Item> &items) {
    for (auto &item : items) {
        if (!item.error || item.error->code() != "DESTINATION_EXISTS" || !item.line.bringsRecords()) continue;
        try {
            forEachRecord(_repo.universe(), *item.line.records, [&](char const *element, Json const &record) {
                _records.check(element, record, _options.update_records, _plan ? &_plan->records : nullptr);
            });
        } catch (Error const &e) {
            if (isFatal(e)) throw;
            item.error = e;
        }
    }
}

std::vector<butler::NewFile> Ingester::newFiles(Item const &item) const {
    std::vector<butler::NewFile> out;
    for (std::size_t i = 0; i < item.placed.size(); ++i) {
        auto const store = item.target->shelves[i].store;
        bool const withChecksum = item.line.zip || _stores[store].checksum;
        out.push_back({store, item.placed[i].stored_path, withChecksum ? item.checksum : ""});
    }
    return out;
}

/// Others may write with us, and a file of ours may be what they have found in its place.
void Ingester::undoLeftOversAlone(std::vector<Item> &items) {
    bool const any = std::any_of(items.begin(), items.end(), [](Item const &item) {
        return item.error && std::ranges::any_of(item.placed, &Placed::created);
    });
    if (!any) return;
    sql::repeating([&] {
        sql::Transaction const alone(_repo.db());
        undoLeftOvers(items);
    });
}

/// Files that were put in place for lines that then failed. While we write alone nobody can come to name
/// them.
void Ingester::undoLeftOvers(std::vector<Item> &items) {
    for (auto &item : items) {
        for (std::size_t i = 0; item.error && i < item.placed.size(); ++i) {
            auto const &placed = item.placed[i];
            auto const &store = _stores[item.target->shelves[i].store];
            if (placed.created && !isNamedByRow(_repo, store, placed.stored_path)) Placement::undo(placed);
        }
    }
}

/// A dataset that is stored already, but whose file somebody took away: nothing that a line can mend.
std::string Ingester::warnOfGone(Item const &item) {
    auto message = "the repository has this dataset, but not its file \""
                   + _stores[item.existing.datastore].placement.fileOf(item.existing.path) + "\"";
    std::string const remove = item.line.other ? removeOther : "remove the dataset (dbb-repo remove-raw)";
    _warnings.add(Error("VANISHED", "\"" + item.line.path + "\": " + message)
                      .hint("put the file back there, or " + remove + " and run the same line again"));
    return message;
}

/// Where an item's files were placed: datastores and stored paths.
SourceRemoval::Files Ingester::filesOf(Item const &item) {
    SourceRemoval::Files out;
    for (std::size_t i = 0; i < item.placed.size(); ++i)
        out.emplace_back(item.target->shelves[i].store, item.placed[i].stored_path);
    return out;
}

} // namespace dbb::intake
