/// \file
/// A connection to a PostgreSQL server: sends, waits for answers no longer than it may, notices that the
/// server is gone, connects again.
#pragma once

#include "sql/postgres_values.h"

#include <chrono>
#include <functional>

namespace dbb::sql {

class PostgresConnection {
public:
    /// Connect. A server that is starting up or shutting down is waited for as long as for one that is lost.
    /// \param wait  how long an answer may take, statements of the server's own time-out included
    /// \throws Error REPO_UNREACHABLE (exit 4)
    PostgresConnection(PostgresTarget const &target, std::chrono::milliseconds wait);
    ~PostgresConnection();
    PostgresConnection(PostgresConnection const &) = delete;
    PostgresConnection &operator=(PostgresConnection const &) = delete;

    /// Run a script of statements separated by semicolons. \return the result of the first that failed, else
    /// of the last \throws Error REPO_UNREACHABLE when the server does not answer in time
    Result run(std::string const &script);

    /// Takes the text of some rows.
    using SendRows = std::function<void(std::string_view)>;
    /// Run `COPY … FROM STDIN` and send it the rows, which the server reads while more are made. \return its
    /// result, also when it failed \throws Error REPO_UNREACHABLE when the server does not answer in time or
    /// the connection ends
    Result copy(std::string const &statement, std::function<void(SendRows const &)> const &rows);

    /// Send all before the answer to the first is read. \return their results; behind one that failed they
    /// say nothing \throws Error REPO_UNREACHABLE when the connection ends meanwhile
    std::vector<Result> pipelined(std::vector<Query> const &queries);

    PGTransactionStatusType transaction() const { return ::PQtransactionStatus(_handle); }
    /// Whether the connection has ended. What its transaction did is taken back by the server, unless it had
    /// been told to commit.
    bool lost() const { return ::PQstatus(_handle) != CONNECTION_OK; }
    /// Connect once more, again and again with growing pauses for as long as reconnectTime().
    /// \throws Error REPO_UNREACHABLE
    void reconnect();

private:
    using Clock = std::chrono::steady_clock;

    void close();
    std::string connect(std::chrono::milliseconds time);
    void startClock();
    void await();
    void giveUpWhenDue();
    void cancel() const;
    PGresult *next();
    Result drained(Result result);

    PostgresTarget const &_target;
    std::chrono::milliseconds _wait;
    Clock::time_point _deadline{};
    Clock::time_point _stopSeen{};
    bool _cancelled = false;
    PGconn *_handle = nullptr;
};

} // namespace dbb::sql
