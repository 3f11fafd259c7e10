#include "sql/database.h"

#include "common/error.h"
#include "common/file.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

using namespace dbb;
using sql::OpenMode;
using sql::Statement;
using sql::Value;

namespace {

std::string const memory = ":memory:";

struct File {
    std::string path =
        (std::filesystem::temp_directory_path() / ("dbb-sql-" + std::to_string(::getpid()))).string();
    File() { ::unlink(path.c_str()); }
    ~File() { ::unlink(path.c_str()); }
};

template<class F>
std::string codeOf(F const &action) {
    try {
        action();
    } catch (common::Error const &e) {
        return e.code() + " " + std::to_string(static_cast<int>(e.exitCode()));
    }
    return "none";
}

std::int64_t count(sql::Database &db) {
    std::int64_t out = -1;
    db.cached("SELECT count(*) FROM t").query({}, [&](Statement const &row) { out = row.integer(0); });
    return out;
}

} // namespace

TEST_CASE("values come back as they were bound", "[sql]") {
    auto const db = sql::openSqlite(memory, OpenMode::Create);
    db->execute("CREATE TABLE t (i BIGINT, f FLOAT, s TEXT, b BOOLEAN, n TEXT)");
    std::string const text("a\0b \xC3\xA9 '\"", 9);
    auto &insert = db->cached("INSERT INTO t VALUES (?, ?, ?, ?, ?)");
    CHECK(insert.run({std::int64_t{9007199254740993}, 0.1 + 0.2, text, true, std::monostate{}}) == 1);
    int rows = 0;
    db->cached("SELECT * FROM t").query({}, [&](Statement const &row) {
        ++rows;
        CHECK(row.columnCount() == 5);
        CHECK(row.columnName(1) == "f");
        CHECK(row.column(0) == Value(std::int64_t{9007199254740993}));
        CHECK(row.column(1) == Value(0.1 + 0.2));
        CHECK(row.column(2) == Value(text));
        CHECK(row.column(3) == Value(std::int64_t{1}));
        CHECK(row.isNull(4));
    });
    CHECK(rows == 1);
}

TEST_CASE("a statement is compiled once and can be run again after an error", "[sql]") {
    auto const db = sql::openSqlite(memory, OpenMode::Create);
    db->execute("CREATE TABLE t (i INTEGER NOT NULL PRIMARY KEY)");
    auto &first = db->cached("INSERT INTO t VALUES (?)");
    CHECK(&first == &db->cached("INSERT INTO t VALUES (?)"));
    CHECK(first.run({std::int64_t{1}}) == 1);
    CHECK(codeOf([&] { first.run({std::int64_t{1}}); }) == "CONSTRAINT 1");
    CHECK(first.run({std::int64_t{2}}) == 1);
    CHECK(count(*db) == 2);
}

TEST_CASE("constraint errors name what was violated", "[sql]") {
    auto const db = sql::openSqlite(memory, OpenMode::Create);
    db->execute("CREATE TABLE t (a TEXT, b TEXT, CONSTRAINT t_len_a CHECK (length(a) <= 2), UNIQUE (a, b));"
                "CREATE TABLE u (a TEXT PRIMARY KEY REFERENCES v (a)); CREATE TABLE v (a TEXT PRIMARY KEY)");
    auto causeOf = [&](char const *statement) -> std::string {
        try {
            db->execute(statement);
        } catch (common::Error const &e) {
            return e.cause().column;
        }
        return "none";
    };
    db->execute("INSERT INTO t VALUES ('x', 'y')");
    CHECK(causeOf("INSERT INTO t VALUES ('x', 'y')") == "t.a, t.b");
    CHECK(causeOf("INSERT INTO t VALUES ('xyz', 'y')") == "t_len_a");
    CHECK(codeOf([&] { db->execute("INSERT INTO u VALUES ('x')"); })
          == "CONSTRAINT 1"); // foreign keys are on
}

TEST_CASE("what is not committed is undone", "[sql]") {
    auto const db = sql::openSqlite(memory, OpenMode::Create);
    db->execute("CREATE TABLE t (i INTEGER)");
    {
        sql::Transaction transaction(*db);
        db->execute("INSERT INTO t VALUES (1)");
        CHECK(db->inTransaction());
    }
    CHECK_FALSE(db->inTransaction());
    CHECK(count(*db) == 0);

    sql::Transaction transaction(*db);
    db->execute("INSERT INTO t VALUES (1)");
    {
        sql::Savepoint outer(*db);
        db->execute("INSERT INTO t VALUES (2)");
        {
            sql::Savepoint inner(*db);
            db->execute("INSERT INTO t VALUES (3)");
        }
        CHECK(count(*db) == 2);
        {
            sql::Savepoint inner(*db);
            db->execute("INSERT INTO t VALUES (4)");
            inner.release();
        }
        CHECK(count(*db) == 3);
    }
    CHECK(count(*db) == 1);
    transaction.commit();
    CHECK(count(*db) == 1);
}

TEST_CASE("an error inside a savepoint leaves the transaction usable", "[sql]") {
    auto const db = sql::openSqlite(memory, OpenMode::Create);
    db->execute("CREATE TABLE t (i INTEGER PRIMARY KEY)");
    sql::Transaction transaction(*db);
    db->execute("INSERT INTO t VALUES (1)");
    CHECK(codeOf([&] {
              sql::Savepoint savepoint(*db);
              db->execute("INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)");
              savepoint.release();
          })
          == "CONSTRAINT 1");
    transaction.commit();
    CHECK(count(*db) == 1);
}

