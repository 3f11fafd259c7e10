// The floor of dbb-ingest on PostgreSQL: the same rows in the same number of commits, and nothing between.
//     floor_ingest_pg URL SCHEMA FILES_PER_COMMIT < described lines        prints seconds
// SCHEMA holds a repository in which `raw` and the run are registered. FILES_PER_COMMIT 0: one commit an
// exposure, with a pause of 50 ms between them that is not counted: as live files come, which finds the
// caches of program and server cold.
//
// Seconds for 3780 files of 20 exposures, one commit an exposure | 1000 files a commit; medians of three,
// 10^5 datasets before (PostgreSQL 15, fsync on, on loopback, two cores):
//     COPY BINARY table by table, as one query of several commands        0.38 | 0.37
//     INSERT of single rows, prepared, in a pipeline                      0.38 | 0.37
//     INSERT ... SELECT FROM unnest() of binary arrays, prepared, in a
//         pipeline that is a transaction: one round trip a commit         0.33 | 0.30
//     that, with the next batch sent before the answer to the last        0.33 | 0.29
// On an empty schema 0.26 | 0.25 by COPY, 0.26 | 0.24 by INSERT ... VALUES of many rows, 0.24 | 0.21 by
// unnest().
#include "common/calendar.h"
#include "rows.h"

#include <bit>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <libpq-fe.h>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using dbb::common::Json;

namespace {

// Types of columns (pg_type.dat).
enum Type : Oid { Bool = 16, Bigint = 20, Text = 25, Double = 701, Uuid = 2950, Range = 3926 };

template<typename T>
std::string bigEndian(T value) {
    std::string out;
    for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xff);
    return out;
}

std::string field(std::string const &value) {
    return bigEndian(static_cast<std::uint32_t>(value.size())) + value;
}

std::string field(std::int64_t value) {
    return field(bigEndian(value));
}

/// \throws std::runtime_error when it is no answer
class Connection {
public:
    Connection(char const *url, std::string const &schema) : handle(::PQconnectdb(url)) {
        if (::PQstatus(handle) != CONNECTION_OK) fail();
        ask("SET search_path = \"" + schema + "\"");
    }
    ~Connection() { ::PQfinish(handle); }
    Connection(Connection const &) = delete;
    Connection &operator=(Connection const &) = delete;

    std::string ask(std::string const &text) {
        auto *const result = require(::PQexec(handle, text.c_str()));
        std::string out = ::PQntuples(result) > 0 ? ::PQgetvalue(result, 0, 0) : "";
        ::PQclear(result);
        return out;
    }

    /// Everything that was sent becomes one transaction; waits until it is committed.
    void commit() {
        if (::PQpipelineSync(handle) != 1) fail();
        for (bool open = true; open;) {
            auto *const result = ::PQgetResult(handle);
            if (!result) continue;
            open = ::PQresultStatus(result) != PGRES_PIPELINE_SYNC;
            ::PQclear(require(result));
        }
    }

    PGresult *require(PGresult *result) {
        auto const status = ::PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC) fail();
        return result;
    }
    [[noreturn]] void fail() { throw std::runtime_error(::PQerrorMessage(handle)); }

    PGconn *handle;
};

/// Rows for a prepared statement whose parameters are arrays, one for each column.
class Rows {
public:
    Rows(Connection &db, std::string name, std::string const &text, std::vector<Type> types)
        : _db(db), _name(std::move(name)), _types(std::move(types)), _columns(_types.size()) {
        ::PQclear(db.require(::PQprepare(db.handle, _name.c_str(), text.c_str(), 0, nullptr)));
    }

    Rows &add(std::string const &value) { return append(field(value)); }
    Rows &add(std::int64_t value) { return append(field(value)); }
    Rows &add(Json const &v) {
        if (v.isNull()) return append(bigEndian(std::uint32_t(-1)));
        switch (_types[_next]) {
        case Bool: return add(std::string(1, v.boolean() ? '\1' : '\0'));
        case Bigint: return add(v.integer());
        case Double: return add(std::bit_cast<std::int64_t>(v.number()));
        case Range: return add('\2' + field(ns(v["begin_tai"])) + field(ns(v["end_tai"])));
        default: return add(v.string());
        }
    }

    void send() {
        if (_count == 0) return;
        std::vector<char const *> values;
        std::vector<int> sizes;
        for (std::size_t i = 0; i < _types.size(); ++i) {
            // One dimension, with nulls, of that type, so long, counted from 1.
            _columns[i].insert(0, bigEndian(1) + bigEndian(1) + bigEndian(_types[i] + 0U) + bigEndian(_count)
                                      + bigEndian(1));
            values.push_back(_columns[i].data());
            sizes.push_back(static_cast<int>(_columns[i].size()));
        }
        std::vector<int> const binary(_types.size(), 1);
        if (::PQsendQueryPrepared(_db.handle, _name.c_str(), static_cast<int>(_types.size()), values.data(),
                                  sizes.data(), binary.data(), 1)
            != 1)
            _db.fail();
        for (auto &column : _columns) column.clear();
        _count = 0;
    }

private:
    static std::int64_t ns(Json const &instant) { return *dbb::common::nsFromIso(instant.string()); }

