#include "butler/datasets.h"

#include "butler/collection_summaries.h"
#include "butler/dialect.h"
#include "butler/references.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <tuple>

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

Names textsOf(DataId const &dataId) {
    Names out;
    for (auto const &value : dataId) out.push_back(textOf(value));
    return out;
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

std::string described(DatasetType const &type, DataId const &dataId) {
    Names parts;
    for (std::size_t i = 0; i < dataId.size(); ++i) {
        parts.push_back(type.dimensions.required[i] + "=" + textOf(dataId[i]));
    }
    return type.name + " {" + common::join(parts, ", ") + "}";
}

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

/// Files of a dataset in one datastore; its name and the id are parameters.
std::string selectFiles(Datastore const &datastore) {
    return "SELECT r.path, l.dataset_id, r.file_size FROM " + quoteIdentifier(datastore.records_table)
           + " AS r LEFT JOIN dataset_location AS l ON l.dataset_id = r.dataset_id AND l.datastore_name = ? "
             "WHERE r.dataset_id = ? ORDER BY r.component";
}

} // namespace

Datasets::Datasets(Repository const &repo, DatasetType type, std::string run, std::int64_t runId)
    : _repo(repo), _type(std::move(type)), _run(std::move(run)), _runId(runId) {
    auto &db = repo.db();
    requireDateColumn(repo);
    auto const tags = quoteIdentifier(_type.tags_table);
    auto const &dimensions = _type.dimensions.required;
    _tagTypes = valueTypes(tagsTableSpec(repo.universe(), _type.dimensions, _type.dimensions_key));
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
    for (auto const &datastore : repo.config().datastores) {
        _files.push_back(&db.cached(selectFiles(datastore)));
        // By way of the collections that have this type, there is an index for the data ID.
        _otherFiles.push_back(&db.cached(
            "SELECT DISTINCT r.path FROM collection_summary_dataset_type AS s JOIN " + tags
            + " AS t ON t.dataset_type_id = s.dataset_type_id AND t.collection_id = s.collection_id JOIN "
            + quoteIdentifier(datastore.records_table)
            + " AS r ON r.dataset_id = t.dataset_id WHERE s.dataset_type_id = ? AND t.dataset_id <> ?"
            + matches));
    }
}

/// What the tables have of a dataset. The second half of it, which few are asked for, is left out as long as
/// nothing is known of the dataset.
Datasets::Known Datasets::ask(std::string const &hex, DataId const &dataId) {
    Known out;
    _byId->query({hex}, [&](Statement const &row) {
        out.row = Known::Row{row.integer(0), row.integer(1), row.text(2), row.text(3)};
    });
    std::vector<Value> key{_type.id, _runId};
    key.insert(key.end(), dataId.begin(), dataId.end());
    _byDataId->query(key, [&](Statement const &row) { out.ids.push_back(row.text(0)); });
    bool located = true;
    auto const &datastores = _repo.config().datastores;
    for (std::size_t i = 0; i < datastores.size(); ++i) {
        _files[i]->query({datastores[i].name, hex}, [&](Statement const &row) {
            located = located && !row.isNull(1);
            out.files.push_back({i, row.text(0), row.isNull(2) ? -1 : row.integer(2), !row.isNull(1)});
        });
    }
    if (out.row) {
        _dataIdOf->query({hex, _runId}, [&](Statement const &row) {
            out.data_id.emplace();
            for (std::size_t i = 0; i < dataId.size(); ++i)
                out.data_id->push_back(textOf(row.column(static_cast<int>(i) + 1)));
        });
        if (out.files.empty()) out.has_location = hasRow("dataset_location", hex);
    }
    if (!located) out.in_trash = hasRow("dataset_location_trash", hex);
    return out;
}

void Datasets::prefetch(std::vector<std::pair<Uuid, DataId>> const &datasets) {
    _known.clear();
    if (_repo.db().dialect() == sql::Dialect::Postgres && !datasets.empty()) learn(datasets);
}

void Datasets::learn(std::vector<std::pair<Uuid, DataId>> const &datasets) {
    std::vector<sql::Asked> asked{lookOnServer(datasets)};
    std::size_t failed = 0;
    _repo.db().askTogether(asked, failed);
    for (auto &[id, known] : _known) {
        std::sort(known.files.begin(), known.files.end(), [](auto const &a, auto const &b) {
            return std::tie(a.datastore, a.component) < std::tie(b.datastore, b.component);
        });
    }
}

