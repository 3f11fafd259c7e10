#include "efd/window_spool.h"

namespace dbb::efd {

// A database without a name lives in a temporary file, if at all, and goes away with its connection.
WindowSpool::WindowSpool() : _db(sql::openSqlite("", sql::OpenMode::Create)) {
    _db->execute("CREATE TABLE line (n INTEGER PRIMARY KEY, begin_ns INTEGER, id INTEGER, text TEXT)");
    _db->begin();
    _insert = _db->prepare("INSERT INTO line (begin_ns, id, text) VALUES (?, ?, ?)");
}

void WindowSpool::add(std::int64_t begin_ns, std::int64_t id, std::string const &line) {
    _insert->run({begin_ns, id, line});
}

void WindowSpool::forEach(std::function<bool(std::string const &)> const &line) {
    auto const rows = _db->prepare("SELECT text FROM line ORDER BY begin_ns, id, n");
    while (rows->step() && line(rows->text(0))) {
    }
}

} // namespace dbb::efd
