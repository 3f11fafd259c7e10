#include "ingest/repo_remove_selection.h"

#include "butler/datasets.h"
#include "butler/dialect.h"
#include "butler/trash.h"
#include "common/error.h"
#include "common/text.h"
#include "instrument/table.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace dbb::ingest {

using butler::Repository;
using common::Error;
using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

std::int64_t numberOf(std::string const &text, std::string const &option) {
    std::int64_t out = 0;
    auto const *end = text.data() + text.size();
    auto const [p, ec] = std::from_chars(text.data(), end, out);
    if (ec != std::errc() || p != end) throw common::usageError(option + ": \"" + text + "\" is no number");
    return out;
}

/// Exposures with an observation id, of one instrument or of all.
std::vector<WantedExposure> exposuresNamed(Repository const &repo, std::string const &obsId,
                                           std::string const &instrument) {
    std::vector<WantedExposure> out;
    repo.db()
        .cached("SELECT instrument, id FROM exposure WHERE obs_id = ? AND (? = '' OR instrument = ?) ORDER "
                "BY 1, 2")
        .query({obsId, instrument, instrument}, [&](Statement const &row) {
            out.push_back({row.text(0), row.integer(1), std::nullopt});
        });
    return out;
}

/// The observation id nearest to one that nobody has.
std::string nearestObsId(Repository const &repo, std::string const &obsId) {
    // Ids of one day have their beginning in common, and a day is as much as needs to be compared.
    constexpr std::size_t counterDigits = 6;
    auto const stem = obsId.substr(0, obsId.size() > counterDigits ? obsId.size() - counterDigits : 0);
    Names known;
    repo.db()
        .cached("SELECT obs_id FROM exposure WHERE substr(obs_id, 1, ?) = ? ORDER BY 1 LIMIT 5000")
        .query({static_cast<std::int64_t>(stem.size()), stem},
               [&](Statement const &row) { known.push_back(row.text(0)); });
    return common::nearest(obsId, known);
}

/// The dataset type of an instrument's raw files; nullopt when none is registered.
std::optional<butler::DatasetType> rawType(Repository const &repo, std::string const &instrument) {
    auto const names = instrument::tableNames();
    bool const known = std::find(names.begin(), names.end(), instrument) != names.end();
    auto type = butler::findDatasetType(repo, known ? instrument::tableOf(instrument).dataset_type : "raw");
    if (!type) return std::nullopt;
    auto const &required = type->dimensions.required;
    for (auto const *name : {"instrument", "exposure"}) {
        if (std::find(required.begin(), required.end(), name) == required.end()) return std::nullopt;
    }
    return type;
}

/// An end for want of rows that say what there is: removing by what is left would lose track of files.
Error damaged(WantedExposure const &exposure, std::string const &what) {
    return Error("REPO_DAMAGED", "exposure " + exposure.text() + ": " + what + "; nothing was removed",
                 common::ExitCode::Damaged)
        .hint("dbb-repo check says all that is wrong and what to do about it");
}

/// Make sure that whatever has the exposure in its data ID is a dataset of a known type. The tables of tags
/// are found without the types, which may be what is missing.
void requireWholeTags(Repository const &repo, WantedExposure const &exposure) {
    for (auto const &table : butler::tablesWith(repo.db(), "dataset_tags_", "exposure")) {
        std::string fault;
        repo.db()
            .cached("SELECT t.dataset_id, d.id IS NULL FROM " + quoteIdentifier(table)
                    + " AS t LEFT JOIN dataset AS d ON d.id = t.dataset_id LEFT JOIN dataset_type AS y ON "
                      "y.id = t.dataset_type_id WHERE t.instrument = ? AND t.exposure = ? AND (d.id IS NULL "
                      "OR y.id IS NULL) LIMIT 1")
            .query({exposure.instrument, exposure.id}, [&](Statement const &row) {
                fault = "dataset " + row.text(0) + " of table " + table + " has no row in table "
                        + (row.integer(1) != 0 ? "dataset" : "dataset_type");
            });
        if (!fault.empty()) throw damaged(exposure, fault);
    }
}

/// Looks for the datasets of one exposure.
class Finder {
public:
    Finder(Repository const &repo, WantedExposure const &exposure, RemoveOptions const &options,
           butler::DatasetType type)
        : _repo(repo), _exposure(exposure), _options(options), _type(std::move(type)) {
        for (auto const &text : options.detectors) _detectors.insert(numberOf(text, "--detector"));
    }

