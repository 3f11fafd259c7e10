#include "convert/stored_lines.h"

#include "butler/collections.h"
#include "common/error.h"
#include "common/file.h"
#include "common/uri.h"
#include "convert/data_ids.h"
#include "convert/gen2_line.h"
#include "instrument/table.h"

namespace dbb::convert {

using common::Error;
using common::Json;
using manifest::Record;

StoredLines::StoredLines(butler::Repository const &repo)
    : _repo(repo), _placement(repo.config().datastores.front().root, intake::Transfer::Direct) {}

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
        std::optional<butler::DatasetType> type;
        if (isRaw(line)) {
            auto const &table = instrument::tableOf(line.text("instrument"));
            type = butler::findDatasetType(_repo, name, table.dimensions, table.storage_class);
        } else {
            auto const other = parseOther(line, line.get("data_id")).other;
            type = butler::findDatasetType(_repo, name, other->dimensions, other->storage_class,
                                           other->is_calibration);
        }
        auto const run = butler::findRun(_repo, line.text("run"));
        if (type && run) return Target{*type, *run};
    } catch (Error const &e) {
        if (e.exitCode() != common::ExitCode::SomeFailed) throw;
    }
    return std::nullopt;
}

std::optional<common::Uuid> StoredLines::identify(Record const &line, Target const &target) const {
    auto const values = line.get("data_id");
    auto const instrument = values["instrument"];
    if (!instrument.isNull() && instrument != line.get("instrument")) return std::nullopt;
    auto const dataId = requiredValues(_repo.universe(), target.type, values);
    if (!dataId) return std::nullopt;
    return butler::rawUuid(target.type, line.text("run"), *dataId);
}

/// Whether a row names the line's own file, which is as it was.
bool StoredLines::isOf(Record const &line, butler::StoredById const &row) const {
    auto const file = common::absolutePath(common::pathOfUri(line.text("uri")));
    if (line.integer("size").value_or(row.size_bytes) != row.size_bytes) return false;
    if (_placement.fileOf(row.path) != file && !_placement.isStoredAs(file, row.path)) return false;
    return common::statFile(file).size_bytes == row.size_bytes;
}

std::vector<std::optional<StoredLines::Stored>> StoredLines::find(std::vector<Record> const &lines) {
    struct Wanted {
        std::size_t line;
        Target const *target;
    };
    std::vector<std::optional<Stored>> out(lines.size());
    if (lines.empty()) return out;
    // What was not there may have been made since.
    std::erase_if(_targets, [](auto const &target) { return !target.second; });
    sql::ReadTransaction const view(_repo.db());
    std::vector<Wanted> wanted;
    std::vector<common::Uuid> ids;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].has("calibration") || lines[i].has("transfer")) continue;
        auto const *target = targetOf(lines[i]);
        auto const id = target ? identify(lines[i], *target) : std::nullopt;
        if (!id) continue;
        wanted.push_back({i, target});
        ids.push_back(*id);
    }
    auto const rows = butler::findStored(_repo, ids);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        auto const row = rows.find(ids[i].hex());
        auto const &[line, target] = wanted[i];
        if (row == rows.end() || row->second.type_id != target->type.id
            || row->second.run_id != target->run_id)
            continue;
        try {
            if (isOf(lines[line], row->second)) out[line] = Stored{ids[i], row->second.path};
        } catch (Error const &e) {
            if (e.exitCode() != common::ExitCode::SomeFailed) throw;
        }
    }
    return out;
}

} // namespace dbb::convert
