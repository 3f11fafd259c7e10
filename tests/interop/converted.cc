// Do with dbb what a file of steps says, as tests/interop/converted.py does with the Python Butler.
//     converted REPO < STEPS        prints how many datasets and certifications were new
#include "butler/certification.h"
#include "butler/collections.h"
#include "butler/datasets.h"
#include "butler/expansion.h"
#include "butler/file_template.h"
#include "butler/skymaps.h"
#include "common/calendar.h"
#include "common/file.h"
#include "common/json.h"

#include <filesystem>
#include <fstream>
#include <iostream>

using namespace dbb;
using common::Json;

namespace {

class Steps {
public:
    explicit Steps(butler::Repository const &repo)
        : _repo(repo), _records(repo), _expansion(repo, _records), _maps(repo) {}

    void run(Json const &step) {
        sql::Transaction transaction(_repo.db());
        if (step.find("datasets")) {
            store(step);
        } else if (step.find("certify")) {
            certify(step);
        } else if (step.find("dataset_type")) {
            butler::ensureDatasetType(_repo, step["dataset_type"].string(), texts(step["dimensions"]),
                                      step["storage_class"].string(), step["calibration"] == Json(true));
        } else if (step.find("chain")) {
            butler::extendChain(_repo, step["chain"].string(), texts(step["children"]));
        } else {
            butler::registerCollection(_repo, step["collection"].string(), typeOf(step["type"].string()));
        }
        transaction.commit();
    }

    int stored() const { return _stored; }
    int certified() const { return _certified; }

private:
    static std::vector<std::string> texts(Json const &array) {
        std::vector<std::string> out;
        for (auto const &one : array.array()) out.push_back(one.string());
        return out;
    }

    static butler::CollectionType typeOf(std::string const &name) {
        using butler::CollectionType;
        for (auto const type : {CollectionType::Run, CollectionType::Tagged, CollectionType::Chained,
                                CollectionType::Calibration})
            if (nameOf(type) == name) return type;
        throw std::invalid_argument(name);
    }

    /// The data IDs of a step, expanded together.
    std::vector<butler::ExpandedDataId> dataIds(butler::DatasetType const &type, Json const &step) {
        std::vector<Json> given;
        for (auto one : step["data_ids"].array()) {
            if (auto const *cell = one.find("patch_xy")) {
                auto const &xy = cell->array();
                auto const patch = _maps.patchAt(one["skymap"].string(), one["tract"].integer(),
                                                 xy[0].integer(), xy[1].integer());
                std::erase_if(one.object(), [](auto const &member) { return member.first == "patch_xy"; });
                one.set("patch", patch);
            }
            given.push_back(one.isNull() ? Json(Json::Object{}) : one);
        }
        std::vector<butler::DataIdExpansion::Wanted> wanted;
        for (auto const &one : given) wanted.push_back({&type.dimensions, &one});
        std::vector<butler::ExpandedDataId> out;
        for (auto &outcome : _expansion.expandEach(wanted)) {
            if (outcome.error) throw common::Error(*outcome.error);
            out.push_back(std::move(outcome.data_id));
        }
        return out;
    }

    /// Write a dataset's file where the repository's template wants it.
    butler::NewFile makeFile(butler::DatasetType const &type, std::string const &run,
                             butler::ExpandedDataId const &dataId, std::string const &content) {
        auto const &store = _repo.config().datastores.front();
        auto const instrument = dataId.values.find("instrument");
        auto const pathTemplate = butler::templateFor(
            store.templates, _repo.universe(), type.name, type.dimensions, type.storage_class,
            instrument == dataId.values.end() ? "" : instrument->second.string());
        auto fields = dataId.fields();
        fields["run"] = run;
        fields["datasetType"] = type.name;
        auto const path = butler::formatTemplate(pathTemplate, fields, ".yaml");
        auto const file = store.root + "/" + path;
        std::filesystem::create_directories(std::filesystem::path(file).parent_path());
        std::ofstream(file) << content;
        return {.datastore = 0, .path = path};
    }

    void store(Json const &step) {
        auto const type = butler::findDatasetType(_repo, step["datasets"].string()).value();
        auto const run = step["run"].string();
        butler::Datasets datasets(_repo, type, run, butler::registerRun(_repo, run));
        std::vector<butler::NewDataset> all;
        for (auto const &dataId : dataIds(type, step)) {
            auto const id = butler::rawUuid(type, run, dataId.required);
            if (datasets.existing(id, dataId.required).stored) continue;
            auto const content = id.text();
            all.push_back({id,
                           dataId.required,
                           {makeFile(type, run, dataId, content)},
                           "lsst.daf.butler.formatters.yaml.YamlFormatter",
                           type.storage_class,
                           static_cast<std::int64_t>(content.size())});
        }
        datasets.insert(all, common::nowUtcNs());
        _stored += static_cast<int>(all.size());
    }

    void certify(Json const &step) {
        auto const type = butler::findDatasetType(_repo, step["certify"].string()).value();
        auto const collection = step["collection"].string();
        auto const id = butler::registerCollection(_repo, collection, butler::CollectionType::Calibration);
        auto const instant = [&](char const *key) {
            return step[key].isNull() ? std::nullopt : common::nsFromIso(step[key].string());
        };
        std::vector<butler::Certified> all;
        for (auto const &dataId : dataIds(type, step)) {
            all.push_back({butler::rawUuid(type, step["run"].string(), dataId.required), dataId.required,
                           instant("begin_tai"), instant("end_tai")});
        }
        using Certifications = butler::Certifications;
        for (auto const &outcome : Certifications(_repo, type, collection, id).insert(all)) {
            if (outcome.error) throw common::Error(*outcome.error);
            if (outcome.found == Certifications::Found::New) ++_certified;
        }
    }

    butler::Repository const &_repo;
    butler::DimensionRecords _records;
    butler::DataIdExpansion _expansion;
    butler::SkyMaps _maps;
    int _stored = 0;
    int _certified = 0;
};

} // namespace

int main(int argc, char **argv) try {
    if (argc != 2) throw std::invalid_argument("one argument is the repository");
    auto const repo = butler::Repository::open(argv[1], butler::Access::ReadWrite);
    Steps steps(repo);
    for (std::string line; std::getline(std::cin, line);) steps.run(Json::parse(line));
    std::cout << steps.stored() << " " << steps.certified() << "\n";
    return 0;
} catch (common::Error const &e) {
    std::cerr << e.code() << ": " << e.message() << "\n";
    return 1;
} catch (std::exception const &e) {
    std::cerr << e.what() << "\n";
    return 1;
}