/// All of it in one statement: a server shows each statement what is committed by then, and what another
/// writer commits between two of them would look like damage. Each row has its kind, a dataset's id, and
/// columns as text.
sql::Asked Datasets::lookOnServer(std::vector<std::pair<Uuid, DataId>> const &datasets) {
    auto const &names = _type.dimensions.required;
    std::set<Value> ids;
    auto byDataId = std::make_shared<std::map<std::vector<std::string>, std::string>>();
    std::vector<std::set<Value>> parts(names.size());
    for (auto const &[id, dataId] : datasets) {
        ids.insert(id.hex());
        _known[id.hex()];
        auto &key = (*byDataId)[textsOf(dataId)];
        key = id.hex();
        for (std::size_t i = 0; i < parts.size(); ++i) parts[i].insert(dataId[i]);
    }
    // More than was asked for, where they are not all of one exposure.
    std::string matches;
    Names dimensions;
    auto const arrayOf = [](std::set<Value> const &items) {
        return sql::arrayOf({items.begin(), items.end()});
    };
    std::vector<Value> values{arrayOf(ids), _type.id, _runId};
    for (std::size_t i = 0; i < names.size(); ++i) {
        values.emplace_back(arrayOf(parts[i]));
        matches += " AND " + quoteIdentifier(names[i]) + " = ANY (?" + std::to_string(values.size()) + ")";
        dimensions.push_back(quoteIdentifier(names[i]) + "::text");
    }
    constexpr std::size_t columnsOfFile = 5;
    auto const part = [width = std::max(columnsOfFile, names.size())](
                          char const *kind, std::string const &id, Names columns, std::string const &from) {
        columns.resize(width, "NULL");
        return "SELECT '" + std::string(kind) + "', " + id + ", " + common::join(columns, ", ") + " FROM "
               + from;
    };
    auto const tags = quoteIdentifier(_type.tags_table);
    std::string const asked = " = ANY (?1::uuid[])";
    Names selects{
        part("row", "d.id", {"d.dataset_type_id::text", "d.run_id::text", "t.name::text", "c.name::text"},
             "dataset AS d JOIN dataset_type AS t ON t.id = d.dataset_type_id JOIN collection AS c ON "
             "c.collection_id = d.run_id WHERE d.id"
                 + asked),
        part("same", "dataset_id", dimensions,
             tags + " WHERE dataset_type_id = ?2 AND collection_id = ?3" + matches),
        part("member", "dataset_id", dimensions, tags + " WHERE collection_id = ?3 AND dataset_id" + asked),
        part("location", "dataset_id", {}, "dataset_location WHERE dataset_id" + asked),
        part("trash", "dataset_id", {}, "dataset_location_trash WHERE dataset_id" + asked)};
    auto const &datastores = _repo.config().datastores;
    for (std::size_t i = 0; i < datastores.size(); ++i) {
        values.emplace_back(datastores[i].name);
        selects.push_back(
            part("file", "r.dataset_id",
                 {"'" + std::to_string(i) + "'", "r.path::text", "r.file_size::text", "l.dataset_id::text",
                  "r.component::text"},
                 quoteIdentifier(datastores[i].records_table)
                     + " AS r LEFT JOIN dataset_location AS l ON l.dataset_id = r.dataset_id AND "
                       "l.datastore_name = ?"
                     + std::to_string(values.size()) + " WHERE r.dataset_id" + asked));
    }
    return {common::join(selects, " UNION ALL "), values, [this, byDataId](Statement const &row) {
                std::vector<std::string> columns;
                for (int i = 2; i < row.columnCount(); ++i) columns.push_back(row.text(i));
                if (row.text(0) != "same") return note(_known[row.text(1)], row.text(0), std::move(columns));
                columns.resize(_type.dimensions.required.size());
                auto const at = byDataId->find(columns);
                if (at != byDataId->end()) _known[at->second].ids.push_back(row.text(1));
            }};
}

/// One row of what lookOnServer() asks for.
void Datasets::note(Known &known, std::string const &kind, std::vector<std::string> columns) const {
    if (kind == "row") {
        known.row = Known::Row{std::stoll(columns[0]), std::stoll(columns[1]), columns[2], columns[3]};
    } else if (kind == "member") {
        columns.resize(_type.dimensions.required.size());
        known.data_id = std::move(columns);
    } else if (kind == "file") {
        known.files.push_back({std::stoul(columns[0]), columns[1],
                               columns[2].empty() ? -1 : std::stoll(columns[2]), !columns[3].empty(),
                               columns[4]});
    } else {
        (kind == "trash" ? known.in_trash : known.has_location) = true;
    }
}

