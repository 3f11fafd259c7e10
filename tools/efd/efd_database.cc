#include "efd/efd_database.h"

#include "butler/db_auth.h"
#include "butler/postgres_config.h"
#include "common/error.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <set>
#include <sys/file.h>

namespace dbb::efd {

using common::Error;
using common::ExitCode;

namespace {

/// What a later version raises when earlier ones would do harm. A new column alone is no reason.
constexpr std::int64_t tablesVersion = 1;

Table const versionTable{"efd_version", {{"version", "bigint"}}, 1};

std::vector<Table const *> allTables() {
    return {&versionTable, &columnTable, &windowTable, &runTable, &valueTable};
}

constexpr std::array indexes{
    "CREATE UNIQUE INDEX IF NOT EXISTS efd_column_name ON efd_column (name)",
    "CREATE INDEX IF NOT EXISTS efd_window_day_obs ON efd_window (day_obs, seq_num)",
    "CREATE INDEX IF NOT EXISTS efd_window_begin ON efd_window (begin_tai_ns)",
    "CREATE INDEX IF NOT EXISTS efd_value_column ON efd_value (column_id)",
    "CREATE INDEX IF NOT EXISTS efd_value_unsettled ON efd_value (obs_id) WHERE settled = 0",
};

/// A file or folder that can't be used stops the program, whatever else it is.
template<typename F>
auto backend(F const &action) {
    try {
        return action();
    } catch (Error const &e) {
        if (e.exitCode() != ExitCode::SomeFailed) throw;
        throw Error(e.code(), e.message(), ExitCode::Backend).hint(e.hint());
    }
}

sql::PostgresTarget targetOf(std::string const &url, std::string const &schema) {
    constexpr std::size_t longestName = 63; // PostgreSQL cuts what is longer
    if (schema.size() > longestName) throw common::usageError("--schema: a name has at most 63 bytes");
    sql::PostgresTarget out;
    try {
        out = butler::postgresTarget(url, {});
    } catch (Error const &e) {
        throw common::usageError("--db: " + e.message());
    }
    if (!out.password.empty())
        throw common::usageError("--db: a password on the command line can be read by others",
                                 "put it into ~/.lsst/db-auth.yaml or ~/.pgpass; see dbb(7), ENVIRONMENT");
    out.schema = schema;
    return out;
}

std::set<std::string> columnsOf(sql::Database &db, Table const &table) {
    std::set<std::string> out;
    auto const *const text = db.dialect() == sql::Dialect::Sqlite
                                 ? "SELECT name FROM pragma_table_info(?)"
                                 : "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(?) "
                                   "AND attnum > 0 AND NOT attisdropped";
    db.cached(text).query({std::string(table.name)},
                          [&](sql::Statement const &row) { out.insert(row.text(0)); });
    return out;
}

std::string creationOf(Table const &table, sql::Dialect dialect) {
    std::string out = std::string("CREATE TABLE ") + table.name + " (";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        auto const &column = table.columns[i];
        out += std::string(column.name) + " " + column.type + (i < table.keys ? " NOT NULL, " : ", ");
    }
    // The rows are found by their keys alone; SQLite would keep them twice.
    return out + "PRIMARY KEY (" + table.key() + "))"
           + (dialect == sql::Dialect::Sqlite ? " WITHOUT ROWID" : "");
}

} // namespace

Table const columnTable{"efd_column",
                        {{"column_id", "bigint"},
                         {"name", "text"},
                         {"topic", "text"},
                         {"field", "text"},
                         {"index_value", "text"},
                         {"func", "text"},
                         {"args_json", "text"},
                         {"unit", "text"},
                         {"ucd", "text"},
                         {"description", "text"},
                         {"dtype", "text"},
                         {"config_hash", "text"},
                         {"active", "smallint"},
                         {"elements", "text"}},
                        1};

Table const valueTable{"efd_value",
                       {{"instrument", "text"},
                        {"kind", "text"},
                        {"obs_id", "bigint"},
                        {"column_id", "bigint"},
                        {"element", "integer DEFAULT -1"},
                        {"value", "double precision"},
                        {"value_int", "bigint"},
                        {"value_text", "text"},
                        {"n", "bigint"},
                        {"status", "smallint"},
                        {"t_first_tai_ns", "bigint"},
                        {"t_last_tai_ns", "bigint"},
                        {"coverage", "double precision"},
                        {"max_gap_ns", "bigint"},
                        {"n_gaps", "bigint"},
                        {"age_ns", "bigint"},
                        {"config_hash", "text"},
                        {"settled", "smallint DEFAULT 1"},
                        {"fewer_n", "bigint"},
                        {"run_id", "bigint"},
                        {"updated_at", "timestamp"}},
                       5};

