// The floor of dbb-gen2-scan | dbb-convert: look at every file of the Gen2 tree, read the headers of raws,
// and insert the rows that the conversion made, in as many commits, with prepared statements and nothing
// between.
//     floor_convert ROOT DONE FRESH FILES_PER_COMMIT        prints seconds
// DONE is the repository that a conversion has filled, FRESH what it was before that. Rows are read before
// the clock starts.
#include "header_bytes.h"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fts.h>
#include <map>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace {

struct Row {
    std::vector<sqlite3_value *> values;
    Row() = default;
    Row(Row &&other) noexcept : values(std::move(other.values)) {}
    Row(Row const &) = delete;
    ~Row() {
        for (auto *value : values) sqlite3_value_free(value);
    }
};

class Statement {
public:
    Statement(sqlite3 *db, std::string const &text) {
        if (sqlite3_prepare_v2(db, text.c_str(), -1, &_handle, nullptr) != SQLITE_OK)
            throw std::runtime_error(text + ": " + sqlite3_errmsg(db));
    }
    Statement(Statement &&other) noexcept : _handle(std::exchange(other._handle, nullptr)) {}
    Statement(Statement const &) = delete;
    ~Statement() { sqlite3_finalize(_handle); }

    bool step() {
        auto const rc = sqlite3_step(_handle);
        if (rc != SQLITE_ROW && rc != SQLITE_DONE)
            throw std::runtime_error(sqlite3_errmsg(sqlite3_db_handle(_handle)));
        return rc == SQLITE_ROW;
    }
    Row row() {
        Row result;
        for (int i = 0; i < sqlite3_column_count(_handle); ++i)
            result.values.push_back(sqlite3_value_dup(sqlite3_column_value(_handle, i)));
        return result;
    }
    std::string text(int column) {
        auto const *found = sqlite3_column_text(_handle, column);
        return found == nullptr ? "" : reinterpret_cast<char const *>(found);
    }
    void insert(Row const &row) {
        for (std::size_t i = 0; i < row.values.size(); ++i)
            sqlite3_bind_value(_handle, static_cast<int>(i) + 1, row.values[i]);
        step();
        sqlite3_reset(_handle);
    }

private:
    sqlite3_stmt *_handle = nullptr;
};

