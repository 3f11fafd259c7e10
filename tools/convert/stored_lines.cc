#include "convert/stored_lines.h"

#include "butler/collections.h"
#include "butler/stored_path.h"
#include "common/error.h"
#include "common/file.h"
#include "common/uri.h"
#include "convert/data_ids.h"
#include "convert/gen2_line.h"
#include "instrument/table.h"

#include <cerrno>
#include <deque>
#include <unistd.h>

namespace dbb::convert {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

bool isGone(std::string const &file) {
    return ::access(file.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

} // namespace

StoredLines::StoredLines(butler::Repository const &repo, butler::Plan const *plan)
    : _repo(repo), _plan(plan), _placement(repo.config().datastores.front().root, intake::Transfer::Direct) {}

/// nullptr when there can be none of that type and run.
StoredLines::Target const *StoredLines::targetOf(Record const &line) {
    std::string key;
    for (auto const *part :
         {"instrument", "dataset_type", "run", "storage_class", "dimensions", "is_calibration"})
        key.append(line.raw(part)).push_back('\n');
    auto const [at, isNew] = _targets.try_emplace(key);
    if (isNew) at->second = findTarget(line);
    return at->second ? &*at->second : nullptr;
}

/// As the registry has them; whoever looks closer will say what is wrong with others.
std::optional<StoredLines::Target> StoredLines::findTarget(Record const &line) const {
    try {
        auto const name = line.text("dataset_type");
        butler::DatasetType wanted;
        bool calibration = false;
        if (isRaw(line)) {
            auto const &table = instrument::tableOf(line.text("instrument"));
            wanted.dimensions = _repo.universe().group(table.dimensions);
            wanted.storage_class = table.storage_class;
        } else {
            auto const other = parseOther(line, line.get("data_id")).other;
            wanted.dimensions = _repo.universe().group(other->dimensions);
            wanted.storage_class = other->storage_class;
            calibration = other->is_calibration;
        }
        wanted.name = name;
        auto const type = butler::findDatasetType(_repo, name, wanted.dimensions.required,
                                                  wanted.storage_class, calibration);
        if (_plan && !type) _plan->hasDatasetType(wanted, calibration);
        auto const run = butler::findRun(_repo, line.text("run"));
        if (type && run) return Target{*type, *run};
        if (_plan && !run) _plan->hasCollection(line.text("run"), butler::CollectionType::Run);
        if (_plan) return Target{wanted, -1};
    } catch (Error const &e) {
        if (e.exitCode() != common::ExitCode::SomeFailed) throw;
    }
    return std::nullopt;
}

std::optional<butler::DataId> StoredLines::valuesOf(Record const &line, Target const &target) const {
    auto const values = line.get("data_id");
    auto const instrument = values["instrument"];
    if (!instrument.isNull() && instrument != line.get("instrument")) return std::nullopt;
    return requiredValues(_repo.universe(), target.type, values);
}

/// Whether a row names the line's own file, which is as it was.
bool StoredLines::isOf(Record const &line, butler::StoredById const &row) const {
    auto const file = common::absolutePath(common::pathOfUri(line.text("uri")));
    if (line.integer("size").value_or(row.size_bytes) != row.size_bytes) return false;
    if (_placement.fileOf(row.path) != file && !_placement.isStoredAs(file, row.path)) return false;
    return common::statFile(file).size_bytes == row.size_bytes;
}

/// Whether there is nothing at a path, or would be nothing by now.
bool StoredLines::isAway(std::string const &file) const {
    return isGone(file) || (_plan && _plan->datasets.isMoved(file));
}

/// As isOf() and movedFile(), of a dataset that is planned.
std::optional<StoredLines::Stored> StoredLines::plannedFile(Record const &line,
                                                            common::Uuid const &id) const {
    auto const planned = _plan ? _plan->datasets.find(id) : std::nullopt;
    if (!planned) return std::nullopt;
    auto const &path = planned->files.front().second;
    auto const file = common::absolutePath(common::pathOfUri(line.text("uri")));
    bool const fits = line.integer("size").value_or(planned->size_bytes) == planned->size_bytes;
    if (!fits || butler::artifactOf(path) != path) return std::nullopt;
    if (isAway(file)) return Stored{id, path};
    bool const leads = planned->leads_to_source && !isGone(planned->source)
                       && common::realPath(planned->source) == common::realPath(file);
    if (_repo.config().datastores.size() > 1 || !(leads || _placement.fileOf(path) == file))
        return std::nullopt;
    return Stored{id, path};
}

/// What was not there may have been made since.
void StoredLines::forgetMissing() {
    std::erase_if(_targets, [](auto const &target) { return !target.second || target.second->run_id < 0; });
}

std::vector<std::optional<StoredLines::Stored>> StoredLines::find(std::vector<Record> const &lines) {
    struct Wanted {
        std::size_t line;
        Target const *target;
    };
    std::vector<std::optional<Stored>> out(lines.size());
    if (lines.empty()) return out;
    forgetMissing();
    sql::ReadTransaction const view(_repo.db());
    std::vector<Wanted> wanted;
    std::vector<common::Uuid> ids;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].has("calibration") || lines[i].has("transfer")) continue;
        auto const *target = targetOf(lines[i]);
        auto const values = target ? valuesOf(lines[i], *target) : std::nullopt;
        if (!values) continue;
        wanted.push_back({i, target});
        ids.push_back(butler::rawUuid(target->type, lines[i].text("run"), *values));
    }
    auto const rows = butler::findStored(_repo, ids);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        auto const row = rows.find(ids[i].hex());
        auto const &[line, target] = wanted[i];
        if (row == rows.end()) {
            out[line] = plannedFile(lines[line], ids[i]);
            continue;
        }
        if (row->second.type_id != target->type.id || row->second.run_id != target->run_id) continue;
        try {
            if (isOf(lines[line], row->second)) out[line] = Stored{ids[i], row->second.path};
        } catch (Error const &e) {
            if (e.exitCode() != common::ExitCode::SomeFailed) throw;
        }
    }
    return out;
}

