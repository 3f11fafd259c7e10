#include "sql/database.h"

#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "common/signals.h"
#include "common/uri.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sqlite3.h>
#include <thread>
#include <unistd.h>

namespace dbb::sql {

using common::Error;
using common::ExitCode;

namespace {

/// What SQLite says after "… constraint failed: " (columns or the name of a CHECK), empty when it says
/// nothing.
std::string constraintName(std::string const &message) {
    auto const at = message.find("failed: ");
    return at == std::string::npos ? std::string() : message.substr(at + 8);
}

/// The errno with which a file can't be made beside the database, 0 when one can. SQLite keeps none when it
/// can't make its journal.
int errnoOfJournal(std::string const &path) {
    auto const probe = path + ".dbb-" + std::to_string(::getpid());
    common::UniqueFd const fd(::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return errno;
    ::unlink(probe.c_str());
    return 0;
}

/// What the system may have said when a connection failed. The connection, its database and its journal each
/// remember an errno, and what SQLite does after a failure may overwrite one.
std::array<int, 4> errnosOf(sqlite3 *db, int code, std::string const &path) {
    if (!db) return {};
    int ofDatabase = 0;
    int ofJournal = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &ofDatabase);
    sqlite3_file *journal = nullptr;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal);
    if (journal && journal->pMethods)
        journal->pMethods->xFileControl(journal, SQLITE_FCNTL_LAST_ERRNO, &ofJournal);
    int const ofPath = (code & 0xFF) == SQLITE_CANTOPEN ? errnoOfJournal(path) : 0;
    return {sqlite3_system_errno(db), ofDatabase, ofJournal, ofPath};
}

Error brokenError(sqlite3 *db, int code, std::string const &path, std::string const &text) {
    auto const errnos = errnosOf(db, code, path);
    auto const said = [&](int errnum) {
        return std::find(errnos.begin(), errnos.end(), errnum) != errnos.end();
    };
    auto const *reason = said(ENOSPC) || said(EDQUOT) || said(EFBIG) ? "DISK_FULL"
                         : said(EROFS)                               ? "REPO_READ_ONLY"
                         : said(ESTALE)                              ? "STALE_MOUNT"
                                                                     : "DB_ERROR";
    return Error(reason, text, ExitCode::Backend);
}

Error lockedError(std::string const &text) {
    return Error("REPO_LOCKED", text, ExitCode::TryAgain)
        .hint("another program is writing to this database; try again, or find it with lsof");
}

/// The last error of a connection as an Error; `what` says what was tried.
Error translated(sqlite3 *db, int code, std::string const &path, std::string const &what) {
    std::string const words = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    auto const text = "could not " + what + " \"" + path + "\": " + words;
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return lockedError(text);
    case SQLITE_READONLY: return Error("REPO_READ_ONLY", text, ExitCode::Backend);
    case SQLITE_FULL: return Error("DISK_FULL", text, ExitCode::Backend);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Error("REPO_DAMAGED", text, ExitCode::Damaged);
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT: return Error("CONSTRAINT", words).cause({.column = constraintName(words)});
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: return brokenError(db, code, path, text);
    default: return Error("DB_ERROR", text, ExitCode::Backend);
    }
}

class SqliteStatement : public Statement {
public:
    SqliteStatement(sqlite3 *db, std::string const &path, std::string const &text) : _db(db), _path(path) {
        auto const code = sqlite3_prepare_v3(db, text.data(), static_cast<int>(text.size()),
                                             SQLITE_PREPARE_PERSISTENT, &_statement, nullptr);
        if (code == SQLITE_ERROR) {
            // Our statements are right for the tables that the Butler makes, so these are others.
            throw Error("SCHEMA_DAMAGED",
                        "the tables of \"" + path + "\" are not as they should be: " + sqlite3_errmsg(db),
                        ExitCode::Damaged);
        }
        if (code != SQLITE_OK) throw translated(db, code, path, "prepare a statement for");
    }
    ~SqliteStatement() override { sqlite3_finalize(_statement); }
    SqliteStatement(SqliteStatement const &) = delete;
    SqliteStatement &operator=(SqliteStatement const &) = delete;