TEST_CASE("a second writer waits for the first and gives up after its time-out", "[sql]") {
    File const file;
    auto const first = sql::openSqlite(file.path, OpenMode::Create);
    first->execute("CREATE TABLE t (i INTEGER)");
    auto const second = sql::openSqlite(file.path, OpenMode::ReadWrite, std::chrono::milliseconds(30));
    sql::Transaction transaction(*first);
    CHECK(codeOf([&] { sql::Transaction other(*second); }) == "REPO_LOCKED 75");
    CHECK(count(*second) == 0); // reading goes on
    transaction.commit();
    CHECK_NOTHROW(sql::Transaction(*second));
}

TEST_CASE("the time-out comes from the environment", "[sql]") {
    CHECK(sql::busyTimeout() == std::chrono::seconds(300));
    ::setenv("DBB_BUSY_TIMEOUT", "1.5s", 1);
    CHECK(sql::busyTimeout() == std::chrono::milliseconds(1500));
    ::setenv("DBB_BUSY_TIMEOUT", "soon", 1);
    CHECK(codeOf([] { sql::busyTimeout(); }) == "USAGE 2");
    ::unsetenv("DBB_BUSY_TIMEOUT");
}

TEST_CASE("files that are no database, or not there, are told apart", "[sql]") {
    File const file;
    CHECK(codeOf([&] { sql::openSqlite(file.path, OpenMode::ReadOnly); }) == "NOT_FOUND 1");
    CHECK(codeOf([&] { sql::openSqlite(file.path, OpenMode::ReadWrite); }) == "NOT_FOUND 1");
    common::writeFileDurably(file.path, std::string(4096, 'x'));
    CHECK(codeOf([&] { sql::openSqlite(file.path, OpenMode::ReadOnly); }) == "REPO_DAMAGED 5");
}

TEST_CASE("a damaged page is reported as damage", "[sql]") {
    File const file;
    {
        auto const db = sql::openSqlite(file.path, OpenMode::Create);
        db->execute("CREATE TABLE t (i TEXT)");
        for (int i = 0; i < 500; ++i) db->execute("INSERT INTO t VALUES ('some text to fill the page with')");
    }
    common::UniqueFd const fd(::open(file.path.c_str(), O_WRONLY));
    std::string const garbage(20000, 'x');
    CHECK(::pwrite(fd.get(), garbage.data(), garbage.size(), 4096) == 20000);
    auto const db = sql::openSqlite(file.path, OpenMode::ReadOnly);
    CHECK(codeOf([&] { count(*db); }) == "REPO_DAMAGED 5");
}

TEST_CASE("tables that are not there or are something else are damage", "[sql]") {
    auto const db = sql::openSqlite(memory, OpenMode::Create);
    db->execute("CREATE TABLE u (i INTEGER); CREATE VIEW t AS SELECT i FROM u");
    CHECK(count(*db) == 0);
    CHECK(codeOf([&] { db->prepare("INSERT INTO t VALUES (1)"); }) == "SCHEMA_DAMAGED 5");
    CHECK(codeOf([&] { db->prepare("SELECT j FROM u"); }) == "SCHEMA_DAMAGED 5");
    db->execute("DROP VIEW t");
    CHECK(codeOf([&] { db->prepare("SELECT count(*) FROM t"); }) == "SCHEMA_DAMAGED 5");
}

TEST_CASE("a database that may only be read says so", "[sql]") {
    auto const db = sql::openSqlite(memory, OpenMode::Create);
    db->execute("CREATE TABLE t (i INTEGER); PRAGMA query_only = ON");
    CHECK(codeOf([&] { db->execute("INSERT INTO t VALUES (1)"); }) == "REPO_READ_ONLY 4");

    File const file;
    sql::openSqlite(file.path, OpenMode::Create)->execute("CREATE TABLE t (i INTEGER)");
    auto const reader = sql::openSqlite(file.path, OpenMode::ReadOnly);
    CHECK(codeOf([&] { reader->execute("INSERT INTO t VALUES (1)"); }) == "REPO_READ_ONLY 4");
}

TEST_CASE("a full disk is reported as one and the transaction ends", "[sql]") {
    File const file;
    auto const db = sql::openSqlite(file.path, OpenMode::Create);
    db->execute("CREATE TABLE t (s TEXT); PRAGMA max_page_count = 4");
    CHECK(codeOf([&] {
              sql::Transaction transaction(*db);
              db->cached("INSERT INTO t VALUES (?)").run({std::string(100000, 'x')});
          })
          == "DISK_FULL 4");
    CHECK_FALSE(db->inTransaction());
}

TEST_CASE("names are quoted in one way", "[sql]") {
    CHECK(sql::quoteIdentifier("group") == "\"group\"");
    CHECK(sql::quoteIdentifier("a\"; DROP TABLE t; --") == "\"a\"\"; DROP TABLE t; --\"");
    auto const db = sql::openSqlite(memory, OpenMode::Create);
    db->execute("CREATE TABLE " + sql::quoteIdentifier("odd \" name") + " (i INTEGER)");
    CHECK(db->hasTable("odd \" name"));
    CHECK_FALSE(db->hasTable("other"));
}