    Rows &append(std::string const &encoded) {
        _columns[_next] += encoded;
        if (++_next == _types.size()) {
            _next = 0;
            ++_count;
        }
        return *this;
    }

    Connection &_db;
    std::string _name;
    std::vector<Type> _types;
    std::vector<std::string> _columns;
    std::size_t _next = 0;
    std::int32_t _count = 0;
};

/// The 16 bytes of an id.
std::string bytesOf(std::string const &hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

std::chrono::duration<double> awaitNext() {
    auto const start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return std::chrono::steady_clock::now() - start;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    auto rows = readRows();
    for (auto &row : rows) row.id = bytesOf(row.id);
    auto const perCommit = static_cast<std::size_t>(std::stoul(argv[3]));
    Connection db(argv[1], argv[2]);
    auto const raw = db.ask("SELECT id FROM dataset_type WHERE name = 'raw'");
    auto const tags = db.ask("SELECT tag_association_table FROM dataset_type WHERE name = 'raw'");
    auto const run = db.ask("SELECT collection_id FROM collection WHERE name = '"
                            + rows.front().line["run"].string() + "'");
    auto const start = std::chrono::steady_clock::now();
    Rows groups(db, "group", "INSERT INTO \"group\" SELECT * FROM unnest($1::text[], $2::text[])",
                {Text, Text});
    Rows days(db, "day_obs",
              "INSERT INTO day_obs SELECT * FROM unnest($1::text[], $2::int8[], $3::int8range[]) ON CONFLICT "
              "DO NOTHING",
              {Text, Bigint, Range});
    Rows exposures(
        db, "exposure",
        "INSERT INTO exposure SELECT * FROM unnest($1::text[], $2::int8[], $3::int8[], $4::text[], "
        "$5::text[], $6::text[], $7::float8[], $8::float8[], $9::text[], $10::text[], $11::int8[], "
        "$12::int8[], $13::int8[], $14::text[], $15::text[], $16::float8[], $17::float8[], "
        "$18::float8[], $19::float8[], $20::float8[], $21::bool[], $22::bool[], $23::int8range[])",
        {Text,   Bigint, Bigint, Text,   Text,   Text,   Double, Double, Text, Text, Bigint, Bigint,
         Bigint, Text,   Text,   Double, Double, Double, Double, Double, Bool, Bool, Range});
    Rows datasets(db, "dataset",
                  "INSERT INTO dataset SELECT id, " + raw + ", 1700000000000000000, " + run
                      + " FROM unnest($1::uuid[]) AS id",
                  {Uuid});
    Rows tagged(db, "tags",
                "INSERT INTO \"" + tags + "\" SELECT " + raw + ", id, " + run
                    + ", instrument, detector, exposure FROM unnest($1::uuid[], $2::text[], $3::int8[], "
                      "$4::int8[]) AS t (id, instrument, detector, exposure)",
                {Uuid, Text, Bigint, Bigint});
    Rows locations(db, "location",
                   "INSERT INTO dataset_location SELECT 'FileDatastore@<butlerRoot>', id FROM "
                   "unnest($1::uuid[]) AS id",
                   {Uuid});
    Rows files(
        db, "file",
        "INSERT INTO file_datastore_records SELECT id, path, 'formatter', 'Exposure', "
        "'__NULL_STRING__', NULL, size FROM unnest($1::uuid[], $2::text[], $3::int8[]) AS t (id, path, "
        "size)",
        {Uuid, Text, Bigint});
    db.ask("INSERT INTO collection_summary_dataset_type VALUES (" + run + ", " + raw
           + ") ON CONFLICT DO NOTHING");
    db.ask("INSERT INTO collection_summary_instrument VALUES (" + run + ", '"
           + rows.front().line["instrument"].string() + "') ON CONFLICT DO NOTHING");
    if (::PQenterPipelineMode(db.handle) != 1) db.fail();
    auto commit = [&] {
        for (auto *table : {&groups, &days, &exposures, &datasets, &tagged, &locations, &files})
            table->send();
        db.commit();
    };
    std::set<std::int64_t> knownDays;
    std::chrono::duration<double> paused(0);
    std::size_t open = 0;
    std::int64_t last = 0;
    for (auto const &row : rows) {
        bool const isNew = row.exposure != last;
        if (open > 0 && (perCommit == 0 ? isNew : open >= perCommit)) {
            commit();
            open = 0;
            if (perCommit == 0) paused += awaitNext();
        }
        auto const &d = row.line["data_id"];
        if (isNew) {
            auto const &r = row.line["records"];
            auto const &e = r["exposure"];
            groups.add(d["instrument"]).add(e["group"]);
            if (knownDays.insert(e["day_obs"].integer()).second)
                days.add(d["instrument"]).add(e["day_obs"]).add(r["day_obs"]["timespan"]);
            for (auto const &[key, value] : e.object()) {
                if (key != "timespan") exposures.add(value);
            }
            exposures.add(e["timespan"]);
        }
        last = row.exposure;
        datasets.add(row.id);
        tagged.add(row.id).add(d["instrument"]).add(d["detector"]).add(d["exposure"]);
        locations.add(row.id);
        files.add(row.id).add("file://" + row.line["uri"].string()).add(row.line["size"]);
        ++open;
    }
    commit();
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start - paused;
    std::printf("%.6f\n", elapsed.count());
}