/// The first file of a dataset that is there, of the size that it had and the line has.
std::optional<StoredLines::Stored> StoredLines::movedFile(Record const &line,
                                                          butler::StoredDataset const &dataset) const {
    for (auto const &file : dataset.files) {
        auto const local = butler::localFile(_repo.config().datastores[file.datastore].root, file.path);
        if (file.component != butler::wholeDataset || butler::artifactOf(file.path) != file.path) continue;
        if (local.empty() || isGone(local)) continue;
        auto const size = common::statFile(local).size_bytes;
        if (file.size_bytes >= 0 && size != file.size_bytes) continue;
        if (line.integer("size").value_or(size) != size) continue;
        return Stored{common::Uuid::fromText(dataset.id).value(), file.path};
    }
    return std::nullopt;
}

std::vector<std::optional<StoredLines::Stored>> StoredLines::findMoved(std::vector<Record> const &lines) {
    std::vector<std::optional<Stored>> out(lines.size());
    std::vector<std::size_t> asked;
    std::deque<butler::DataId> values;
    std::vector<butler::WantedDataset> wanted;
    if (lines.empty()) return out;
    forgetMissing();
    sql::ReadTransaction const view(_repo.db());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!isAway(common::absolutePath(common::pathOfUri(lines[i].text("uri"))))) continue;
        auto const *target = targetOf(lines[i]);
        auto dataId = target ? valuesOf(lines[i], *target) : std::nullopt;
        if (!dataId) continue;
        out[i] = plannedFile(lines[i], butler::rawUuid(target->type, lines[i].text("run"), *dataId));
        if (out[i] || target->run_id < 0) continue;
        asked.push_back(i);
        wanted.push_back({&target->type, target->run_id, &values.emplace_back(std::move(*dataId))});
    }
    auto const found = butler::findDatasets(_repo, wanted);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (found[i]) out[asked[i]] = movedFile(lines[asked[i]], *found[i]);
    }
    return out;
}

} // namespace dbb::convert
