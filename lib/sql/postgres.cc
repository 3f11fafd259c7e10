#include "sql/database.h"

#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <libpq-fe.h>
#include <memory>
#include <optional>

namespace dbb::sql {

using common::Error;
using common::ExitCode;

namespace {

using Result = std::unique_ptr<PGresult, decltype(&::PQclear)>;

Result owned(PGresult *result) {
    return {result, &::PQclear};
}

/// The first line of what the server or libpq says.
std::string firstLine(char const *text) {
    std::string out = text ? text : "";
    out = out.substr(0, out.find('\n'));
    constexpr std::string_view prefix = "ERROR:  ";
    return out.starts_with(prefix) ? out.substr(prefix.size()) : out;
}

std::string fieldOf(PGresult const *result, int field) {
    auto const *text = ::PQresultErrorField(result, field);
    return text ? text : "";
}

Error constraintError(std::string const &kind, PGresult const *result) {
    auto name = fieldOf(result, PG_DIAG_CONSTRAINT_NAME);
    if (name.empty()) name = fieldOf(result, PG_DIAG_COLUMN_NAME);
    // The words that SQLite uses begin with the kind of the constraint, which callers go by.
    auto const words =
        kind + " constraint failed: " + (name.empty() ? fieldOf(result, PG_DIAG_MESSAGE_PRIMARY) : name);
    return Error("CONSTRAINT", words).cause({.column = name});
}

/// What a SQLSTATE means for a caller (PostgreSQL 15, appendix A).
Error translated(PGresult const *result, std::string const &name) {
    auto const state = fieldOf(result, PG_DIAG_SQLSTATE);
    auto const text = "could not use \"" + name + "\": "
                      + (state.empty() ? firstLine(::PQresultErrorMessage(result))
                                       : fieldOf(result, PG_DIAG_MESSAGE_PRIMARY));
    if (state == "23503") return constraintError("FOREIGN KEY", result);
    if (state == "23505") return constraintError("UNIQUE", result);
    if (state == "23502") return constraintError("NOT NULL", result);
    // A text that is no number, where one is compared: of a condition, since columns get what they hold.
    if (state == "22P02" || state == "22003") return Error("BAD_VALUE", text, ExitCode::Usage);
    if (state.starts_with("23") || state.starts_with("22")) return constraintError("CHECK", result);
    if (state == "42P01" || state == "42703")
        return Error("SCHEMA_DAMAGED",
                     "the tables of \"" + name
                         + "\" are not as they should be: " + fieldOf(result, PG_DIAG_MESSAGE_PRIMARY),
                     ExitCode::Damaged)
            .hint("look at them with psql, and restore what is missing from a backup");
    if (state == "42501") {
        return Error("PERMISSION", text, ExitCode::Backend)
            .hint("ask the database's owner for the right, or connect as another user");
    }
    if (state == "25006") return Error("REPO_READ_ONLY", text, ExitCode::Backend);
    if (state == "53100") return Error("DISK_FULL", text, ExitCode::Backend);
    if (state == "55P03" || state == "57014" || state == "40001" || state == "40P01") {
        return Error("REPO_LOCKED", text, ExitCode::TryAgain)
            .hint("another program holds what is needed; try again, or look at pg_stat_activity");
    }
    if (state == "XX001" || state == "XX002") {
        return Error("REPO_DAMAGED",
                     "\"" + name + "\" is corrupt: " + fieldOf(result, PG_DIAG_MESSAGE_PRIMARY),
                     ExitCode::Damaged)
            .hint("restore it from a backup");
    }
    bool const gone = state.empty() || state.starts_with("08") || state.starts_with("57P");
    return gone ? Error("REPO_UNREACHABLE", text, ExitCode::Backend)
                : Error("DB_ERROR", text, ExitCode::Backend);
}

/// `?` and `?n` become `$n`; not in literals and quoted names. \return the text and the number of parameters
std::pair<std::string, int> numbered(std::string const &text) {
    std::string out;
    int count = 0;
    char quote = '\0';
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (quote != '\0' || c != '?') {
            if (quote == c) {
                quote = '\0';
            } else if (quote == '\0' && (c == '\'' || c == '"')) {
                quote = c;
            }
            out += c;
            continue;
        }
        auto const *from = text.data() + i + 1;
        int given = 0;
        auto const end = std::from_chars(from, text.data() + text.size(), given).ptr;
        if (end == from) given = count + 1;
        i += static_cast<std::size_t>(end - from);
        count = std::max(count, given);
        out += "$" + std::to_string(given);
    }
    return {out, count};
}

/// Parameters go as text: the server reads it as what the statement needs.
std::optional<std::string> textOf(Value const &value) {
    if (auto const *s = std::get_if<std::string>(&value)) return *s;
    if (auto const *i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
    if (auto const *b = std::get_if<bool>(&value)) return *b ? "t" : "f";
    if (auto const *d = std::get_if<double>(&value)) {
        std::array<char, 32> buffer{};
        auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *d).ptr;
        return std::string(buffer.data(), end);
    }
    return std::nullopt;
}

// Types of columns (pg_type.dat); everything else is text.
constexpr Oid boolType = 16;
constexpr Oid bigintType = 20;
constexpr Oid smallintType = 21;
constexpr Oid integerType = 23;
constexpr Oid realType = 700;
constexpr Oid doubleType = 701;
constexpr Oid numericType = 1700;
constexpr Oid uuidType = 2950;

template<typename T>
Value numberOf(std::string_view text) {
    T out{};
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

/// UUIDs as SQLite registries have them: 32 digits without hyphens.
Value valueOf(Oid type, std::string_view text) {
    switch (type) {
    case boolType: return text == "t";
    case bigintType:
    case smallintType:
    case integerType: return numberOf<std::int64_t>(text);
    case numericType:
        if (text.find('.') == std::string_view::npos) return numberOf<std::int64_t>(text);
        return numberOf<double>(text);
    case realType:
    case doubleType: return numberOf<double>(text);
    case uuidType: {
        std::string out;
        for (char const c : text) {
            if (c != '-') out += c;
        }
        return out;
    }
    default: return std::string(text);
    }
}

class PostgresDatabase;

class PostgresStatement : public Statement {
public:
    PostgresStatement(PostgresDatabase &db, std::string const &text) : _db(db) {
        auto [numberedText, count] = numbered(text);
        _text = std::move(numberedText);
        _parameters.resize(static_cast<std::size_t>(count));
    }

    /// Over a result that is there; it stays the caller's.
    PostgresStatement(PostgresDatabase &db, PGresult const *result) : _db(db), _rows(result) {}

    std::int64_t changed() const { return changes(); }

    void bind(int index, Value const &value) override {
        _parameters.at(static_cast<std::size_t>(index)) = textOf(value);
    }

    bool step() override;

    void reset() override {
        _result.reset();
        _rows = nullptr;
        _row = -1;
        for (auto &parameter : _parameters) parameter.reset();
    }

    Value column(int index) const override {
        if (::PQgetisnull(_rows, _row, index) == 1) return std::monostate{};
        auto const size = static_cast<std::size_t>(::PQgetlength(_rows, _row, index));
        return valueOf(::PQftype(_rows, index), {::PQgetvalue(_rows, _row, index), size});
    }

    int columnCount() const override { return ::PQnfields(_rows); }
    std::string columnName(int index) const override { return ::PQfname(_rows, index); }

protected:
    std::int64_t changes() const override {
        auto const *count = ::PQcmdTuples(const_cast<PGresult *>(_rows));
        std::int64_t out = 0;
        std::from_chars(count, count + std::strlen(count), out);
        return out;
    }

private:
    PostgresDatabase &_db;
    std::string _text;
    std::vector<std::optional<std::string>> _parameters;
    Result _result{nullptr, &::PQclear}; // when it is ours
    PGresult const *_rows = nullptr;
    int _row = -1;
};

/// What a statement can have at most; the protocol counts them with 16 bits.
constexpr std::size_t mostParameters = 65535;

class PostgresDatabase : public Database {
public:
    PostgresDatabase(PostgresTarget target, std::chrono::milliseconds timeout)
        : _target(std::move(target)), _timeout(timeout) {
        connect();
    }

    ~PostgresDatabase() override {
        clearCache();
        ::PQfinish(_connection);
    }
    PostgresDatabase(PostgresDatabase const &) = delete;
    PostgresDatabase &operator=(PostgresDatabase const &) = delete;

    Dialect dialect() const override { return Dialect::Postgres; }

    std::unique_ptr<Statement> prepare(std::string const &text) override {
        return std::make_unique<PostgresStatement>(*this, text);
    }

    void execute(std::string const &text) override {
        inSchema([&] { return check(owned(::PQexec(_connection, text.c_str()))); });
    }

    Result run(std::string const &text, std::vector<std::optional<std::string>> const &parameters) {
        std::vector<char const *> values;
        for (auto const &p : parameters) values.push_back(p ? p->c_str() : nullptr);
        // Unnamed, since a pooler may send the next statement over another connection.
        return inSchema([&] {
            return check(owned(::PQexecParams(_connection, text.c_str(), static_cast<int>(values.size()),
                                              nullptr, values.data(), nullptr, nullptr, 0)));
        });
    }

    void useMemoryForCommits() override {}

    void begin() override {
        auto const milliseconds = std::to_string(_timeout.count());
        // Settings of the transaction alone: a pooler gives the connection to others after it. The lock keeps
        // other programs of dbb from writing in between a look and the rows that follow from it.
        start("BEGIN; " + setSchema() + "SET LOCAL lock_timeout = " + milliseconds
              + "; SELECT pg_advisory_xact_lock(hashtext('dbb'), hashtext(" + lockName()
              + ")); SAVEPOINT dbb");
        _savepoints = {false};
    }
    void beginRead() override { start("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " + setSchema()); }
    void commit() override {
        requireSound();
        auto const result = check(owned(::PQexec(_connection, "COMMIT")));
        _savepoints.clear();
        // COMMIT of a transaction that has failed is a ROLLBACK, and no error.
        if (std::string_view(::PQcmdStatus(result.get())) != "COMMIT") {
            throw Error("DB_ERROR", "\"" + _target.name() + "\" took the transaction back",
                        ExitCode::Backend);
        }
    }
    void rollback() override {
        _savepoints.clear();
        execute("ROLLBACK");
    }
    bool inTransaction() const override {
        auto const status = ::PQtransactionStatus(_connection);
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
    }

    void savepoint() override {
        execute("SAVEPOINT dbb");
        _savepoints.push_back(false);
    }
    void releaseSavepoint() override {
        requireSound();
        execute("RELEASE dbb");
        _savepoints.pop_back();
    }
    void rollbackToSavepoint() override {
        execute("ROLLBACK TO dbb; RELEASE dbb");
        _savepoints.pop_back();
    }

    void askTogether(std::vector<Asked> &asked, std::size_t &failed) override {
        failed = 0;
        // All of it is one transaction then, as the round trip is one.
        bool const alone = !_target.schema.empty() && !inTransaction();
        std::vector<Asked> all;
        if (alone) {
            all.push_back({.text = "BEGIN", .parameters = {}});
            all.push_back(
                {.text = "SET LOCAL search_path = " + quoteIdentifier(_target.schema), .parameters = {}});
        }
        auto const before = all.size();
        for (auto const &one : asked) all.push_back({.text = one.text, .parameters = one.parameters});
        if (alone) all.push_back({.text = "COMMIT", .parameters = {}});
        auto const results = pipelined(all);
        for (std::size_t i = 0; i < results.size(); ++i) {
            auto const status = ::PQresultStatus(results[i].get());
            if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) continue;
            failed = i < before ? 0 : std::min(i - before, asked.size());
            auto error = translated(results[i].get(), _target.name());
            if (alone) {
                owned(::PQexec(_connection, "ROLLBACK"));
            } else {
                goBackAfterError();
            }
            throw error;
        }
        for (std::size_t i = 0; i < asked.size(); ++i) {
            PostgresStatement statement(*this, results[i + before].get());
            asked[i].changed = statement.changed();
            while (asked[i].row && statement.step()) asked[i].row(statement);
        }
    }

    std::vector<std::int64_t> insertTogether(std::vector<RowsInsert> const &inserts,
                                             FailedRow &failed) override {
        std::vector<Asked> asked;
        std::vector<std::size_t> owners; // which insert each belongs to
        for (std::size_t n = 0; n < inserts.size(); ++n) {
            auto const &[into, conflict, rows] = inserts[n];
            for (std::size_t done = 0; done < rows.size();) {
                auto const width = rows[done].size();
                auto const count = std::min(rows.size() - done, mostParameters / width);
                Asked one{.text = into + " VALUES ", .parameters = {}};
                for (std::size_t i = done; i < done + count; ++i) {
                    one.text += (i == done ? "" : ", ") + marks(width);
                    one.parameters.insert(one.parameters.end(), rows[i].begin(), rows[i].end());
                }
                one.text += " " + conflict;
                asked.push_back(std::move(one));
                owners.push_back(n);
                done += count;
            }
        }
        std::size_t at = 0;
        try {
            askTogether(asked, at);
        } catch (Error const &) {
            if (at < owners.size()) failed = {owners[at], inserts[owners[at]].rows.size()};
            throw;
        }
        std::vector<std::int64_t> out(inserts.size());
        for (std::size_t i = 0; i < asked.size(); ++i) out[owners[i]] += asked[i].changed;
        return out;
    }

    Value nextKey(std::string const &sequence) override {
        std::int64_t out = 0;
        cached("SELECT nextval(?::regclass)").query({quoteIdentifier(sequence)}, [&](Statement const &row) {
            out = row.integer(0);
        });
        return out;
    }

private:
    /// A server refuses everything after an error until one goes back. Callers want to look why it happened,
    /// and then give up what they were at; so that they can't commit instead, it is remembered.
    void goBackAfterError() {
        if (::PQtransactionStatus(_connection) != PQTRANS_INERROR) return;
        owned(::PQexec(_connection, "ROLLBACK TO dbb"));
        if (!_savepoints.empty()) _savepoints.back() = true;
    }

    void requireSound() const {
        if (_savepoints.empty() || !_savepoints.back()) return;
        throw Error("DB_ERROR",
                    "a statement failed, so that nothing of its transaction in \"" + _target.name()
                        + "\" can be kept",
                    ExitCode::Backend);
    }

    void connect() {
        std::array<char const *, 9> const names{"host",
                                                "port",
                                                "dbname",
                                                "user",
                                                "password",
                                                "application_name",
                                                "connect_timeout",
                                                "client_encoding",
                                                nullptr};
        std::array<char const *, 9> const values{_target.host.c_str(),
                                                 _target.port.c_str(),
                                                 _target.database.c_str(),
                                                 _target.user.c_str(),
                                                 _target.password.c_str(),
                                                 "dbb",
                                                 "30",
                                                 "UTF8",
                                                 nullptr};
        _connection = ::PQconnectdbParams(names.data(), values.data(), 0);
        if (::PQstatus(_connection) == CONNECTION_OK) {
            ::PQsetNoticeProcessor(
                _connection, [](void *, char const *) {}, nullptr);
            return;
        }
        auto const why = firstLine(::PQerrorMessage(_connection));
        ::PQfinish(_connection);
        auto error = Error("REPO_UNREACHABLE", "could not connect to \"" + _target.name() + "\": " + why,
                           ExitCode::Backend);
        if (why.find("password") != std::string::npos)
            error.hint(
                "give it in ~/.lsst/db-auth.yaml (LSST_DB_AUTH) or ~/.pgpass; see dbb(7), ENVIRONMENT");
        throw error;
    }

    /// Send all statements before the answer to the first is read. \return their results; the first that
    /// failed is the last one that says anything
    std::vector<Result> pipelined(std::vector<Asked> const &all) {
        std::vector<Result> out;
        bool sent = ::PQenterPipelineMode(_connection) == 1;
        for (auto const &one : all) {
            auto const text = numbered(one.text).first;
            std::vector<std::optional<std::string>> texts;
            std::vector<char const *> values;
            for (auto const &value : one.parameters) texts.push_back(textOf(value));
            for (auto const &value : texts) values.push_back(value ? value->c_str() : nullptr);
            sent = sent
                   && ::PQsendQueryParams(_connection, text.c_str(), static_cast<int>(values.size()), nullptr,
                                          values.data(), nullptr, nullptr, 0)
                          == 1;
        }
        sent = sent && ::PQpipelineSync(_connection) == 1;
        while (sent && out.size() < all.size()) {
            auto *const result = ::PQgetResult(_connection);
            if (!result && ::PQstatus(_connection) != CONNECTION_OK) break;
            if (!result) continue; // the end of what one statement gives
            if (::PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
                ::PQclear(result);
                break;
            }
            out.push_back(owned(result));
        }
        // What is left: the end of the last statement, and the sync.
        for (bool open = sent; open && ::PQstatus(_connection) == CONNECTION_OK;) {
            auto *const result = ::PQgetResult(_connection);
            open = !result || ::PQresultStatus(result) != PGRES_PIPELINE_SYNC;
            ::PQclear(result);
        }
        if (out.size() < all.size() || ::PQexitPipelineMode(_connection) != 1) {
            throw Error("REPO_UNREACHABLE",
                        "could not use \"" + _target.name()
                            + "\": " + firstLine(::PQerrorMessage(_connection)),
                        ExitCode::Backend);
        }
        return out;
    }

    void start(std::string const &text) { check(owned(::PQexec(_connection, text.c_str()))); }

    /// The schema as a SQL expression: who names it and who comes to it by default share one lock.
    std::string lockName() const {
        if (_target.schema.empty()) return "coalesce(current_schema(), '')";
        std::unique_ptr<char, decltype(&::PQfreemem)> const literal(
            ::PQescapeLiteral(_connection, _target.schema.c_str(), _target.schema.size()), &::PQfreemem);
        return literal ? literal.get() : "''";
    }

    std::string setSchema() const {
        return _target.schema.empty() ? std::string()
                                      : "SET LOCAL search_path = " + quoteIdentifier(_target.schema) + "; ";
    }

    /// The schema is a setting of a transaction: one of the connection would be lost, or be met by others,
    /// behind a pooler. \return the action's result
    template<typename F>
    Result inSchema(F const &action) {
        if (_target.schema.empty() || inTransaction()) return action();
        start("BEGIN; " + setSchema());
        try {
            auto out = action();
            start("COMMIT");
            return out;
        } catch (...) {
            owned(::PQexec(_connection, "ROLLBACK"));
            throw;
        }
    }

    Result check(Result result) {
        auto const status = ::PQresultStatus(result.get());
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
            return result;
        auto error = translated(result.get(), _target.name());
        goBackAfterError();
        throw error;
    }

    PostgresTarget _target;
    std::chrono::milliseconds _timeout;
    std::vector<bool>
        _savepoints; ///< of a transaction that writes, its begin first: whether a statement failed
    PGconn *_connection = nullptr;
};

bool PostgresStatement::step() {
    if (!_rows) {
        _result = _db.run(_text, _parameters);
        _rows = _result.get();
    }
    return ++_row < ::PQntuples(_rows);
}

} // namespace

std::string PostgresTarget::name() const {
    return "postgresql://" + (user.empty() ? "" : user + "@") + host + (port.empty() ? "" : ":" + port) + "/"
           + database + (schema.empty() ? "" : " (schema " + schema + ")");
}

std::unique_ptr<Database> openPostgres(PostgresTarget const &target, std::chrono::milliseconds timeout) {
    return std::make_unique<PostgresDatabase>(target, timeout);
}

} // namespace dbb::sql
