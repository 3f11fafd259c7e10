#include "convert/stored_raws.h"

#include "butler/collections.h"
#include "common/error.h"
#include "common/file.h"
#include "common/uri.h"
#include "convert/data_ids.h"
#include "instrument/table.h"

namespace dbb::convert {

using common::Error;
using common::Json;
using manifest::Record;

StoredRaws::StoredRaws(butler::Repository const &repo) : _repo(repo) {
    for (auto const &store : repo.config().datastores)
        _placements.emplace_back(store.root, intake::Transfer::Direct);
}

/// nullptr when there can be none of that type and run.
butler::Datasets *StoredRaws::datasetsOf(std::string const &instrument, std::string const &run) {
    auto const key = instrument + "\n" + run;
    auto const at = _datasets.find(key);
    if (at != _datasets.end()) return &at->second;
    try {
        auto const &table = instrument::tableOf(instrument);
        auto const type =
            butler::findDatasetType(_repo, table.dataset_type, table.dimensions, table.storage_class);
        auto const id = butler::findRun(_repo, run);
        if (!type || !id) return nullptr;
        return &_datasets.try_emplace(key, _repo, *type, run, *id).first->second;
    } catch (Error const &e) {
        if (e.exitCode() != common::ExitCode::SomeFailed) throw;
        return nullptr; // whoever reads the header will say why
    }
}

std::optional<std::pair<common::Uuid, butler::DataId>>
StoredRaws::identify(Record const &line, butler::Datasets const &datasets) const {
    auto const values = line.get("data_id");
    if (values["instrument"] != line.get("instrument")) return std::nullopt;
    auto dataId = requiredValues(_repo.universe(), datasets.type(), values);
    if (!dataId) return std::nullopt;
    auto const id = butler::rawUuid(datasets.type(), datasets.run(), *dataId);
    return std::pair{id, std::move(*dataId)};
}

std::optional<StoredRaws::Stored> StoredRaws::look(Record const &line, butler::Datasets &datasets) const {
    auto const wanted = identify(line, datasets);
    if (!wanted) return std::nullopt;
    try {
        auto const existing = datasets.existing(wanted->first, wanted->second);
        auto const file = common::absolutePath(common::pathOfUri(line.text("uri")));
        if (!existing.stored || line.integer("size") != existing.size_bytes) return std::nullopt;
        if (!_placements[existing.datastore].isStoredAs(file, existing.path)) return std::nullopt;
        return Stored{wanted->first, existing.path};
    } catch (Error const &e) {
        if (e.exitCode() != common::ExitCode::SomeFailed) throw;
        return std::nullopt;
    }
}

std::vector<std::optional<StoredRaws::Stored>> StoredRaws::find(std::vector<Record> const &lines) {
    std::vector<std::optional<Stored>> out(lines.size());
    if (lines.empty()) return out;
    sql::ReadTransaction const view(_repo.db());
    std::vector<butler::Datasets *> datasets;
    std::map<butler::Datasets *, std::vector<std::pair<common::Uuid, butler::DataId>>> wanted;
    for (auto const &line : lines) {
        datasets.push_back(datasetsOf(line.get("instrument").text(), line.get("run").text()));
        if (!datasets.back()) continue;
        if (auto one = identify(line, *datasets.back())) wanted[datasets.back()].push_back(std::move(*one));
    }
    if (_repo.db().dialect() == sql::Dialect::Postgres) {
        for (auto &[of, list] : wanted) of->prefetch(list);
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (datasets[i]) out[i] = look(lines[i], *datasets[i]);
    }
    return out;
}

} // namespace dbb::convert
