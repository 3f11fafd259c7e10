#include "butler/datasets.h"

#include "butler/references.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <set>

namespace dbb::butler {

using common::Error;
using common::Uuid;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

/// The Butler's name space of deterministic dataset ids, 840b31d9-05cd-5161-b2c8-00d32b280d0f.
constexpr std::array<unsigned char, 16> nameSpace{0x84, 0x0b, 0x31, 0xd9, 0x05, 0xcd, 0x51, 0x61,
                                                  0xb2, 0xc8, 0x00, 0xd3, 0x2b, 0x28, 0x0d, 0x0f};

std::string textOf(Value const &value) {
    if (auto const *text = std::get_if<std::string>(&value)) return *text;
    if (auto const *integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    return {};
}

/// `{instrument=X, detector=1}`
std::string described(DatasetType const &type, DataId const &dataId) {
    Names parts;
    for (std::size_t i = 0; i < dataId.size(); ++i) {
        parts.push_back(type.dimensions.required[i] + "=" + textOf(dataId[i]));
    }
    return type.name + " {" + common::join(parts, ", ") + "}";
}

std::string quotedList(Names const &names, std::string const &separator) {
    std::string out;
    for (auto const &name : names) out += separator + quoteIdentifier(name);
    return out;
}

/// The time of ingest as the registry keeps it.
Value ingestDate(DatasetsManager manager, std::int64_t tai_ns) {
    constexpr std::int64_t microsecond = 1000;
    if (manager == DatasetsManager::V2) return tai_ns - tai_ns % microsecond;
    auto text = common::isoFromNs(common::nowUtcNs()).substr(0, 26);
    text[10] = ' ';
    return text;
}

/// The version of the datasets manager tells how dates are kept; a column of the other kind would take them,
/// but nobody could read them.
void requireDateColumn(Repository const &repo) {
    auto const type = contradictingDateType(repo.db(), repo.datasetsManager());
    if (type.empty()) return;
    throw repo.damaged(
        "the version of the datasets manager contradicts column dataset.ingest_date, which is a " + type);
}

} // namespace

Uuid butlerUuid(std::string_view name) {
    return Uuid::version5(Uuid(nameSpace), name);
}

Uuid rawUuid(DatasetType const &type, std::string const &run, DataId const &dataId) {
    Names parts;
    for (std::size_t i = 0; i < dataId.size(); ++i) {
        parts.push_back(type.dimensions.required[i] + "=" + textOf(dataId[i]));
    }
    std::sort(parts.begin(), parts.end());
    auto name = "dataset_type=" + type.name;
    if (!run.empty()) name += ",run=" + run;
    for (auto const &part : parts) name += "," + part;
    return butlerUuid(name);
}

Datasets::Datasets(Repository const &repo, DatasetType type, std::string run, std::int64_t runId)
    : _repo(repo), _type(std::move(type)), _run(std::move(run)), _runId(runId) {
    auto &db = repo.db();
    requireDateColumn(repo);
    auto const tags = quoteIdentifier(_type.tags_table);
    auto const records = quoteIdentifier(repo.config().records_table);
    auto const &dimensions = _type.dimensions.required;
    std::string matches;
    std::string marks;
    for (auto const &name : dimensions) {
        matches += " AND " + quoteIdentifier(name) + " = ?";
        marks += ", ?";
    }
    _byId = &db.cached("SELECT d.dataset_type_id, d.run_id, t.name, c.name FROM dataset AS d "
                       "JOIN dataset_type AS t ON t.id = d.dataset_type_id "
                       "JOIN collection AS c ON c.collection_id = d.run_id WHERE d.id = ?");
    _byDataId = &db.cached("SELECT dataset_id FROM " + tags
                           + " WHERE dataset_type_id = ? AND collection_id = ?" + matches);
    _dataIdOf = &db.cached("SELECT dataset_id" + quotedList(dimensions, ", ") + " FROM " + tags
                           + " WHERE dataset_id = ? AND collection_id = ?");
    _files = &db.cached("SELECT r.path, l.dataset_id, r.file_size FROM " + records
                        + " AS r LEFT JOIN dataset_location AS l ON l.dataset_id = r.dataset_id "
                          "AND l.datastore_name = ? WHERE r.dataset_id = ? ORDER BY r.component");
    // By way of the collections that have this type, there is an index for the data ID.
    _otherFiles = &db.cached(
        "SELECT DISTINCT r.path FROM collection_summary_dataset_type AS s JOIN " + tags
        + " AS t ON t.dataset_type_id = s.dataset_type_id AND t.collection_id = s.collection_id JOIN "
        + records + " AS r ON r.dataset_id = t.dataset_id WHERE s.dataset_type_id = ? AND t.dataset_id <> ?"
        + matches);
    _insertDataset = &db.cached("INSERT INTO dataset (id, dataset_type_id, ingest_date, run_id) "
                                "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
    _insertTag = &db.cached("INSERT INTO " + tags + " (dataset_type_id, dataset_id, collection_id"
                            + quotedList(dimensions, ", ") + ") VALUES (?, ?, ?" + marks
                            + ") ON CONFLICT (dataset_id, collection_id) DO NOTHING");
    _insertLocation = &db.cached("INSERT INTO dataset_location (datastore_name, dataset_id) VALUES (?, ?)");
    _insertFile =
        &db.cached("INSERT INTO " + records
                   + " (dataset_id, path, formatter, storage_class, component, checksum, file_size) "
                     "VALUES (?, ?, ?, ?, ?, ?, ?)");
}

ExistingDataset Datasets::existing(Uuid const &id, DataId const &dataId) {
    auto const hex = id.hex();
    auto const what = described(_type, dataId) + " of run \"" + _run + "\"";
    ExistingDataset out;
    _byId->query({hex}, [&](Statement const &row) {
        out.registered = true;
        if (row.integer(0) == _type.id && row.integer(1) == _runId) return;
        throw Error("DATASET_CONFLICT", "id " + id.text() + " of " + what + " belongs to a " + row.text(2)
                                            + " of run \"" + row.text(3) + "\"");
    });

    std::vector<Value> key{_type.id, _runId};
    key.insert(key.end(), dataId.begin(), dataId.end());
    _byDataId->query(key, [&](Statement const &row) {
        if (row.text(0) == hex) return;
        throw Error("DATASET_CONFLICT", what + " is registered with id " + row.text(0) + ", not " + hex)
            .cause({.column = "id", .value = hex, .expected = row.text(0)});
    });
    if (out.registered) requireDataId(id, dataId, what);
    bool located = true;
    _files->query({_repo.config().datastore_name, hex}, [&](Statement const &row) {
        located = !row.isNull(1);
        if (!out.stored) {
            out.path = row.text(0);
            out.size_bytes = row.isNull(2) ? -1 : row.integer(2);
        }
        out.stored = true;
    });
    if (!located) throw notLocated(hex, what, out.path);
    if (out.stored && !out.registered) throw _repo.damaged(what + " has a file, but no row in dataset");
    if (out.registered && !out.stored && hasRow("dataset_location", hex)) {
        throw _repo.damaged(what + " has a location, but no row in " + _repo.config().records_table);
    }
    return out;
}

bool Datasets::hasRow(std::string const &table, std::string const &hex) const {
    return _repo.db().cached("SELECT 1 FROM " + table + " WHERE dataset_id = ?").hasRow({hex});
}

/// A registered dataset is a member of its own run, with the data ID that its id was made of.
void Datasets::requireDataId(Uuid const &id, DataId const &dataId, std::string const &what) {
    bool found = false;
    _dataIdOf->query({id.hex(), _runId}, [&](Statement const &row) {
        found = true;
        for (std::size_t i = 0; i < dataId.size(); ++i) {
            auto const stored = row.column(static_cast<int>(i) + 1);
            if (stored == dataId[i]) continue;
            throw Error("DATASET_CONFLICT", "id " + id.text() + " of " + what + " belongs to another data ID")
                .cause({.column = _type.dimensions.required[i],
                        .value = textOf(dataId[i]),
                        .expected = textOf(stored)});
        }
    });
    if (!found) throw _repo.damaged(what + " has no row in " + _type.tags_table);
}

/// Why a stored dataset has no location in this datastore.
Error Datasets::notLocated(std::string const &hex, std::string const &what, std::string const &path) const {
    if (!hasRow("dataset_location_trash", hex)) {
        return _repo.damaged(what + " has a file, but no location in datastore "
                             + _repo.config().datastore_name);
    }
    return Error("DATASET_IN_TRASH",
                 what + " is being removed: its file \"" + path + "\" waits to be deleted");
}

std::vector<std::string> Datasets::otherFiles(Uuid const &id, DataId const &dataId) {
    std::vector<Value> key{_type.id, id.hex()};
    key.insert(key.end(), dataId.begin(), dataId.end());
    std::vector<std::string> out;
    _otherFiles->query(key, [&](Statement const &row) { out.push_back(row.text(0)); });
    return out;
}

namespace {

/// Rows without which the Butler does not look for datasets of a type, instrument or skymap in a collection.
void writeSummaries(Repository const &repo, DatasetType const &type, std::int64_t run,
                    std::vector<NewDataset> const &datasets) {
    auto &db = repo.db();
    db.cached("INSERT INTO collection_summary_dataset_type (collection_id, dataset_type_id) VALUES (?, ?) "
              "ON CONFLICT DO NOTHING")
        .run({run, type.id});
    auto const &names = type.dimensions.required;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!repo.universe().at(names[i]).governor) continue;
        std::set<Value> values;
        for (auto const &dataset : datasets) values.insert(dataset.data_id[i]);
        auto &insert =
            db.cached("INSERT INTO " + quoteIdentifier("collection_summary_" + names[i]) + " (collection_id, "
                      + quoteIdentifier(names[i]) + ") VALUES (?, ?) ON CONFLICT DO NOTHING");
        for (auto const &value : values) insert.run({run, value});
    }
}

/// A row that is not there although it was inserted without an error, so that a receipt would be a lie.
Error ignored(std::string const &table) {
    return Error("DB_ERROR", "the database did not take a row of table " + table, common::ExitCode::Backend)
        .hint("look for a trigger on that table; a registry of the Butler has none");
}

/// What a violated constraint means for a dataset.
Error explained(Error const &e, Repository const &repo, DatasetType const &type, DataId const &dataId) {
    if (e.code() != "CONSTRAINT") return e;
    auto const what = described(type, dataId);
    if (!e.message().starts_with("FOREIGN KEY")) {
        return Error("DATASET_CONFLICT", what + " has been registered by another program: " + e.message())
            .cause(e.cause());
    }
    DimensionValues values;
    for (std::size_t i = 0; i < dataId.size(); ++i) values[type.dimensions.required[i]] = dataId[i];
    auto const missing = missingRecord(repo, values);
    if (!missing) return Error(e.code(), what + ": " + e.message());
    return Error("MISSING_RECORD", what + " refers to " + missing->dimension + " " + missing->value
                                       + ", which is not registered in this repository")
        .cause({.column = missing->dimension, .value = missing->value});
}

} // namespace

