/// \file
/// A SQL database as the registry needs it: SQLite (sqlite.cc) or PostgreSQL (postgres.cc).
/// Text is UTF-8; instants are int64; statements take positional parameters written `?`, or `?1` … where one
/// occurs twice. UUIDs are 32 hexadecimal digits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace dbb::sql {

/// A column value. A boolean is stored as the dialect stores booleans; null is std::monostate.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// One statement, compiled once and run many times. Belongs to its database and must not outlive it.
class Statement {
public:
    virtual ~Statement() = default;

    /// Bind parameter `index` (from 0); text is not copied and must live until reset().
    virtual void bind(int index, Value const &value) = 0;
    /// Go to the next row of the result; false when there is none. The first call runs the statement.
    /// \throws Error as Database::execute
    virtual bool step() = 0;
    /// Make it ready to be bound and run again; parameters become null.
    virtual void reset() = 0;
    /// Column `index` of the current row (from 0). Booleans of SQLite come back as integers. Names and number
    /// of columns are known when step() was called.
    virtual Value column(int index) const = 0;
    virtual int columnCount() const = 0;
    virtual std::string columnName(int index) const = 0;

    /// Bind all parameters, run to the end and reset. \return rows changed
    std::int64_t run(std::vector<Value> const &parameters);
    /// Bind all parameters and see whether there is a row, then reset.
    bool hasRow(std::vector<Value> const &parameters);
    /// Bind all parameters and hand each row to `row`, then reset.
    void query(std::vector<Value> const &parameters, std::function<void(Statement const &)> const &row);

    std::int64_t integer(int index) const; ///< column as integer, 0 when null
    std::string text(int index) const;     ///< column as text, empty when null
    bool isNull(int index) const;

protected:
    virtual std::int64_t changes() const = 0;
};

enum class Dialect { Sqlite, Postgres };

/// A statement with its parameters, and what is to be done with each row of its result.
struct Asked {
    std::string text;
    std::vector<Value> parameters;
    std::function<void(Statement const &)> row{};
    std::int64_t changed = 0; ///< rows, afterwards
};

/// Rows for one table.
struct RowsInsert {
    std::string into;     ///< `INSERT INTO table (column, …)`
    std::string conflict; ///< `ON CONFLICT …`, empty: none
    std::vector<std::vector<Value>> rows;
    std::vector<std::string> types{}; ///< of the values, as a server names them; SQLite needs none
    std::string select{};             ///< what is inserted of the values r.c1, r.c2 …; empty: all of them
};

/// An array for a server, as text (PostgreSQL 15, 8.15.6).
std::string arrayOf(std::vector<Value> const &values);

/// Rows as one statement for a server, whose parameters are arrays of the values, one a column: it takes no
/// longer to read for more rows.
Asked asStatement(RowsInsert const &insert);

/// A table of an open transaction, gone with it at the latest.
struct TemporaryTable {
    struct Column {
        std::string name;
        std::string type; ///< one that SQLite and PostgreSQL both take
    };
    std::string name;
    std::vector<Column> columns;
};

/// Takes the values of rows one after the other, as many for each row as there are columns.
class RowSink {
public:
    virtual ~RowSink() = default;
    virtual void add(Value const &value) = 0;
};

/// The row that could not be inserted.
struct FailedRow {
    std::size_t insert = 0;
    std::size_t row = 0; ///< their number when the database does not tell
};

/// How a transaction writes on a server. SQLite lets one write at a time in any case.
struct Writing {
    /// Keep other programs of dbb from writing: what was seen stays so until the commit. Else constraints
    /// alone keep apart what several do at once.
    bool alone = true;
    /// Wait for a row of another writer for as long as busyTimeout(). Else REPO_LOCKED comes before the
    /// server would look for a deadlock and end one of those in it, which might be the other; see
    /// repeating().
    bool patient = true;
};

/// A connection. Not for several threads at once.
class Database {
public:
    virtual ~Database() = default;

    virtual Dialect dialect() const = 0;
    /// Compile a statement.
    /// \throws Error DB_ERROR with the database's own words (exit 4), REPO_LOCKED, REPO_READ_ONLY, DISK_FULL,
    ///         REPO_DAMAGED (exit 5), SCHEMA_DAMAGED (exit 5) for tables and columns that are not there,
    ///         CONSTRAINT for a violated constraint (its name or columns in cause.column; the message begins
    ///         with its kind: FOREIGN KEY, UNIQUE …), after which one may read, but must roll back the
    ///         transaction or its innermost savepoint; REPO_UNREACHABLE (exit 4) when the server is gone
    virtual std::unique_ptr<Statement> prepare(std::string const &text) = 0;
    /// Run statements that give no rows, separated by semicolons. \throws Error as prepare
    virtual void execute(std::string const &text) = 0;
    /// Ask several things one after the other, in one round trip where the database is a server.
    /// \param failed  set to the number of the one that an error is about
    virtual void askTogether(std::vector<Asked> &asked, std::size_t &failed);

    /// Insert rows into several tables in this order; as askTogether().
    /// \param failed  set to what an error is about \return how many rows each insert made
    virtual std::vector<std::int64_t> insertTogether(std::vector<RowsInsert> const &inserts,
                                                     FailedRow &failed);

    /// Make a temporary table in the transaction that is open, in place of one of the same name, and fill it:
    /// on a server by COPY. \param rows  hands over the values \throws Error as execute
    virtual void fill(TemporaryTable const &table, std::function<void(RowSink &)> const &rows) = 0;

