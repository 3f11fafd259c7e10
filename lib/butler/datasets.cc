#include "butler/datasets.h"

#include "butler/references.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <map>
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

namespace {

constexpr char const *selectRows =
    "SELECT d.dataset_type_id, d.run_id, t.name, c.name, d.id FROM dataset AS d "
    "JOIN dataset_type AS t ON t.id = d.dataset_type_id "
    "JOIN collection AS c ON c.collection_id = d.run_id WHERE d.id ";

std::string selectFiles(Datastore const &datastore) {
    return "SELECT r.path, l.dataset_id, r.file_size, r.dataset_id FROM "
           + quoteIdentifier(datastore.records_table)
           + " AS r LEFT JOIN dataset_location AS l ON l.dataset_id = r.dataset_id AND l.datastore_name = ? "
             "WHERE r.dataset_id ";
}

/// An array of a server, as text.
std::string arrayOf(std::set<std::string> const &items) {
    std::string out = "{";
    for (auto const &item : items) {
        out += out.size() == 1 ? "\"" : ",\"";
        for (char const c : item) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

} // namespace

Datasets::Datasets(Repository const &repo, DatasetType type, std::string run, std::int64_t runId)
    : _repo(repo), _type(std::move(type)), _run(std::move(run)), _runId(runId) {
    auto &db = repo.db();
    requireDateColumn(repo);
    auto const tags = quoteIdentifier(_type.tags_table);
    auto const &dimensions = _type.dimensions.required;
    std::string matches;
    std::string marks;
    for (auto const &name : dimensions) {
        matches += " AND " + quoteIdentifier(name) + " = ?";
        marks += ", ?";
    }
    _byId = &db.cached(std::string(selectRows) + "= ?");
    _byDataId = &db.cached("SELECT dataset_id FROM " + tags
                           + " WHERE dataset_type_id = ? AND collection_id = ?" + matches);
    _dataIdOf = &db.cached("SELECT dataset_id" + quotedList(dimensions, ", ") + " FROM " + tags
                           + " WHERE dataset_id = ? AND collection_id = ?");
    for (auto const &datastore : repo.config().datastores) {
        _files.push_back(&db.cached(selectFiles(datastore) + "= ? ORDER BY r.component"));
        // By way of the collections that have this type, there is an index for the data ID.
        _otherFiles.push_back(&db.cached(
            "SELECT DISTINCT r.path FROM collection_summary_dataset_type AS s JOIN " + tags
            + " AS t ON t.dataset_type_id = s.dataset_type_id AND t.collection_id = s.collection_id JOIN "
            + quoteIdentifier(datastore.records_table)
            + " AS r ON r.dataset_id = t.dataset_id WHERE s.dataset_type_id = ? AND t.dataset_id <> ?"
            + matches));
    }
}

Datasets::Known Datasets::ask(std::string const &hex, DataId const &dataId) {
    Known out;
    _byId->query({hex}, [&](Statement const &row) {
        out.row = Known::Row{row.integer(0), row.integer(1), row.text(2), row.text(3)};
    });
    std::vector<Value> key{_type.id, _runId};
    key.insert(key.end(), dataId.begin(), dataId.end());
    _byDataId->query(key, [&](Statement const &row) { out.ids.push_back(row.text(0)); });
    auto const &datastores = _repo.config().datastores;
    for (std::size_t i = 0; i < datastores.size(); ++i) {
        _files[i]->query({datastores[i].name, hex}, [&](Statement const &row) {
            out.files.push_back({i, row.text(0), row.isNull(2) ? -1 : row.integer(2), !row.isNull(1)});
        });
    }
    return out;
}

void Datasets::prefetch(std::vector<std::pair<Uuid, DataId>> const &datasets) {
    _known.clear();
    auto &db = _repo.db();
    if (db.dialect() != sql::Dialect::Postgres || datasets.empty()) return;
    std::set<std::string> ids;
    std::map<DataId, std::string> byDataId;
    auto const &names = _type.dimensions.required;
    std::vector<std::set<std::string>> parts(names.size());
    for (auto const &[id, dataId] : datasets) {
        ids.insert(id.hex());
        byDataId[dataId] = id.hex();
        _known[id.hex()];
        for (std::size_t i = 0; i < parts.size(); ++i) parts[i].insert(textOf(dataId[i]));
    }
    std::vector<sql::Asked> asked;
    asked.push_back(
        {std::string(selectRows) + "= ANY (?::uuid[])", {arrayOf(ids)}, [&](Statement const &row) {
             _known[row.text(4)].row = Known::Row{row.integer(0), row.integer(1), row.text(2), row.text(3)};
         }});
    // More than was asked for, where they are not all of one exposure.
    std::string matches;
    std::vector<Value> values{_type.id, _runId};
    for (std::size_t i = 0; i < names.size(); ++i) {
        matches += " AND " + quoteIdentifier(names[i]) + " = ANY (?)";
        values.emplace_back(arrayOf(parts[i]));
    }
    asked.push_back({"SELECT dataset_id" + quotedList(names, ", ") + " FROM "
                         + quoteIdentifier(_type.tags_table)
                         + " WHERE dataset_type_id = ? AND collection_id = ?" + matches,
                     values, [&](Statement const &row) {
                         DataId dataId;
                         for (std::size_t i = 0; i < names.size(); ++i)
                             dataId.push_back(row.column(static_cast<int>(i) + 1));
                         if (auto const at = byDataId.find(dataId); at != byDataId.end())
                             _known[at->second].ids.push_back(row.text(0));
                     }});
    auto const &datastores = _repo.config().datastores;
    for (std::size_t i = 0; i < datastores.size(); ++i) {
        asked.push_back({selectFiles(datastores[i]) + "= ANY (?::uuid[]) ORDER BY r.component",
                         {datastores[i].name, arrayOf(ids)},
                         [&, i](Statement const &row) {
                             _known[row.text(3)].files.push_back(
                                 {i, row.text(0), row.isNull(2) ? -1 : row.integer(2), !row.isNull(1)});
                         }});
    }
    std::size_t failed = 0;
    db.askTogether(asked, failed);
}

ExistingDataset Datasets::existing(Uuid const &id, DataId const &dataId) {
    auto const hex = id.hex();
    auto const what = described(_type, dataId) + " of run \"" + _run + "\"";
    ExistingDataset out;
    auto const at = _known.find(hex);
    auto const known = at == _known.end() ? ask(hex, dataId) : at->second;
    if (auto const &row = known.row) {
        out.registered = true;
        if (row->type != _type.id || row->run != _runId) {
            throw Error("DATASET_CONFLICT", "id " + id.text() + " of " + what + " belongs to a "
                                                + row->type_name + " of run \"" + row->run_name + "\"");
        }
    }
    for (auto const &other : known.ids) {
        if (other == hex) continue;
        throw Error("DATASET_CONFLICT", what + " is registered with id " + other + ", not " + hex)
            .cause({.column = "id", .value = hex, .expected = other});
    }
    if (out.registered) requireDataId(id, dataId, what);
    Known::File const *lost = nullptr;
    for (auto const &file : known.files) {
        if (!file.located && !lost) lost = &file;
        out.files.emplace_back(file.datastore, file.path);
        if (!out.stored) {
            out.datastore = file.datastore;
            out.path = file.path;
            out.size_bytes = file.size_bytes;
        }
        out.stored = true;
    }
    if (lost) throw notLocated(hex, what, *lost);
    if (out.stored && !out.registered) throw _repo.damaged(what + " has a file, but no row in dataset");
    if (out.registered && !out.stored && hasRow("dataset_location", hex)) {
        throw _repo.damaged(what + " has a location, but no row in "
                            + _repo.config().datastores.front().records_table);
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

/// Why a stored dataset has no location in its datastore.
Error Datasets::notLocated(std::string const &hex, std::string const &what, Known::File const &file) const {
    if (!hasRow("dataset_location_trash", hex)) {
        return _repo.damaged(what + " has a file, but no location in datastore "
                             + _repo.config().datastores[file.datastore].name);
    }
    return Error("DATASET_IN_TRASH",
                 what + " is being removed: its file \"" + file.path + "\" waits to be deleted");
}

std::vector<std::pair<std::size_t, std::string>> Datasets::otherFiles(Uuid const &id, DataId const &dataId) {
    std::vector<Value> key{_type.id, id.hex()};
    key.insert(key.end(), dataId.begin(), dataId.end());
    std::vector<std::pair<std::size_t, std::string>> out;
    for (std::size_t i = 0; i < _otherFiles.size(); ++i)
        _otherFiles[i]->query(key, [&](Statement const &row) { out.emplace_back(i, row.text(0)); });
    return out;
}

namespace {

/// Rows without which the Butler does not look for datasets of a type, instrument or skymap in a collection.
std::vector<sql::RowsInsert> summaryRows(Repository const &repo, DatasetType const &type, std::int64_t run,
                                         std::vector<NewDataset> const &datasets) {
    std::string const ignore = "ON CONFLICT DO NOTHING";
    std::vector<sql::RowsInsert> out{
        {"INSERT INTO collection_summary_dataset_type (collection_id, dataset_type_id)",
         ignore,
         {{run, type.id}}}};
    auto const &names = type.dimensions.required;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!repo.universe().at(names[i]).governor) continue;
        std::set<Value> values;
        for (auto const &dataset : datasets) values.insert(dataset.data_id[i]);
        out.push_back({"INSERT INTO " + quoteIdentifier("collection_summary_" + names[i])
                           + " (collection_id, " + quoteIdentifier(names[i]) + ")",
                       ignore,
                       {}});
        for (auto const &value : values) out.back().rows.push_back({run, value});
    }
    return out;
}

/// The name of the table, as it would be typed.
std::string tableOf(sql::RowsInsert const &insert) {
    constexpr std::string_view before = "INSERT INTO ";
    auto out = insert.into.substr(before.size(), insert.into.find(" (") - before.size());
    std::erase(out, '"');
    return out;
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

/// Rows of the files that lie in one datastore.
void Datasets::addFileRows(std::vector<NewDataset> const &datasets, std::size_t datastore,
                           std::vector<sql::RowsInsert> &inserts) const {
    auto const &store = _repo.config().datastores[datastore];
    std::vector<std::vector<Value>> locations;
    std::vector<std::vector<Value>> records;
    for (auto const &dataset : datasets) {
        for (auto const &file : dataset.files) {
            if (file.datastore != datastore) continue;
            locations.push_back({store.name, dataset.id.hex()});
            records.push_back({dataset.id.hex(), file.path, dataset.formatter, dataset.storage_class,
                               std::string(wholeDataset),
                               file.checksum.empty() ? Value() : Value(file.checksum), dataset.size_bytes});
        }
    }
    if (locations.empty()) return;
    inserts.push_back(
        {"INSERT INTO dataset_location (datastore_name, dataset_id)", "", std::move(locations)});
    inserts.push_back({"INSERT INTO " + quoteIdentifier(store.records_table)
                           + " (dataset_id, path, formatter, storage_class, component, checksum, file_size)",
                       "", std::move(records)});
}

void Datasets::insert(std::vector<NewDataset> const &datasets, std::int64_t ingest_tai_ns) {
    if (datasets.empty()) return;
    using Row = std::vector<Value>;
    auto const rowsOf = [&](auto const &row) {
        std::vector<Row> out;
        out.reserve(datasets.size());
        for (auto const &dataset : datasets) out.push_back(row(dataset, dataset.id.hex()));
        return out;
    };
    auto const date = ingestDate(_repo.datasetsManager(), ingest_tai_ns);
    auto const &tags = _type.tags_table;
    // In the Butler's order, which its foreign keys ask for.
    auto inserts = summaryRows(_repo, _type, _runId, datasets);
    inserts.insert(inserts.begin(),
                   {"INSERT INTO dataset (id, dataset_type_id, ingest_date, run_id)",
                    "ON CONFLICT DO NOTHING", rowsOf([&](NewDataset const &, std::string const &id) {
                        return Row{id, _type.id, date, _runId};
                    })});
    inserts.push_back({"INSERT INTO " + quoteIdentifier(tags) + " (dataset_type_id, dataset_id, collection_id"
                           + quotedList(_type.dimensions.required, ", ") + ")",
                       "ON CONFLICT (dataset_id, collection_id) DO NOTHING",
                       rowsOf([&](NewDataset const &dataset, std::string const &id) {
                           Row row{_type.id, id, _runId};
                           row.insert(row.end(), dataset.data_id.begin(), dataset.data_id.end());
                           return row;
                       })});
    auto const tagged = inserts.size() - 1;
    for (std::size_t i = 0; i < _repo.config().datastores.size(); ++i) addFileRows(datasets, i, inserts);
    sql::FailedRow failed;
    std::vector<std::int64_t> made;
    try {
        made = _repo.db().insertTogether(inserts, failed);
    } catch (Error const &e) {
        bool const ofDataset =
            failed.insert < inserts.size() && inserts[failed.insert].rows.size() == datasets.size();
        throw explained(e, datasets, ofDataset ? failed.row : 0);
    }
    auto const count = static_cast<std::int64_t>(datasets.size());
    for (auto const &dataset : datasets) {
        if (made[tagged] == count) break;
        if (!_dataIdOf->hasRow({dataset.id.hex(), _runId})) throw ignored(tags);
    }
    for (auto i = tagged + 1; i < made.size(); ++i) {
        if (made[i] != static_cast<std::int64_t>(inserts[i].rows.size())) throw ignored(tableOf(inserts[i]));
    }
}

/// What a violated constraint means for the dataset whose row it was, or for the one whose it must have been.
Error Datasets::explained(Error const &e, std::vector<NewDataset> const &datasets, std::size_t failed) const {
    if (failed < datasets.size()) return butler::explained(e, _repo, _type, datasets[failed].data_id);
    for (auto const &dataset : datasets) {
        auto out = butler::explained(e, _repo, _type, dataset.data_id);
        if (out.code() == "MISSING_RECORD") return out;
    }
    return butler::explained(e, _repo, _type, datasets.front().data_id);
}

} // namespace dbb::butler
