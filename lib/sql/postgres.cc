#include "common/error.h"
#include "sql/database.h"
#include "sql/postgres_connection.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace dbb::sql {

using common::Error;
using common::ExitCode;
using std::chrono::milliseconds;

namespace {

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

/// How long a transaction that is not patient waits for a row of others: less than the second after which a
/// server looks for a deadlock.
constexpr milliseconds rowWait(400);
/// How often a question is put again to a server that lets us in and then ends the connection.
constexpr int mostTries = 5;

class PostgresDatabase : public Database {
public:
    PostgresDatabase(PostgresTarget target, milliseconds lockTime)
        : _target(std::move(target)), _lockTime(lockTime), _statementTime(statementTimeout()),
          _connection(_target, longestAnswer()) {}

    ~PostgresDatabase() override { clearCache(); }
    PostgresDatabase(PostgresDatabase const &) = delete;
    PostgresDatabase &operator=(PostgresDatabase const &) = delete;

    Dialect dialect() const override { return Dialect::Postgres; }

    std::unique_ptr<Statement> prepare(std::string const &text) override {
        return std::make_unique<PostgresStatement>(*this, text);
    }

    void execute(std::string const &text) override {
        if (inTransaction()) {
            if (!_toBegin.empty()) ask({});
            check(_connection.run(text));
            return;
        }
        untilConnected([&] {
            pipelined({{"BEGIN"}, settings()}, {}, {}, nullptr);
            check(_connection.run(text + "; COMMIT"));
        });
    }

    Result run(std::string const &text, std::vector<std::optional<std::string>> const &parameters) {
        auto results = ask({Query{text, parameters}});
        return std::move(results.front());
    }

    void useMemoryForCommits() override {}

    void begin(Writing writing) override {
        auto const rows = writing.patient ? _lockTime : std::min(rowWait, _lockTime);
        // Rows are looked for by keys; a server that has not counted a table yet would read all of it, and
        // keep to that plan for the checks of foreign keys until the connection ends. A scan that is not to
        // be looks so dear that the server would compile the statement.
        std::vector<Query> const begin{
            {"BEGIN"},
            settings(),
            {std::string("SELECT pg_advisory_xact_lock") + (writing.alone ? "" : "_shared")
             + "(hashtext('dbb'), hashtext(coalesce(current_schema(), '')))"},
            {"SELECT set_config('lock_timeout', $1, true), set_config('enable_seqscan', 'off', true), "
             "set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)",
             {inMs(rows)}},
            {"SAVEPOINT dbb"}};
        auto const prepare = [&] {
            _toBegin = begin;
            _savepoints = {false};
        };
        if (!writing.patient) {
            // Who is ready to repeat a transaction need not wait for its begin: it goes with what is asked
            // first.
            if (_connection.lost()) _connection.reconnect();
            return prepare();
        }
        untilConnected([&] {
            prepare();
            ask({});
        });
    }
    void beginRead() override {
        untilConnected([&] {
            pipelined({{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}, settings()}, {}, {}, nullptr);
        });
    }
    void commit() override {
        requireSound();
        if (!_toBegin.empty()) return forgetTransaction();
        try {
            auto const result = check(_connection.run("COMMIT"));
            _savepoints.clear();
            // COMMIT of a transaction that has failed is a ROLLBACK, and no error.
            if (std::string_view(::PQcmdStatus(result.get())) == "COMMIT") return;
        } catch (Error const &e) {
            if (!_connection.lost()) throw;
            throw e.saying(e.message()
                           + " (during a commit: whether it was kept will show when this is run again)");
        }
        throw Error("DB_ERROR", "\"" + _target.name() + "\" took the transaction back", ExitCode::Backend);
    }
    void rollback() override {
        bool const begun = _toBegin.empty();
        forgetTransaction();
        if (begun) check(_connection.run("ROLLBACK"));
    }
    bool inTransaction() const override {
        auto const status = _connection.transaction();
        return !_toBegin.empty() || status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
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
        if (asked.empty()) return;
        std::vector<Query> queries;
        for (auto const &one : asked) {
            queries.push_back({numbered(one.text).first, {}});
            for (auto const &value : one.parameters) queries.back().values.push_back(textOf(value));
        }
        auto const results = ask(queries, &failed);
        for (std::size_t i = 0; i < asked.size(); ++i) {
            PostgresStatement statement(*this, results[i].get());
            asked[i].changed = statement.changed();
            while (asked[i].row && statement.step()) asked[i].row(statement);
        }
    }

    std::vector<std::int64_t> insertTogether(std::vector<RowsInsert> const &inserts,
                                             FailedRow &failed) override {
        std::vector<Asked> asked;
        for (auto const &insert : inserts) asked.push_back(asStatement(insert));
        std::size_t at = 0;
        try {
            askTogether(asked, at);
        } catch (Error const &) {
            if (at < inserts.size()) failed = {at, inserts[at].rows.size()};
            throw;
        }
        std::vector<std::int64_t> out;
        for (auto const &one : asked) out.push_back(one.changed);
        return out;
    }