    void bind(int index, Value const &value) override {
        int const at = index + 1;
        int code = SQLITE_OK;
        if (auto const *s = std::get_if<std::string>(&value)) {
            code = sqlite3_bind_text64(_statement, at, s->data(), s->size(), SQLITE_STATIC, SQLITE_UTF8);
        } else if (auto const *i = std::get_if<std::int64_t>(&value)) {
            code = sqlite3_bind_int64(_statement, at, *i);
        } else if (auto const *d = std::get_if<double>(&value)) {
            code = sqlite3_bind_double(_statement, at, *d);
        } else if (auto const *b = std::get_if<bool>(&value)) {
            code = sqlite3_bind_int(_statement, at, *b ? 1 : 0);
        } else {
            code = sqlite3_bind_null(_statement, at);
        }
        if (code != SQLITE_OK) throw translated(_db, code, _path, "bind a value for");
    }

    bool step() override {
        auto const code = sqlite3_step(_statement);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE) return false;
        auto error = translated(_db, code, _path, "use");
        sqlite3_reset(_statement);
        throw error;
    }

    void reset() override {
        // Reports the error of the last step once more, which step() has thrown already.
        sqlite3_reset(_statement);
        sqlite3_clear_bindings(_statement);
    }

    Value column(int index) const override {
        switch (sqlite3_column_type(_statement, index)) {
        case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(_statement, index)};
        case SQLITE_FLOAT: return sqlite3_column_double(_statement, index);
        case SQLITE_NULL: return std::monostate{};
        default:
            auto const *text = reinterpret_cast<char const *>(sqlite3_column_blob(_statement, index));
            auto const size = static_cast<std::size_t>(sqlite3_column_bytes(_statement, index));
            return text ? std::string(text, size) : std::string();
        }
    }

    int columnCount() const override { return sqlite3_column_count(_statement); }
    std::string columnName(int index) const override { return sqlite3_column_name(_statement, index); }

protected:
    std::int64_t changes() const override { return sqlite3_changes64(_db); }

private:
    sqlite3 *_db;
    std::string const &_path;
    sqlite3_stmt *_statement = nullptr;
};

/// Inserts each row when its last value has come.
class SqliteRows : public RowSink {
public:
    SqliteRows(Statement &insert, std::size_t columns) : _insert(insert), _row(columns) {}

    void add(Value const &value) override {
        _row[_next] = value; // which is bound, and may be gone before the row is inserted
        if (++_next < _row.size()) return;
        _insert.run(_row);
        _next = 0;
    }

private:
    Statement &_insert;
    std::vector<Value> _row;
    std::size_t _next = 0;
};

/// Room for most of the pages that a commit of 1000 datasets changes in a large registry, whose ids are
/// random: a page of 4 KiB in each of 7 indexes. With less, SQLite writes pages before the commit, each time
/// with an fsync of the journal.
constexpr char const *pagesOfOneCommit = "PRAGMA cache_size = -16000"; // KiB

class SqliteDatabase : public Database {
public:
    SqliteDatabase(std::string path, OpenMode mode, std::chrono::milliseconds timeout)
        : _path(std::move(path)), _timeout(timeout) {
        bool const reads = mode == OpenMode::ReadOnly || mode == OpenMode::Untouched;
        int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
        flags |= reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
        if (mode == OpenMode::Create) flags |= SQLITE_OPEN_CREATE;
        bool const alone = mode == OpenMode::Untouched && !common::exists(_path + "-journal");
        if (alone) flags |= SQLITE_OPEN_URI;
        auto const name = alone ? common::fileUri(common::absolutePath(_path)) + "?immutable=1" : _path;
        auto const code = sqlite3_open_v2(name.c_str(), &_db, flags, nullptr);
        try {
            if (code != SQLITE_OK) throw translated(_db, code, _path, "open");
            sqlite3_busy_handler(_db, &SqliteDatabase::waitForOthers, this);
            execute("PRAGMA foreign_keys = ON");
            // EXTRA also syncs the folder when a commit has removed the journal: FULL would let a power cut
            // bring the journal back, and with it the state before the commit.
            execute("PRAGMA synchronous = EXTRA");
            // Only reading something tells a database from any other file.
            execute("SELECT count(*) FROM sqlite_master");
            if (!reads && sqlite3_db_readonly(_db, "main") == 1) {
                throw Error("REPO_READ_ONLY",
                            "could not open \"" + _path + "\" for writing: it may only be read",
                            ExitCode::Backend);
            }
        } catch (...) {
            sqlite3_close(_db);
            throw;
        }
    }

