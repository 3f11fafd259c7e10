#include "sql/database.h"

#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "common/signals.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace dbb::sql {

namespace {

/// Resets a statement also when an error leaves the loop over its rows.
class ResetGuard {
public:
    explicit ResetGuard(Statement &statement) : _statement(statement) {}
    ~ResetGuard() { _statement.reset(); }
    ResetGuard(ResetGuard const &) = delete;
    ResetGuard &operator=(ResetGuard const &) = delete;

private:
    Statement &_statement;
};

void bindAll(Statement &statement, std::vector<Value> const &parameters) {
    int index = 0;
    for (auto const &value : parameters) statement.bind(index++, value);
}

/// Undo something from a destructor. An error there would hide the one that is already on its way, and
/// nothing is lost by it: what is not committed is rolled back by the database when the connection ends.
template<class F>
void undo(F const &action) {
    try {
        action();
    } catch (common::Error const &) {
    }
}

} // namespace

std::int64_t Statement::run(std::vector<Value> const &parameters) {
    ResetGuard const guard(*this);
    bindAll(*this, parameters);
    while (step()) {
    }
    return changes();
}

bool Statement::hasRow(std::vector<Value> const &parameters) {
    ResetGuard const guard(*this);
    bindAll(*this, parameters);
    return step();
}

void Statement::query(std::vector<Value> const &parameters,
                      std::function<void(Statement const &)> const &row) {
    ResetGuard const guard(*this);
    bindAll(*this, parameters);
    while (step()) row(*this);
}

std::int64_t Statement::integer(int index) const {
    auto const value = column(index);
    if (auto const *i = std::get_if<std::int64_t>(&value)) return *i;
    if (auto const *b = std::get_if<bool>(&value)) return *b ? 1 : 0;
    if (auto const *d = std::get_if<double>(&value)) return static_cast<std::int64_t>(*d);
    return 0;
}

std::string Statement::text(int index) const {
    auto value = column(index);
    if (auto *s = std::get_if<std::string>(&value)) return std::move(*s);
    if (auto const *i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
    return {};
}

bool Statement::isNull(int index) const {
    return std::holds_alternative<std::monostate>(column(index));
}

Statement &Database::cached(std::string const &text) {
    auto &entry = _cache[text];
    if (entry) {
        entry->reset();
    } else {
        entry = prepare(text);
    }
    return *entry;
}

void Database::askTogether(std::vector<Asked> &asked, std::size_t &failed) {
    for (failed = 0; failed < asked.size(); ++failed) {
        auto &one = asked[failed];
        auto &statement = cached(one.text);
        if (one.row) {
            statement.query(one.parameters, one.row);
        } else {
            one.changed = statement.run(one.parameters);
        }
    }
}

std::vector<std::int64_t> Database::insertTogether(std::vector<RowsInsert> const &inserts,
                                                   FailedRow &failed) {
    std::vector<std::int64_t> out(inserts.size());
    for (failed.insert = 0; failed.insert < inserts.size(); ++failed.insert) {
        auto const &one = inserts[failed.insert];
        if (one.rows.empty()) continue;
        auto &insert = cached(one.into + " VALUES " + marks(one.rows.front().size()) + " " + one.conflict);
        for (failed.row = 0; failed.row < one.rows.size(); ++failed.row)
            out[failed.insert] += insert.run(one.rows[failed.row]);
    }
    return out;
}

std::string Database::marks(std::size_t count) {
    std::string out = "(";
    for (std::size_t i = 0; i < count; ++i) out += i == 0 ? "?" : ", ?";
    return out + ")";
}

std::string Database::quotedNames(std::vector<std::string> const &names) {
    std::string out;
    for (auto const &name : names) out += (out.empty() ? "" : ", ") + quoteIdentifier(name);
    return out;
}

std::string Database::definition(TemporaryTable const &table) {
    auto out = quoteIdentifier(table.name) + " (";
    for (auto const &column : table.columns)
        out += (out.ends_with('(') ? "" : ", ") + quoteIdentifier(column.name) + " " + column.type;
    return out + ")";
}

void Database::clearCache() {
    _cache.clear();
}

bool Database::hasTable(std::string const &name) {
    auto const text = dialect() == Dialect::Sqlite
                          ? "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
                          : "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?";
    return cached(text).hasRow({name});
}

Transaction::Transaction(Database &db, Writing writing) : _db(db) {
    _db.begin(writing);
}

Transaction::~Transaction() {
    // The database may have rolled back by itself already, for example when its disk is full.
    if (_open && _db.inTransaction()) undo([&] { _db.rollback(); });
}

void Transaction::commit() {
    _db.commit();
    _open = false;
}

ReadTransaction::~ReadTransaction() {
    try {
        if (_db.inTransaction()) _db.rollback();
    } catch (common::Error const &) {
        // Nothing was written; the connection ends what is left.
    }
}

Savepoint::Savepoint(Database &db) : _db(db) {
    _db.savepoint();
}

Savepoint::~Savepoint() {
    if (_open && _db.inTransaction()) undo([&] { _db.rollbackToSavepoint(); });
}

void Savepoint::release() {
    _db.releaseSavepoint();
    _open = false;
}

namespace {

std::chrono::milliseconds durationOf(char const *variable, double fallbackSeconds) {
    auto const given = common::environmentValue(variable);
    double const seconds = given.empty() ? fallbackSeconds : common::parseDuration(given, variable);
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

} // namespace

std::chrono::milliseconds busyTimeout() {
    return durationOf("DBB_BUSY_TIMEOUT", 300);
}

std::chrono::milliseconds statementTimeout() {
    return durationOf("DBB_STATEMENT_TIMEOUT", 600);
}

std::chrono::milliseconds reconnectTime() {
    return durationOf("DBB_RECONNECT_TIMEOUT", 60);
}

void repeating(std::function<void()> const &action) {
    using Clock = std::chrono::steady_clock;
    using std::chrono::milliseconds;
    auto const start = Clock::now();
    std::optional<Clock::time_point> lost;
    for (auto wait = milliseconds(20);; wait = std::min(2 * wait, milliseconds(1000))) {
        try {
            return action();
        } catch (common::Error const &e) {
            auto const now = Clock::now();
            bool const unreachable = e.code() == "REPO_UNREACHABLE";
            if (unreachable && !lost) lost = now;
            bool const over = unreachable ? now - *lost >= reconnectTime() : now - start >= busyTimeout();
            if ((!unreachable && e.code() != "REPO_LOCKED") || over || common::stopSignal() != 0) throw;
        }
        std::this_thread::sleep_for(wait);
    }
}

namespace {

std::string between(char mark, std::string_view text) {
    std::string out(1, mark);
    for (char const c : text) {
        if (c == mark) out += mark;
        out += c;
    }
    return out + mark;
}

} // namespace

std::string quoteIdentifier(std::string_view name) {
    return between('"', name);
}

std::string quoteText(std::string_view text) {
    return between('\'', text);
}

} // namespace dbb::sql