void exec(sqlite3 *db, std::string const &text) {
    if (sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw std::runtime_error(text + ": " + sqlite3_errmsg(db));
}

std::string insertInto(std::string const &table, std::size_t columns) {
    std::string marks = "?";
    for (std::size_t i = 1; i < columns; ++i) marks += ",?";
    return "INSERT INTO \"" + table + "\" VALUES (" + marks + ")";
}

struct Table {
    std::string name;
    std::vector<Row> rows;                     ///< of a table without datasets
    std::multimap<std::string, Row> ofDataset; ///< of the others, by the dataset's id
    std::string key;                           ///< column of the dataset's id, empty: none
};

std::string datasetColumn(sqlite3 *db, std::string const &table) {
    Statement columns(db, "SELECT name FROM pragma_table_info('" + table + "')");
    bool const isDataset = table == "dataset";
    while (columns.step()) {
        if (columns.text(0) == (isDataset ? "id" : "dataset_id")) return columns.text(0);
    }
    return "";
}

/// What is in DONE and not in FRESH, which is attached as `fresh` and gets the tables that it lacks.
std::vector<Table> newRows(sqlite3 *db, sqlite3 *fresh) {
    auto const texts = [db](std::string const &query) {
        std::vector<std::string> found;
        Statement statement(db, query);
        while (statement.step()) found.push_back(statement.text(0));
        return found;
    };
    for (auto const &sql :
         texts("SELECT sql FROM main.sqlite_master WHERE name NOT IN (SELECT name FROM fresh.sqlite_master) "
               "AND sql IS NOT NULL ORDER BY type DESC"))
        exec(fresh, sql);
    auto const names =
        texts("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
    std::vector<Table> result;
    for (auto const &name : names) {
        Table table{name, {}, {}, datasetColumn(db, name)};
        auto const quoted = "\"" + name + "\"";
        Statement rows(db, "SELECT * FROM main." + quoted + " EXCEPT SELECT * FROM fresh." + quoted);
        int keyColumn = -1;
        if (!table.key.empty()) {
            Statement columns(db, "SELECT cid FROM pragma_table_info('" + name + "') WHERE name = '"
                                      + table.key + "'");
            columns.step();
            keyColumn = std::stoi(columns.text(0));
        }
        while (rows.step()) {
            if (keyColumn < 0)
                table.rows.push_back(rows.row());
            else
                table.ofDataset.emplace(rows.text(keyColumn), rows.row());
        }
        result.push_back(std::move(table));
    }
    return result;
}

/// The ids of the datasets, as the conversion has inserted them: that order decides how many pages are
/// touched.
std::vector<std::string> insertionOrder(sqlite3 *db) {
    Statement ids(db, "SELECT id FROM dataset ORDER BY rowid");
    std::vector<std::string> result;
    while (ids.step()) result.push_back(ids.text(0));
    return result;
}

std::vector<std::string> rawPaths(sqlite3 *db, std::string const &root) {
    Statement found(db, "SELECT r.path FROM file_datastore_records AS r JOIN dataset AS d ON d.id = "
                        "r.dataset_id JOIN dataset_type AS t "
                        "ON t.id = d.dataset_type_id WHERE t.name = 'raw'");
    std::vector<std::string> result;
    while (found.step()) {
        auto const path = found.text(0);
        result.push_back(path.starts_with("file://") ? path.substr(7) : root + "/" + path);
    }
    return result;
}

std::size_t lookAtTree(std::string root) {
    char *roots[] = {root.data(), nullptr};
    auto *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, nullptr);
    std::size_t files = 0;
    while (auto const *entry = fts_read(tree)) {
        if (entry->fts_info == FTS_F) ++files;
    }
    fts_close(tree);
    return files;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    std::string const root = argv[1];
    std::string const done = std::string(argv[2]) + "/gen3.sqlite3";
    std::string const target = std::string(argv[3]) + "/gen3.sqlite3";
    auto const perCommit = static_cast<std::size_t>(std::stoul(argv[4]));
    sqlite3 *source = nullptr;
    sqlite3 *db = nullptr;
    if (sqlite3_open(done.c_str(), &source) != SQLITE_OK || sqlite3_open(target.c_str(), &db) != SQLITE_OK)
        return 1;
    exec(source, "ATTACH '" + target + "' AS fresh");
    auto tables = newRows(source, db);
    auto const order = insertionOrder(source);
    auto const raws = rawPaths(source, root);
    exec(source, "DETACH fresh");
    // As durable as what it is compared with, and with as much memory.
    exec(db, "PRAGMA foreign_keys=ON; PRAGMA synchronous=EXTRA; PRAGMA cache_size=-16000");

    auto const start = std::chrono::steady_clock::now();
    lookAtTree(root);
    for (auto const &path : raws) bench::readHeader(path);
    std::map<std::string, Statement> statements;
    Table *datasets = nullptr;
    for (auto &table : tables) {
        if (table.name == "dataset") datasets = &table;
        if (table.rows.empty() && table.ofDataset.empty()) continue;
        auto const &some = table.rows.empty() ? table.ofDataset.begin()->second : table.rows.front();
        statements.emplace(table.name, Statement(db, insertInto(table.name, some.values.size())));
    }
    // What refers to what is not known here; it is all there at the commit.
    exec(db, "BEGIN IMMEDIATE; PRAGMA defer_foreign_keys=ON");
    for (auto &table : tables) {
        for (auto const &row : table.rows) statements.at(table.name).insert(row);
    }
    std::size_t open = 0;
    for (auto const &id : order) {
        statements.at("dataset").insert(datasets->ofDataset.find(id)->second);
        for (auto &table : tables) {
            if (&table == datasets) continue;
            auto const [first, last] = table.ofDataset.equal_range(id);
            for (auto row = first; row != last; ++row) statements.at(table.name).insert(row->second);
        }
        if (++open == perCommit) {
            exec(db, "COMMIT; BEGIN IMMEDIATE");
            open = 0;
        }
    }
    exec(db, "COMMIT");
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", elapsed.count());
    statements.clear();
    tables.clear();
    sqlite3_close(source);
    sqlite3_close(db);
}