Table const windowTable{"efd_window",
                        {{"instrument", "text"},
                         {"kind", "text"},
                         {"obs_id", "bigint"},
                         {"day_obs", "integer"},
                         {"seq_num", "integer"},
                         {"begin_tai_ns", "bigint"},
                         {"end_tai_ns", "bigint"},
                         {"src", "text"}},
                        3};

Table const runTable{"efd_run",
                     {{"run_id", "bigint"},
                      {"tool_version", "text"},
                      {"source", "text"},
                      {"started", "timestamp"},
                      {"finished", "timestamp"},
                      {"lines_read", "bigint"},
                      {"done", "bigint"},
                      {"updated", "bigint"},
                      {"existing", "bigint"},
                      {"regressions", "bigint"},
                      {"source_errors", "bigint"},
                      {"rejected", "bigint"},
                      {"exit", "smallint"}},
                     1};

std::string namesOf(std::span<Table::Column const> columns, std::string const &prefix) {
    std::string out;
    for (auto const &column : columns) out += (out.empty() ? "" : ", ") + prefix + column.name;
    return out;
}

std::string Table::key() const {
    return namesOf(std::span(columns).first(keys));
}

sql::RowsInsert Table::upsert() const {
    sql::RowsInsert out;
    out.into = std::string("INSERT INTO ") + name + " (" + namesOf(columns) + ")";
    for (auto const &column : columns) {
        std::string const type = column.type;
        out.types.push_back(type.substr(0, type.find(" DEFAULT")));
        if (out.types.size() <= keys) continue;
        out.conflict +=
            (out.conflict.empty() ? "" : ", ") + std::string(column.name) + " = excluded." + column.name;
    }
    out.conflict = "ON CONFLICT (" + key() + ") DO UPDATE SET " + out.conflict;
    return out;
}

std::unique_ptr<sql::Database> openForReading(std::string const &path, std::string const &hint) {
    using sql::OpenMode;
    if (!common::exists(path))
        throw Error("NOT_FOUND", "there is no database \"" + path + "\"", ExitCode::Backend).hint(hint);
    // A journal that was left behind is played back, and that is writing.
    bool const left = common::exists(path + "-journal");
    return backend([&] { return sql::openSqlite(path, left ? OpenMode::ReadWrite : OpenMode::ReadOnly); });
}

EfdDatabase::EfdDatabase(std::string const &place, std::string const &schema, Access access)
    : _access(access) {
    if (butler::isPostgres(place)) {
        openServer(place, schema);
    } else if (place.find("://") != std::string::npos) {
        throw common::usageError("--db: \"" + place + "\" is neither a path nor a postgresql:// URL");
    } else {
        backend([&] { openFile(place); });
    }
    if (access == Access::Read) {
        requireOwn();
    } else {
        makeTables();
    }
}

void EfdDatabase::openFile(std::string const &path) {
    using sql::OpenMode;
    _name = path;
    bool const there = common::exists(path);
    if (_access == Access::Read) {
        _db = openForReading(path, "dbb-efd-load makes it when it loads values; look at the path of --db");
    } else if (_access == Access::Try && !there) {
        _db = sql::openSqlite(":memory:", OpenMode::Create);
    } else {
        _db = sql::openSqlite(path, there ? OpenMode::ReadWrite : OpenMode::Create);
        lockFile(common::realPath(path) + ".lock");
    }
    _db->useMemoryForCommits();
}

/// Beside the database: SQLite's own locks are those of a transaction, and the file's belong to them.
void EfdDatabase::lockFile(std::string const &path) {
    _lock = common::UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!_lock) throw common::systemError("open", path, errno);
    if (::flock(_lock.get(), LOCK_EX | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK) throw common::systemError("lock", path, errno);
    throw Error("ANOTHER_RUN", "another dbb-efd-load is writing to \"" + _name + "\"", ExitCode::TryAgain);
}

