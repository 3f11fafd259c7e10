#include "ingest/repo_show.h"

#include "butler/collections.h"
#include "butler/datasets.h"
#include "butler/dimension_records.h"
#include "butler/nights.h"
#include "butler/repository.h"
#include "common/error.h"
#include "common/text.h"
#include "common/text_table.h"
#include "manifest/record.h"

#include <algorithm>

namespace dbb::ingest {

using butler::Repository;
using common::Json;
using common::Output;
using manifest::Record;

namespace {

Json arrayOf(std::vector<std::string> const &names) {
    return Json::Array(names.begin(), names.end());
}

void showCollections(Repository const &repo, std::string const &where, bool table, Output &out) {
    common::TextTable rows({"collection", "type", "children", "doc"});
    for (auto const &collection : butler::listCollections(repo, where)) {
        std::string const type(nameOf(collection.type));
        if (table) {
            rows.add({collection.name, type, common::join(collection.children, ", "), collection.doc});
            continue;
        }
        Record line("collection");
        line.set("name", collection.name).set("collection_type", type).set("doc", collection.doc);
        if (collection.type == butler::CollectionType::Chained)
            line.set("children", arrayOf(collection.children));
        out.write(line.line());
    }
    rows.print(out);
}

void showDatasetTypes(Repository const &repo, std::string const &where, bool table, Output &out) {
    common::TextTable rows({"dataset type", "dimensions", "storage class", "calibration"});
    for (auto const &type : butler::listDatasetTypes(repo, where)) {
        auto const &dimensions = type.dimensions.required;
        if (table) {
            rows.add({type.name, common::join(dimensions, ", "), type.storage_class,
                      type.isCalibration() ? "yes" : "no"});
            continue;
        }
        Record line("dataset_type");
        line.set("name", type.name).set("dimensions", arrayOf(dimensions));
        line.set("storage_class", type.storage_class).set("calibration", type.isCalibration());
        out.write(line.line());
    }
    rows.print(out);
}

/// A line of type dataset, as other programs of the family read it.
Record datasetLine(butler::DatasetRow const &dataset) {
    Record line("dataset");
    auto const &files = dataset.files.array();
    if (files.size() == 1 && files[0]["component"].isNull()) {
        line.set("uri", files[0]["uri"]);
        if (!files[0]["size"].isNull()) line.set("size", files[0]["size"]);
        if (files[0]["checksum"].isString()) {
            Json checksum;
            line.set("checksum", checksum.set("blake2b", files[0]["checksum"]));
        }
    }
    line.set("dataset_type", dataset.dataset_type).set("run", dataset.run).set("data_id", dataset.data_id);
    line.set("id", dataset.id);
    if (!dataset.ingest_date_tai.empty()) line.set("ingest_date_tai", dataset.ingest_date_tai);
    if (!dataset.ingest_date_utc.empty()) line.set("ingest_date_utc", dataset.ingest_date_utc);
    return line.set("files", dataset.files);
}

std::string cell(Json const &value) {
    if (value.isNull()) return "-";
    return value.text();
}

void showDatasets(Repository const &repo, std::string const &where, bool table, Output &out) {
    common::TextTable rows({"dataset type", "run", "data id", "file"});
    butler::forEachDataset(repo, where, [&](butler::DatasetRow const &dataset) {
        if (!table) return out.write(datasetLine(dataset).line());
        std::vector<std::string> dataId;
        for (auto const &[name, value] : dataset.data_id.object()) dataId.push_back(name + "=" + cell(value));
        std::vector<std::string> files;
        for (auto const &file : dataset.files.array()) files.push_back(file["path"].string());
        rows.add({dataset.dataset_type, dataset.run, common::join(dataId, " "),
                  files.empty() ? "(not stored)" : common::join(files, " ")});
    });
    rows.print(out);
}

Json countsOf(std::map<std::string, std::int64_t> const &counts) {
    Json out{Json::Object{}};
    for (auto const &[name, count] : counts) out.set(name, count);
    return out;
}

/// `bias 3, dark 1`
std::string cellOf(std::map<std::string, std::int64_t> const &counts) {
    std::vector<std::string> out;
    for (auto const &[name, count] : counts) {
        out.push_back((name.empty() ? "(none)" : name) + " " + std::to_string(count));
    }
    return out.empty() ? "-" : common::join(out, ", ");
}

void showNights(Repository const &repo, std::string const &where, bool table, Output &out) {
    common::TextTable rows(
        {"instrument", "day_obs", "exposures", "seq_num", "observation types", "datasets"});
    for (auto const &night : butler::listNights(repo, where)) {
        Json const first = night.first_seq_num ? Json(*night.first_seq_num) : Json();
        Json const last = night.last_seq_num ? Json(*night.last_seq_num) : Json();
        if (table) {
            rows.add({night.instrument, std::to_string(night.day_obs), std::to_string(night.exposures),
                      cell(first) + " .. " + cell(last), cellOf(night.observation_types),
                      cellOf(night.datasets)});
            continue;
        }
        Record line("night");
        line.set("instrument", night.instrument).set("day_obs", night.day_obs);
        line.set("exposures", night.exposures).set("first_seq_num", first).set("last_seq_num", last);
        line.set("observation_types", countsOf(night.observation_types));
        out.write(line.set("datasets", countsOf(night.datasets)).line());
    }
    rows.print(out);
}

/// A column of a dimension record for a table: time spans without braces, regions by name only.
std::string recordCell(std::string const &name, Json const &value) {
    if (name == "region" && !value.isNull()) return "(region)";
    if (!value.isObject()) return cell(value);
    if (value["empty"].isBool()) return "(empty)";
    return cell(value["begin_tai"]) + " .. " + cell(value["end_tai"]);
}

void showRecords(Repository const &repo, butler::Element const &element, std::string const &where, bool table,
                 bool heading, Output &out) {
    butler::DimensionRecords records(repo);
    std::vector<std::string> names;
    if (element.hasTable()) {
        for (auto const &column : recordColumns(repo.universe(), element)) names.push_back(column.name);
    } else {
        names.push_back(element.keys.front().name);
    }
    common::TextTable rows(names);
    records.forEach(element.name, where, [&](butler::DimensionRecord const &record) {
        if (!table) {
            Record line("dimension");
            out.write(line.set("element", element.name).set("record", record).line());
            return;
        }
        std::vector<std::string> cells;
        for (auto const &name : names) cells.push_back(recordCell(name, record[name]));
        rows.add(std::move(cells));
    });
    if (heading && !rows.empty()) out.write(element.name + ":");
    rows.print(out);
    if (heading && !rows.empty()) out.write("");
}

butler::Element const &elementOf(Repository const &repo, std::string const &name) {
    std::vector<std::string> known;
    for (auto const &element : repo.universe().elements()) {
        if (element.skypix) continue;
        if (element.name == name) return element;
        known.push_back(element.name);
    }
    auto const near = common::nearest(name, known);
    throw common::usageError("this repository has no records of \"" + name + "\"",
                             near.empty() ? "it has: " + common::join(known, ", ")
                                          : "did you mean " + near + "?");
}

void showAllRecords(ShowOptions const &options, Repository const &repo, bool table, Output &out) {
    if (!options.element.empty()) {
        return showRecords(repo, elementOf(repo, options.element), options.where, table, false, out);
    }
    if (!options.where.empty()) throw common::usageError("--where needs the name of one kind of records");
    for (auto const &element : repo.universe().elements()) {
        if (element.hasTable()) showRecords(repo, element, "", table, true, out);
    }
}

void checkWhat(ShowOptions const &options) {
    if (options.what != "records" && !options.element.empty()) {
        throw common::usageError("\"" + options.element
                                 + "\" is one argument too many: only records have a kind");
    }
}

} // namespace

void show(ShowOptions const &options, bool terminal, Output &out) {
    checkWhat(options);
    bool const table = options.format.empty() ? terminal : options.format == "table";
    auto const repo = Repository::open(options.repo, butler::Access::ReadOnly);
    if (options.what == "collections") showCollections(repo, options.where, table, out);
    if (options.what == "dataset-types") showDatasetTypes(repo, options.where, table, out);
    if (options.what == "datasets") showDatasets(repo, options.where, table, out);
    if (options.what == "nights") showNights(repo, options.where, table, out);
    if (options.what == "records") showAllRecords(options, repo, table, out);
    if (!table) out.write(manifest::endRecord("dbb-repo").line());
}

} // namespace dbb::ingest