ExistingDataset Datasets::existing(Uuid const &id, DataId const &dataId) {
    auto const hex = id.hex();
    auto const what = described(_type, dataId) + " of run \"" + _run + "\"";
    ExistingDataset out;
    bool const onServer = _repo.db().dialect() == sql::Dialect::Postgres;
    if (onServer && !_known.contains(hex)) learn({{id, dataId}});
    auto const known = onServer ? _known.at(hex) : ask(hex, dataId);
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
    if (out.registered) requireDataId(id, dataId, known, what);
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
    if (lost) throw notLocated(known, what, *lost);
    if (out.stored && !out.registered) throw _repo.damaged(what + " has a file, but no row in dataset");
    if (out.registered && !out.stored && known.has_location) {
        throw _repo.damaged(what + " has a location, but no row in "
                            + _repo.config().datastores.front().records_table);
    }
    return out;
}

bool Datasets::hasRow(std::string const &table, std::string const &hex) const {
    return _repo.db().cached("SELECT 1 FROM " + table + " WHERE dataset_id = ?").hasRow({hex});
}

/// A registered dataset is a member of its own run, with the data ID that its id was made of.
void Datasets::requireDataId(Uuid const &id, DataId const &dataId, Known const &known,
                             std::string const &what) const {
    if (!known.data_id) throw _repo.damaged(what + " has no row in " + _type.tags_table);
    for (std::size_t i = 0; i < dataId.size(); ++i) {
        auto const &stored = (*known.data_id)[i];
        if (stored == textOf(dataId[i])) continue;
        throw Error("DATASET_CONFLICT", "id " + id.text() + " of " + what + " belongs to another data ID")
            .cause({.column = _type.dimensions.required[i], .value = textOf(dataId[i]), .expected = stored});
    }
}

/// Why a stored dataset has no location in its datastore.
Error Datasets::notLocated(Known const &known, std::string const &what, Known::File const &file) const {
    if (!known.in_trash) {
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
    inserts.push_back({"INSERT INTO dataset_location (datastore_name, dataset_id)",
                       "",
                       std::move(locations),
                       {"TEXT", "UUID"}});
    inserts.push_back({"INSERT INTO " + quoteIdentifier(store.records_table)
                           + " (dataset_id, path, formatter, storage_class, component, checksum, file_size)",
                       "",
                       std::move(records),
                       {"UUID", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT"}});
}

void Datasets::insert(std::vector<NewDataset> const &datasets, std::int64_t ingest_tai_ns, bool allNew) {
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
    // What was written once stays: foreign keys insist on it. SQLite does not notice one row more.
    if (_repo.db().dialect() == sql::Dialect::Sqlite) _summarised.clear();
    std::vector<DataId const *> dataIds;
    for (auto const &dataset : datasets) dataIds.push_back(&dataset.data_id);
    auto inserts = summaryRows(_repo, _type, _runId, dataIds, _summarised);
    auto const *const dateType = _repo.datasetsManager() == DatasetsManager::V2 ? "BIGINT" : "TIMESTAMP";
    inserts.insert(inserts.begin(), {"INSERT INTO dataset (id, dataset_type_id, ingest_date, run_id)",
                                     "ON CONFLICT DO NOTHING",
                                     rowsOf([&](NewDataset const &, std::string const &id) {
                                         return Row{id, _type.id, date, _runId};
                                     }),
                                     {"UUID", "BIGINT", dateType, "BIGINT"}});
    inserts.push_back({"INSERT INTO " + quoteIdentifier(tags) + " (dataset_type_id, dataset_id, collection_id"
                           + quotedList(_type.dimensions.required, ", ") + ")",
                       "ON CONFLICT (dataset_id, collection_id) DO NOTHING",
                       rowsOf([&](NewDataset const &dataset, std::string const &id) {
                           Row row{_type.id, id, _runId};
                           row.insert(row.end(), dataset.data_id.begin(), dataset.data_id.end());
                           return row;
                       }),
                       _tagTypes});
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
    if (allNew && made.front() != count)
        throw Error("DATASET_CONFLICT", "a dataset of run \"" + _run + "\" is registered already");
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