    std::vector<Removal> find() {
        addRegistered();
        addUnregistered();
        std::sort(_out.begin(), _out.end(), [](Removal const &a, Removal const &b) {
            return std::tie(a.run, a.detector, a.id) < std::tie(b.run, b.detector, b.id);
        });
        return std::move(_out);
    }

private:
    bool isWanted(Removal const &removal) const {
        if (!_options.run.empty() && removal.run != _options.run) return false;
        return _detectors.empty() || (removal.detector && _detectors.contains(*removal.detector));
    }

    Removal removalOf(std::string id, std::string run, butler::DataId const &dataId) const {
        Removal out{std::move(id), _type.name, std::move(run), Json::Object{}, std::nullopt};
        for (std::size_t i = 0; i < dataId.size(); ++i) {
            auto const &name = _type.dimensions.required[i];
            if (auto const *number = std::get_if<std::int64_t>(&dataId[i])) {
                out.data_id.set(name, *number);
                if (name == "detector") out.detector = *number;
            } else {
                out.data_id.set(name, std::get<std::string>(dataId[i]));
            }
        }
        return out;
    }

    void addRegistered() {
        Names columns;
        for (auto const &name : _type.dimensions.required) columns.push_back("t." + quoteIdentifier(name));
        _repo.db()
            .cached("SELECT t.dataset_id, c.name, " + common::join(columns, ", ") + " FROM "
                    + quoteIdentifier(_type.tags_table)
                    + " AS t JOIN dataset AS d ON d.id = t.dataset_id AND d.run_id = t.collection_id JOIN "
                      "collection "
                      "AS c ON c.collection_id = t.collection_id WHERE t.dataset_type_id = ? AND "
                      "t.instrument = ? "
                      "AND t.exposure = ?")
            .query({_type.id, _exposure.instrument, _exposure.id}, [&](Statement const &row) {
                butler::DataId dataId;
                for (std::size_t i = 0; i < columns.size(); ++i)
                    dataId.push_back(row.column(static_cast<int>(i) + 2));
                auto removal = removalOf(row.text(0), row.text(1), dataId);
                _registered.insert(removal.id);
                if (isWanted(removal)) _out.push_back(std::move(removal));
            });
    }

    /// Runs that have, or had, raw datasets of the instrument.
    Names runs() const {
        Names out;
        _repo.db()
            .cached("SELECT c.name FROM collection AS c JOIN collection_summary_dataset_type AS s ON "
                    "s.collection_id = "
                    "c.collection_id JOIN collection_summary_instrument AS i ON i.collection_id = "
                    "c.collection_id "
                    "WHERE c.type = 1 AND s.dataset_type_id = ? AND i.instrument = ? ORDER BY 1")
            .query({_type.id, _exposure.instrument},
                   [&](Statement const &row) { out.push_back(row.text(0)); });
        return out;
    }

    std::vector<butler::DataId> possibleDataIds() const {
        std::vector<butler::DataId> out{{}};
        for (auto const &name : _type.dimensions.required) {
            std::vector<Value> values;
            if (name == "instrument") values = {_exposure.instrument};
            if (name == "exposure") values = {_exposure.id};
            if (name == "detector") {
                _repo.db()
                    .cached("SELECT id FROM detector WHERE instrument = ? ORDER BY 1")
                    .query({_exposure.instrument},
                           [&](Statement const &row) { values.push_back(row.column(0)); });
            }
            std::vector<butler::DataId> longer;
            for (auto const &begun : out) {
                for (auto const &value : values) {
                    longer.push_back(begun);
                    longer.back().push_back(value);
                }
            }
            out = std::move(longer);
        }
        return out;
    }

    /// Whether tables speak of a dataset of which its run's table of tags does not, other than as one that
    /// waits in the trash.
    bool isStray(std::string const &id) const {
        auto const &stores = _repo.config().datastores;
        return std::any_of(stores.begin(), stores.end(), [&](butler::Datastore const &store) {
            return _repo.db()
                .cached("SELECT 1 WHERE EXISTS (SELECT 1 FROM dataset WHERE id = ?) OR EXISTS (SELECT 1 FROM "
                        "dataset_location WHERE dataset_id = ?) OR (EXISTS (SELECT 1 FROM "
                        + quoteIdentifier(store.records_table)
                        + " WHERE dataset_id = ?) AND NOT EXISTS (SELECT 1 FROM dataset_location_trash WHERE "
                          "dataset_id = ?))")
                .hasRow({id, id, id, id});
        });
    }