    void fill(TemporaryTable const &table, std::function<void(RowSink &)> const &rows) override {
        // Behind a pooler the connection may be another's next: the table must not outlive the transaction.
        auto const name = "pg_temp." + quoteIdentifier(table.name);
        execute("DROP TABLE IF EXISTS " + name + "; CREATE TEMP TABLE " + definition(table)
                + " ON COMMIT DROP");
        copy("COPY " + name + " FROM STDIN", table.columns.size(), rows);
    }
    void insertRows(std::string const &table, std::vector<std::string> const &columns,
                    std::function<void(RowSink &)> const &rows) override {
        if (!_toBegin.empty()) ask({});
        copy("COPY " + quoteIdentifier(table) + " (" + quotedNames(columns) + ") FROM STDIN", columns.size(),
             rows);
    }

    Value nextKey(std::string const &sequence) override {
        std::int64_t out = 0;
        cached("SELECT nextval(?::regclass)").query({quoteIdentifier(sequence)}, [&](Statement const &row) {
            out = row.integer(0);
        });
        return out;
    }

private:
    void copy(std::string const &statement, std::size_t columns, std::function<void(RowSink &)> const &rows) {
        check(_connection.copy(statement, [&](PostgresConnection::SendRows const &send) {
            CopyText text(columns, send);
            rows(text);
            text.finish();
        }));
    }

    static std::string inMs(milliseconds time) { return std::to_string(time.count()); }

    void forgetTransaction() {
        _toBegin.clear();
        _savepoints.clear();
    }

    /// The settings of a transaction. They are its own: those of a connection would be lost, or be met by
    /// others, behind a pooler.
    Query settings() const {
        Query out{"SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)",
                  {inMs(_lockTime), inMs(_statementTime)}};
        if (_target.schema.empty()) return out;
        out.text += ", set_config('search_path', $3, true)";
        out.values.emplace_back(quoteIdentifier(_target.schema));
        return out;
    }

    /// How long an answer may take with all that the server itself sets an end to.
    milliseconds longestAnswer() const {
        return std::max(_lockTime, _statementTime) + std::min(_statementTime, milliseconds(30'000));
    }

    /// Do what begins or is a transaction; once more, and connected anew, when the connection is lost
    /// meanwhile: nothing of it is kept then.
    template<typename F>
    void untilConnected(F const &action) {
        for (int tries = 1;; ++tries) {
            _savepoints.clear(); // of a transaction that was lost
            try {
                return action();
            } catch (Error const &) {
                if (!_connection.lost()) goBackAfterError();
                if (!_connection.lost() || tries == mostTries) throw;
            }
            _connection.reconnect();
        }
    }

    /// Statements in one round trip, behind the begin of their transaction if that is due; outside of a
    /// transaction they are one.
    /// \param failed  set to the number of the one that an error is about
    std::vector<Result> ask(std::vector<Query> const &queries, std::size_t *failed = nullptr) {
        if (inTransaction()) return pipelined(std::exchange(_toBegin, {}), queries, {}, failed);
        std::vector<Result> out;
        untilConnected([&] { out = pipelined({{"BEGIN"}, settings()}, queries, {{"COMMIT"}}, failed); });
        return out;
    }

    /// \param before,after  what is said around the queries \return the results of these
    std::vector<Result> pipelined(std::vector<Query> before, std::vector<Query> const &queries,
                                  std::vector<Query> const &after, std::size_t *failed) {
        auto const first = static_cast<std::ptrdiff_t>(before.size());
        before.insert(before.end(), queries.begin(), queries.end());
        before.insert(before.end(), after.begin(), after.end());
        auto results = _connection.pipelined(before);
        auto const bad = std::find_if(results.begin(), results.end(),
                                      [](Result const &result) { return !isGood(result.get()); });
        if (bad != results.end()) {
            auto const at = bad - results.begin() - first;
            if (failed) *failed = static_cast<std::size_t>(std::max<std::ptrdiff_t>(at, 0));
            // Without its begin there is nothing to go back to.
            if (at < 0) _savepoints.clear();
            fail(bad->get());
        }
        results.erase(results.end() - static_cast<std::ptrdiff_t>(after.size()), results.end());
        results.erase(results.begin(), results.begin() + first);
        return results;
    }

    static bool isGood(PGresult const *result) {
        auto const status = ::PQresultStatus(result);
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
    }

    Result check(Result result) {
        if (!isGood(result.get())) fail(result.get());
        return result;
    }

    [[noreturn]] void fail(PGresult const *result) {
        auto error = translated(result, _target.name());
        goBackAfterError();
        throw error;
    }

    /// A server refuses everything after an error until one goes back. Callers want to look why it happened,
    /// and then give up what they were at; so that they can't commit instead, it is remembered.
    void goBackAfterError() {
        if (_connection.transaction() != PQTRANS_INERROR) return;
        _connection.run(_savepoints.empty() ? "ROLLBACK" : "ROLLBACK TO dbb");
        if (!_savepoints.empty()) _savepoints.back() = true;
    }

    void requireSound() const {
        if (_savepoints.empty() || !_savepoints.back()) return;
        throw Error("DB_ERROR",
                    "a statement failed, so that nothing of its transaction in \"" + _target.name()
                        + "\" can be kept",
                    ExitCode::Backend);
    }

    PostgresTarget _target;
    milliseconds _lockTime;
    milliseconds _statementTime;
    PostgresConnection _connection;
    std::vector<Query> _toBegin; ///< a transaction that begins with what is asked first
    std::vector<bool>
        _savepoints; ///< of a transaction that writes, its begin first: whether a statement failed
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
