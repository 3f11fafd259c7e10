#include "sql/postgres_connection.h"

#include "common/log.h"
#include "common/signals.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <poll.h>
#include <random>
#include <thread>

namespace dbb::sql {

using common::Error;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds connectTime(30'000);
constexpr milliseconds shortestTry(1'000);
/// How often a wait looks whether this program is asked to stop.
constexpr milliseconds slice(200);
/// What is in hand then may come to its end, before it is cancelled.
constexpr milliseconds graceAfterStop(2'000);
constexpr milliseconds firstPause(100);
constexpr milliseconds longestPause(5'000);

/// Wait until a socket is ready. \return what it is ready for, 0 after a slice of time or a signal
short ready(int socket, int events) {
    pollfd p{.fd = socket, .events = static_cast<short>(events), .revents = 0};
    return ::poll(&p, 1, static_cast<int>(slice.count())) > 0 ? p.revents : short{0};
}

/// Whether a server says that it is there, but not yet or not any more for us; in its words, which have no
/// SQLSTATE at this point.
bool isBetweenTimes(std::string const &why) {
    constexpr std::array words{"starting up", "shutting down", "recovery"};
    return std::any_of(words.begin(), words.end(),
                       [&](char const *w) { return why.find(w) != std::string::npos; });
}

/// Pauses differ, so that programs that lost the same server do not come back at once.
void pause(milliseconds most) {
    static thread_local std::mt19937 random{std::random_device{}()};
    auto const part = std::uniform_real_distribution<>(0.5, 1.0)(random);
    auto const end = std::chrono::steady_clock::now() + std::chrono::duration_cast<milliseconds>(most * part);
    while (std::chrono::steady_clock::now() < end && common::stopSignal() == 0)
        std::this_thread::sleep_for(
            std::min<std::chrono::nanoseconds>(slice, end - std::chrono::steady_clock::now()));
}

} // namespace

PostgresConnection::PostgresConnection(PostgresTarget const &target, milliseconds wait)
    : _target(target), _wait(wait) {
    auto const why = connect(std::clamp(reconnectTime(), shortestTry, connectTime));
    if (isBetweenTimes(why)) reconnect();
    if (!lost()) return;
    auto error = unreachable("connect to", _target.name(), why);
    if (why.find("password") != std::string::npos)
        error.hint("give it in ~/.lsst/db-auth.yaml (LSST_DB_AUTH) or ~/.pgpass; see dbb(7), ENVIRONMENT");
    throw error;
}

PostgresConnection::~PostgresConnection() {
    close();
}

void PostgresConnection::close() {
    ::PQfinish(_handle);
    _handle = nullptr;
}

/// One try. \return why it failed, empty when it did not
std::string PostgresConnection::connect(milliseconds time) {
    close();
    // A peer that is gone without a word is noticed by TCP.
    std::array<std::array<char const *, 2>, 12> const options{{{"host", _target.host.c_str()},
                                                               {"port", _target.port.c_str()},
                                                               {"dbname", _target.database.c_str()},
                                                               {"user", _target.user.c_str()},
                                                               {"password", _target.password.c_str()},
                                                               {"application_name", "dbb"},
                                                               {"client_encoding", "UTF8"},
                                                               {"keepalives_idle", "30"},
                                                               {"keepalives_interval", "10"},
                                                               {"keepalives_count", "3"},
                                                               {"tcp_user_timeout", "90000"},
                                                               {nullptr, nullptr}}};
    std::array<char const *, options.size()> names{};
    std::array<char const *, options.size()> values{};
    for (std::size_t i = 0; i < options.size(); ++i) {
        names[i] = options[i][0];
        values[i] = options[i][1];
    }
    auto const deadline = Clock::now() + time;
    _handle = ::PQconnectStartParams(names.data(), values.data(), 0);
    std::string why;
    auto state = PGRES_POLLING_WRITING;
    while (::PQstatus(_handle) != CONNECTION_BAD) {
        bool const over = Clock::now() > deadline;
        if (over || common::stopSignal() != 0) why = over ? "it does not answer" : "asked to stop";
        if (!why.empty()) break;
        if (ready(::PQsocket(_handle), state == PGRES_POLLING_READING ? POLLIN : POLLOUT) == 0) continue;
        state = ::PQconnectPoll(_handle);
        if (state == PGRES_POLLING_FAILED) break;
        if (state != PGRES_POLLING_OK) continue;
        ::PQsetNoticeProcessor(
            _handle, [](void *, char const *) {}, nullptr);
        // Else it would not read answers while it sends, and both sides could wait for each other.
        ::PQsetnonblocking(_handle, 1);
        return {};
    }
    if (why.empty()) why = firstLine(::PQerrorMessage(_handle));
    close();
    return why;
}

void PostgresConnection::reconnect() {
    auto const start = Clock::now();
    auto const time = reconnectTime();
    auto const name = _target.name();
    common::log::warning("lost the connection to \"" + name + "\", connecting again");
    std::string why = "it is not tried again";
    auto wait = firstPause;
    for (auto left = time; left.count() > 0 && common::stopSignal() == 0;
         wait = std::min(2 * wait, longestPause)) {
        pause(std::min(wait, left));
        if (why = connect(std::min(connectTime, left)); why.empty()) break;
        left = time - std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    }
    if (lost()) {
        throw unreachable("connect to", name, why)
            .hint("it was tried for " + std::to_string(time.count() / 1000)
                  + " s (DBB_RECONNECT_TIMEOUT); look whether the server runs, then run this again");
    }
    std::chrono::duration<double> const seconds = Clock::now() - start;
    common::log::warning("connected to \"" + name + "\" again after "
                         + std::to_string(std::lround(seconds.count())) + " s");
}

void PostgresConnection::startClock() {
    _deadline = Clock::now() + _wait;
    _cancelled = false;
}

/// Until the next result can be had without waiting, or the connection has ended.
void PostgresConnection::await() {
    while (!lost()) {
        int const unsent = ::PQflush(_handle);
        if (unsent < 0 || (unsent == 0 && ::PQisBusy(_handle) == 0)) return;
        int const events = ready(::PQsocket(_handle), POLLIN | (unsent > 0 ? POLLOUT : 0));
        if (events == 0) {
            giveUpWhenDue();
        } else if ((events & ~POLLOUT) != 0 && ::PQconsumeInput(_handle) == 0) {
            return;
        }
    }
}

void PostgresConnection::giveUpWhenDue() {
    auto const now = Clock::now();
    if (common::stopSignal() != 0 && !_cancelled) {
        if (_stopSeen == Clock::time_point{}) _stopSeen = now;
        if (now - _stopSeen > graceAfterStop) cancel();
        _cancelled = now - _stopSeen > graceAfterStop;
    }
    if (now < _deadline) return;
    close();
    throw unreachable("use", _target.name(),
                      "it has not answered for " + std::to_string(_wait.count() / 1000) + " s")
        .hint("look at the network and at pg_stat_activity; how long it may take: DBB_STATEMENT_TIMEOUT");
}

void PostgresConnection::cancel() const {
    std::unique_ptr<PGcancel, decltype(&::PQfreeCancel)> const handle(::PQgetCancel(_handle),
                                                                      &::PQfreeCancel);
    std::array<char, 256> ignored{};
    if (handle) ::PQcancel(handle.get(), ignored.data(), ignored.size());
}

PGresult *PostgresConnection::next() {
    await();
    return ::PQgetResult(_handle);
}

Result PostgresConnection::run(std::string const &script) {
    startClock();
    auto out = owned(nullptr);
    bool failed = ::PQsendQuery(_handle, script.c_str()) != 1;
    while (!failed || out == nullptr) {
        auto *const result = failed ? nullptr : next();
        if (!result) break;
        failed = ::PQresultStatus(result) == PGRES_FATAL_ERROR;
        out = owned(result);
    }
    return drained(std::move(out));
}

/// Read to the end of what a statement gives, without which nothing else can be sent.
Result PostgresConnection::drained(Result result) {
    if (!result) throw unreachable("use", _target.name(), firstLine(::PQerrorMessage(_handle)));
    while (auto *const rest = next()) ::PQclear(rest);
    return result;
}

Result PostgresConnection::copy(std::string const &statement,
                                std::function<void(SendRows const &)> const &rows) {
    startClock();
    if (::PQsendQuery(_handle, statement.c_str()) != 1) return drained(owned(nullptr));
    auto out = owned(next());
    if (!out || ::PQresultStatus(out.get()) != PGRES_COPY_IN) return drained(std::move(out));
    bool sent = true;
    rows([&](std::string_view text) {
        sent = sent && !lost() && ::PQputCopyData(_handle, text.data(), static_cast<int>(text.size())) == 1;
        if (sent) await();
    });
    // Rows that could not be sent must not be missing unnoticed.
    ::PQputCopyEnd(_handle, sent ? nullptr : "rows are missing");
    return drained(owned(next()));
}

std::vector<Result> PostgresConnection::pipelined(std::vector<Query> const &queries) {
    startClock();
    std::vector<Result> out;
    bool sent = ::PQenterPipelineMode(_handle) == 1;
    for (auto const &query : queries) {
        std::vector<char const *> values;
        for (auto const &value : query.values) values.push_back(value ? value->c_str() : nullptr);
        // Unnamed, since a pooler may send the next statement over another connection.
        sent = sent
               && ::PQsendQueryParams(_handle, query.text.c_str(), static_cast<int>(values.size()), nullptr,
                                      values.data(), nullptr, nullptr, 0)
                      == 1;
    }
    bool open = sent && ::PQpipelineSync(_handle) == 1;
    while (open) {
        auto *const result = next();
        if (!result) { // the end of what one statement gives
            open = !lost();
            continue;
        }
        open = ::PQresultStatus(result) != PGRES_PIPELINE_SYNC;
        if (open) {
            out.push_back(owned(result));
        } else {
            ::PQclear(result);
        }
    }
    if (out.size() < queries.size() || ::PQexitPipelineMode(_handle) != 1)
        throw unreachable("use", _target.name(), firstLine(::PQerrorMessage(_handle)));
    return out;
}

} // namespace dbb::sql