void Datasets::insert(std::vector<NewDataset> const &datasets, std::int64_t ingest_tai_ns) {
    if (datasets.empty()) return;
    auto const each = [&](auto const &step) {
        for (auto const &dataset : datasets) {
            try {
                step(dataset, dataset.id.hex());
            } catch (Error const &e) {
                throw explained(e, _repo, _type, dataset.data_id);
            }
        }
    };
    auto const date = ingestDate(_repo.datasetsManager(), ingest_tai_ns);
    each([&](NewDataset const &, std::string const &id) {
        _insertDataset->run({id, _type.id, date, _runId});
    });
    try {
        writeSummaries(_repo, _type, _runId, datasets);
    } catch (Error const &e) {
        throw explained(e, _repo, _type, datasets.front().data_id);
    }
    each([&](NewDataset const &dataset, std::string const &id) {
        std::vector<Value> row{_type.id, id, _runId};
        row.insert(row.end(), dataset.data_id.begin(), dataset.data_id.end());
        if (_insertTag->run(row) == 0 && !_dataIdOf->hasRow({id, _runId})) throw ignored(_type.tags_table);
    });
    each([&](NewDataset const &, std::string const &id) {
        if (_insertLocation->run({_repo.config().datastore_name, id}) != 1) throw ignored("dataset_location");
    });
    each([&](NewDataset const &dataset, std::string const &id) {
        auto const checksum = dataset.checksum.empty() ? Value() : Value(dataset.checksum);
        if (_insertFile->run({id, dataset.path, dataset.formatter, dataset.storage_class,
                              std::string(wholeDataset), checksum, dataset.size_bytes})
            != 1) {
            throw ignored(_repo.config().records_table);
        }
    });
}

} // namespace dbb::butler
