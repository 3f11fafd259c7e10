// The floor of dbb-ingest: the same rows in the same number of commits, with prepared statements and nothing
// between.
//     floor_ingest REPO FILES_PER_COMMIT < described lines        prints seconds
// REPO is a repository in which `raw` and the run are registered. FILES_PER_COMMIT 0: one commit an exposure.
#include "common/calendar.h"
#include "rows.h"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <vector>

using dbb::common::Json;

namespace {

struct Statement {
    Statement(sqlite3 *db, char const *text) {
        if (sqlite3_prepare_v2(db, text, -1, &handle, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(db));
    }
    ~Statement() { sqlite3_finalize(handle); }
    Statement(Statement const &) = delete;
    Statement &operator=(Statement const &) = delete;

    Statement &bind(int i, Json const &v) {
        if (v.isBool()) sqlite3_bind_int(handle, i, v.boolean());
        if (v.isInt()) sqlite3_bind_int64(handle, i, v.integer());
        if (v.isDouble()) sqlite3_bind_double(handle, i, v.number());
        if (v.isString()) sqlite3_bind_text(handle, i, v.string().c_str(), -1, SQLITE_TRANSIENT);
        return *this;
    }
    void run() {
        if (sqlite3_step(handle) != SQLITE_DONE)
            throw std::runtime_error(sqlite3_errmsg(sqlite3_db_handle(handle)));
        sqlite3_reset(handle);
        sqlite3_clear_bindings(handle);
    }
    sqlite3_stmt *handle = nullptr;
};

std::int64_t ns(Json const &instant) {
    return *dbb::common::nsFromIso(instant.string());
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    auto const rows = readRows();
    auto const perCommit = static_cast<std::size_t>(std::stoul(argv[2]));
    sqlite3 *db = nullptr;
    if (sqlite3_open((std::string(argv[1]) + "/gen3.sqlite3").c_str(), &db) != SQLITE_OK) return 1;
    auto exec = [&](char const *text) {
        if (sqlite3_exec(db, text, nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(db));
    };
    // As durable as what it is compared with, and with as much memory.
    exec("PRAGMA foreign_keys=ON; PRAGMA synchronous=EXTRA; PRAGMA cache_size=-16000");
    auto const start = std::chrono::steady_clock::now();
    {
        Statement group(db, "INSERT OR IGNORE INTO \"group\" VALUES (?,?)");
        Statement day(db, "INSERT OR IGNORE INTO day_obs VALUES (?,?,?,?)");
        Statement exposure(db,
                           "INSERT INTO exposure VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        Statement dataset(db, "INSERT INTO dataset VALUES (?,1,?,1)");
        Statement tag(db, "INSERT INTO dataset_tags_00000001 VALUES (1,?,1,?,?,?)");
        Statement location(db, "INSERT INTO dataset_location VALUES ('FileDatastore@<butlerRoot>',?)");
        Statement file(db, "INSERT INTO file_datastore_records VALUES "
                           "(?,?,'formatter','Exposure','__NULL_STRING__',NULL,?)");
        exec("INSERT OR IGNORE INTO collection_summary_dataset_type VALUES (1,1)");
        Statement summary(db, "INSERT OR IGNORE INTO collection_summary_instrument VALUES (1,?)");
        summary.bind(1, rows.front().line["instrument"]).run();
        exec("BEGIN IMMEDIATE");
        std::size_t open = 0;
        std::int64_t last = 0;
        for (auto const &row : rows) {
            bool const isNew = row.exposure != last;
            if (open > 0 && (perCommit == 0 ? isNew : open >= perCommit)) {
                exec("COMMIT; BEGIN IMMEDIATE");
                open = 0;
            }
            auto const &r = row.line["records"];
            if (isNew) {
                auto const &e = r["exposure"];
                group.bind(1, e["instrument"]).bind(2, e["group"]).run();
                day.bind(1, e["instrument"]).bind(2, e["day_obs"]);
                day.bind(3, ns(r["day_obs"]["timespan"]["begin_tai"]))
                    .bind(4, ns(r["day_obs"]["timespan"]["end_tai"]))
                    .run();
                int i = 0;
                for (auto const &[key, value] : e.object()) {
                    if (key != "timespan") exposure.bind(++i, value);
                }
                exposure.bind(23, ns(e["timespan"]["begin_tai"]))
                    .bind(24, ns(e["timespan"]["end_tai"]))
                    .run();
            }
            last = row.exposure;
            auto const &d = row.line["data_id"];
            dataset.bind(1, row.id).bind(2, std::int64_t{1'700'000'000'000'000'000}).run();
            tag.bind(1, row.id).bind(2, d["instrument"]).bind(3, d["detector"]).bind(4, d["exposure"]).run();
            location.bind(1, row.id).run();
            file.bind(1, row.id)
                .bind(2, "file://" + row.line["uri"].string())
                .bind(3, row.line["size"])
                .run();
            ++open;
        }
        exec("COMMIT");
    }
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", elapsed.count());
    sqlite3_close(db);
}