void EfdDatabase::openServer(std::string const &url, std::string const &schema) {
    auto target = targetOf(url, schema);
    _schema = schema;
    _name = target.name();
    butler::addCredentials(target);
    _db = sql::openPostgres(target);
    bool const there = _db->cached("SELECT 1 FROM pg_namespace WHERE nspname = ?").hasRow({schema});
    if (!there && _access == Access::Read)
        throw Error("REPO_NOT_FOUND", "\"" + _name + "\": there is no such schema", ExitCode::Backend)
            .hint("dbb-efd-load makes it when it loads values; another one is named with --schema");
    if (_access == Access::Read) return;
    requireAlone();
    if (!there) write([&] { _db->execute("CREATE SCHEMA IF NOT EXISTS " + sql::quoteIdentifier(schema)); });
}

/// The lock is the connection's; it is asked for again in each transaction, since a server that was lost has
/// forgotten it.
void EfdDatabase::requireAlone() {
    bool alone = false;
    _db->cached("SELECT pg_try_advisory_lock(hashtext('dbb-efd-load'), hashtext(?))")
        .query({_schema}, [&](sql::Statement const &row) { alone = row.integer(0) != 0; });
    if (alone) return;
    throw Error("ANOTHER_RUN", "another dbb-efd-load is writing to \"" + _name + "\"", ExitCode::TryAgain);
}

void EfdDatabase::write(std::function<void()> const &action) {
    if (_access == Access::Try) {
        if (!_db->inTransaction()) _db->begin();
        return action(); // what is never committed is taken back when the connection ends
    }
    sql::repeating([&] {
        sql::Transaction transaction(*_db);
        if (isServer()) requireAlone();
        action();
        transaction.commit();
    });
}

void EfdDatabase::requireOwn() {
    std::vector<std::int64_t> versions;
    if (_db->hasTable(versionTable.name)) {
        _db->cached("SELECT version FROM efd_version").query({}, [&](sql::Statement const &row) {
            versions.push_back(row.integer(0));
        });
        if (versions.size() != 1)
            throw Error("SCHEMA_DAMAGED",
                        "\"" + _name + "\": efd_version has " + std::to_string(versions.size())
                            + " rows instead of one",
                        ExitCode::Damaged)
                .hint("restore the database from a backup, or load the values into a new one");
        if (versions.front() == tablesVersion) return;
        throw Error("REPO_UNSUPPORTED",
                    "\"" + _name + "\": its tables are of version " + std::to_string(versions.front())
                        + ", and this program knows version " + std::to_string(tablesVersion),
                    ExitCode::Damaged)
            .hint("use the version of dbb that made them, or a later one");
    }
    throw Error("REPO_UNSUPPORTED", "\"" + _name + "\" has no tables of dbb-efd-load", ExitCode::Damaged)
        .hint("name a database that dbb-efd-load has made, or a new one to load into");
}

/// Statements that complete the tables.
std::vector<std::string> EfdDatabase::missing() {
    std::vector<std::string> out;
    for (auto const *table : allTables()) {
        auto const there = columnsOf(*_db, *table);
        if (there.empty()) {
            out.push_back(creationOf(*table, _db->dialect()));
            continue;
        }
        for (std::size_t i = 0; i < table->columns.size(); ++i) {
            auto const &column = table->columns[i];
            if (there.contains(column.name)) continue;
            if (i < table->keys)
                throw Error("SCHEMA_DAMAGED",
                            "\"" + _name + "\": the table " + table->name + " has no column " + column.name,
                            ExitCode::Damaged)
                    .hint("restore the database from a backup, or load the values into a new one");
            out.push_back(std::string("ALTER TABLE ") + table->name + " ADD COLUMN " + column.name + " "
                          + column.type);
        }
    }
    return out;
}

void EfdDatabase::makeTables() {
    auto const *const anything =
        isServer() ? "SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(?)) LIMIT 1"
                   : "SELECT 1 FROM sqlite_master WHERE ? = '' LIMIT 1";
    bool const isNew = !_db->cached(anything).hasRow({_schema});
    if (!isNew) requireOwn();
    auto const statements = missing();
    if (statements.empty()) return;
    write([&] {
        for (auto const &statement : statements) _db->execute(statement);
        for (auto const *index : indexes) _db->execute(index);
        if (isNew) _db->cached("INSERT INTO efd_version (version) VALUES (?)").run({tablesVersion});
    });
}

} // namespace dbb::efd