    /// Insert rows in the transaction that is open: on a server by COPY. \param rows  hands over the values
    /// \throws Error as execute
    virtual void insertRows(std::string const &table, std::vector<std::string> const &columns,
                            std::function<void(RowSink &)> const &rows) = 0;

    /// A value for an automatic integer key of a table that is about to get a row: of its sequence, or null
    /// where the database itself finds one.
    virtual Value nextKey(std::string const &sequence) = 0;

    /// A compiled statement kept for the life of the connection, by its text; already reset. The same text
    /// gives the same statement, so it must not be asked for again while its rows are being read.
    Statement &cached(std::string const &text);

    /// Begin a transaction that may write; waits for other writers up to the connection's time-out. A server
    /// that is lost is connected to again, as for statements outside of transactions.
    virtual void begin(Writing writing = {}) = 0;
    /// Begin a transaction that reads only: a steady view, and one lock for many statements.
    virtual void beginRead() = 0;
    /// \throws Error REPO_UNREACHABLE when the connection is lost meanwhile: then it may have been kept
    virtual void commit() = 0;
    virtual void rollback() = 0;
    virtual bool inTransaction() const = 0;
    /// Points inside a transaction, which nest; see Savepoint.
    virtual void savepoint() = 0;
    virtual void releaseSavepoint() = 0;
    virtual void rollbackToSavepoint() = 0; ///< and forget it

    /// Keep in memory what savepoints would restore, and what sorts need, instead of in temporary files: for
    /// many small savepoints; and the pages that a large commit changes.
    virtual void useMemoryForCommits() = 0;

    bool hasTable(std::string const &name);

protected:
    /// `(?, ?, …)`
    static std::string marks(std::size_t count);
    /// `"name", "name" …`
    static std::string quotedNames(std::vector<std::string> const &names);
    /// `name (column type, …)`
    static std::string definition(TemporaryTable const &table);

    /// Forget cached statements; a derived class calls it before it closes.
    void clearCache();

private:
    std::unordered_map<std::string, std::unique_ptr<Statement>> _cache;
};

/// Rolls back when it goes out of scope uncommitted.
class Transaction {
public:
    explicit Transaction(Database &db, Writing writing = {});
    ~Transaction();
    Transaction(Transaction const &) = delete;
    Transaction &operator=(Transaction const &) = delete;
    void commit();

private:
    Database &_db;
    bool _open = true;
};

/// A transaction that reads; ends when it goes out of scope.
class ReadTransaction {
public:
    explicit ReadTransaction(Database &db) : _db(db) { _db.beginRead(); }
    ~ReadTransaction();
    ReadTransaction(ReadTransaction const &) = delete;
    ReadTransaction &operator=(ReadTransaction const &) = delete;

private:
    Database &_db;
};

/// A point inside a transaction to go back to: rolls back to it when it goes out of scope unreleased.
class Savepoint {
public:
    explicit Savepoint(Database &db);
    ~Savepoint();
    Savepoint(Savepoint const &) = delete;
    Savepoint &operator=(Savepoint const &) = delete;
    void release();

private:
    Database &_db;
    bool _open = true;
};

/// An identifier in double quotes; the one place where names enter SQL.
std::string quoteIdentifier(std::string_view name);
/// A text as a literal, where nothing can be bound: in the definition of a view.
std::string quoteText(std::string_view text);

/// How a SQLite file is opened. Untouched reads as ReadOnly does, but neither makes a file beside it nor
/// locks it; where a journal tells of a writer it locks, and where a write-ahead log does it refuses.
enum class OpenMode { Untouched, ReadOnly, ReadWrite, Create };

/// How long a connection waits for other writers: DBB_BUSY_TIMEOUT (a duration like 30s), else 300 s as the
/// Butler. \throws Error USAGE when the variable holds no duration
std::chrono::milliseconds busyTimeout();

/// How long a statement may take on a server: DBB_STATEMENT_TIMEOUT, else 600 s. \throws Error USAGE
std::chrono::milliseconds statementTimeout();
/// How long a server that was lost is tried again: DBB_RECONNECT_TIMEOUT, else 60 s. \throws Error USAGE
std::chrono::milliseconds reconnectTime();

/// Do a whole transaction, and again while the server is lost or another writer is in the way
/// (REPO_UNREACHABLE, REPO_LOCKED), for as long as reconnectTime() or busyTimeout(). \param action  must come
/// to the same end when it has been done already
void repeating(std::function<void()> const &action);

/// Open a SQLite file with foreign keys on. Waiting for other writers also ends when the process is asked to
/// stop. \throws Error NOT_FOUND, PERMISSION, REPO_DAMAGED (no database), REPO_READ_ONLY
std::unique_ptr<Database> openSqlite(std::string const &path, OpenMode mode,
                                     std::chrono::milliseconds timeout = busyTimeout());

/// A PostgreSQL database and the schema in it.
struct PostgresTarget {
    std::string host; ///< empty: libpq's default, a socket; so are the other empty ones
    std::string port;
    std::string database;
    std::string user;
    std::string password;
    std::string schema; ///< empty: the server's current_schema()

    /// For messages: the URL without the password.
    std::string name() const;
};

/// Connect to a server. \param timeout  how long a transaction waits for locks of others
/// \throws Error REPO_UNREACHABLE (exit 4)
std::unique_ptr<Database> openPostgres(PostgresTarget const &target,
                                       std::chrono::milliseconds timeout = busyTimeout());

} // namespace dbb::sql