    void addUnregistered() {
        auto const dataIds = possibleDataIds();
        for (auto const &run : runs()) {
            for (auto const &dataId : dataIds) {
                auto const id = butler::rawUuid(_type, run, dataId).hex();
                if (_registered.contains(id)) continue; // perhaps taken out of the datastore only
                if (isStray(id)) {
                    throw damaged(_exposure, "dataset " + id + " of run " + run
                                                 + " is there, but has no row in table " + _type.tags_table);
                }
                auto removal = removalOf(id, run, dataId);
                if (!isWanted(removal) || !butler::isInTrash(_repo, id)) continue;
                removal.in_trash = true;
                _out.push_back(std::move(removal));
            }
        }
    }

    Repository const &_repo;
    WantedExposure const &_exposure;
    RemoveOptions const &_options;
    butler::DatasetType _type;
    std::set<std::int64_t> _detectors;
    std::set<std::string> _registered; ///< ids, of all that are there
    std::vector<Removal> _out;
};

} // namespace

std::string WantedExposure::text() const {
    auto out = instrument + " " + std::to_string(id);
    if (record && (*record)["obs_id"].isString()) out += " (" + (*record)["obs_id"].string() + ")";
    return out;
}

WantedExposure findExposure(Repository const &repo, RemoveOptions const &options) {
    if (options.obs_id.empty() == options.exposure.empty()) {
        throw common::usageError("name the exposure by its OBS_ID, or by --instrument and --exposure");
    }
    WantedExposure out;
    if (!options.exposure.empty()) {
        if (options.instrument.empty()) throw common::usageError("--exposure needs --instrument");
        out.instrument = options.instrument;
        out.id = numberOf(options.exposure, "--exposure");
    } else {
        auto const found = exposuresNamed(repo, options.obs_id, options.instrument);
        if (found.empty()) {
            auto const near = nearestObsId(repo, options.obs_id);
            throw common::usageError("nothing to remove: no exposure has the observation id \""
                                         + options.obs_id + "\"",
                                     near.empty() ? "look with: dbb-repo show REPO records exposure"
                                                  : "did you mean " + near + "?");
        }
        if (found.size() > 1) {
            Names instruments;
            for (auto const &exposure : found) instruments.push_back(exposure.instrument);
            throw common::usageError("several instruments have an exposure \"" + options.obs_id
                                         + "\": " + common::join(instruments, ", "),
                                     "say which with --instrument");
        }
        out = found.front();
    }
    out.record = butler::DimensionRecords(repo).find("exposure", {out.instrument, out.id});
    return out;
}

std::vector<Removal> findRemovals(Repository const &repo, WantedExposure const &exposure,
                                  RemoveOptions const &options) {
    requireWholeTags(repo, exposure);
    auto type = rawType(repo, exposure.instrument);
    if (!type) return {};
    return Finder(repo, exposure, options, std::move(*type)).find();
}

std::string summaryOf(std::vector<Removal> const &removals) {
    std::map<std::string, Names> detectors;
    for (auto const &removal : removals) {
        auto &list = detectors[removal.run];
        if (removal.detector) list.push_back(std::to_string(*removal.detector));
    }
    Names parts;
    for (auto const &[run, list] : detectors) {
        parts.push_back("run " + run + (list.empty() ? "" : " (detectors " + common::join(list, ", ") + ")"));
    }
    return common::join(parts, ", ");
}

Names otherDatasets(Repository const &repo, WantedExposure const &exposure,
                    std::vector<Removal> const &removals) {
    std::set<std::string> ours;
    for (auto const &removal : removals) ours.insert(removal.id);
    std::set<std::string> tables;
    for (auto const &type : butler::listDatasetTypes(repo)) {
        auto const &required = type.dimensions.required;
        if (std::find(required.begin(), required.end(), "exposure") == required.end()) continue;
        tables.insert(type.tags_table);
        if (type.isCalibration()) tables.insert(type.calibs_table);
    }
    std::set<std::string> out;
    for (auto const &table : tables) {
        repo.db()
            .cached("SELECT t.dataset_id, y.name FROM " + quoteIdentifier(table)
                    + " AS t JOIN dataset_type AS y ON y.id = t.dataset_type_id WHERE t.instrument = ? AND "
                      "t.exposure = ?")
            .query({exposure.instrument, exposure.id}, [&](Statement const &row) {
                if (!ours.contains(row.text(0))) out.insert(row.text(1));
            });
    }
    return {out.begin(), out.end()};
}

std::vector<std::int64_t> visitsOf(Repository const &repo, WantedExposure const &exposure) {
    std::vector<std::int64_t> out;
    repo.db()
        .cached(
            "SELECT DISTINCT visit FROM visit_definition WHERE instrument = ? AND exposure = ? ORDER BY 1")
        .query({exposure.instrument, exposure.id},
               [&](Statement const &row) { out.push_back(row.integer(0)); });
    return out;
}

} // namespace dbb::ingest