    ~SqliteDatabase() override {
        clearCache();
        sqlite3_close(_db);
    }
    SqliteDatabase(SqliteDatabase const &) = delete;
    SqliteDatabase &operator=(SqliteDatabase const &) = delete;

    Dialect dialect() const override { return Dialect::Sqlite; }

    std::unique_ptr<Statement> prepare(std::string const &text) override {
        return std::make_unique<SqliteStatement>(_db, _path, text);
    }

    void execute(std::string const &text) override {
        auto const code = sqlite3_exec(_db, text.c_str(), nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) throw translated(_db, code, _path, "use");
    }

    void useMemoryForCommits() override {
        execute("PRAGMA temp_store = MEMORY");
        execute(pagesOfOneCommit);
    }
    void fill(TemporaryTable const &table, std::function<void(RowSink &)> const &rows) override {
        auto const name = "temp." + quoteIdentifier(table.name);
        execute("DROP TABLE IF EXISTS " + name + "; CREATE TEMP TABLE " + definition(table));
        auto const insert = prepare("INSERT INTO " + name + " VALUES " + marks(table.columns.size()));
        SqliteRows sink(*insert, table.columns.size());
        rows(sink);
    }
    void insertRows(std::string const &table, std::vector<std::string> const &columns,
                    std::function<void(RowSink &)> const &rows) override {
        SqliteRows sink(cached("INSERT INTO " + quoteIdentifier(table) + " (" + quotedNames(columns)
                               + ") VALUES " + marks(columns.size())),
                        columns.size());
        rows(sink);
    }
    Value nextKey(std::string const &) override { return std::monostate{}; }

    // A deferred transaction would fail at its first write when another writer came in between.
    void begin(Writing) override { cached("BEGIN IMMEDIATE").run({}); }
    void beginRead() override { cached("BEGIN").run({}); }
    void commit() override { cached("COMMIT").run({}); }
    void rollback() override { cached("ROLLBACK").run({}); }
    bool inTransaction() const override { return sqlite3_get_autocommit(_db) == 0; }
    // Savepoints of one name nest: each statement means the innermost.
    void savepoint() override { execute("SAVEPOINT dbb"); }
    void releaseSavepoint() override { execute("RELEASE dbb"); }
    void rollbackToSavepoint() override { execute("ROLLBACK TO dbb; RELEASE dbb"); }

private:
    /// SQLite's own busy handler would sleep through a request to stop.
    static int waitForOthers(void *self, int tries) {
        auto &db = *static_cast<SqliteDatabase *>(self);
        auto const now = std::chrono::steady_clock::now();
        if (tries == 0) db._deadline = now + db._timeout;
        if (now >= db._deadline || common::stopSignal() != 0) return 0;
        constexpr std::array delays{1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
        auto const last = static_cast<int>(delays.size()) - 1;
        std::this_thread::sleep_for(
            std::chrono::milliseconds(delays[static_cast<std::size_t>(std::min(tries, last))]));
        return 1;
    }

    std::string _path;
    std::chrono::milliseconds _timeout;
    std::chrono::steady_clock::time_point _deadline{};
    sqlite3 *_db = nullptr;
};

} // namespace

std::unique_ptr<Database> openSqlite(std::string const &path, OpenMode mode,
                                     std::chrono::milliseconds timeout) {
    // SQLite says only "unable to open database file", where the file system knows why, and waits at a FIFO.
    if (mode != OpenMode::Create) {
        common::requireRegular(common::statFile(common::openForReading(path).get(), path), path);
    }
    if (mode == OpenMode::Untouched && common::exists(path + "-wal")) {
        throw Error("REPO_READ_ONLY",
                    "could not read \"" + path + "\": it has a write-ahead log, and reading that would write",
                    ExitCode::Backend)
            .hint("copy both files elsewhere and open the copy once with sqlite3, or close the program that "
                  "has it open");
    }
    return std::make_unique<SqliteDatabase>(path, mode, timeout);
}

} // namespace dbb::sql
