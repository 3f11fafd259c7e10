/// \file
/// The database that values of telemetry are kept in: where it is, who writes to it, its tables and their
/// version. The tables are explained in dbb-efd-load(1), TABLES.
#pragma once

#include "common/file.h"
#include "sql/database.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace dbb::efd {

/// A table as this version makes it.
struct Table {
    struct Column {
        char const *name;
        char const *type; ///< one that SQLite and PostgreSQL both take
    };
    char const *name;
    std::vector<Column> columns; ///< the first ones are the key
    std::size_t keys;

    std::string key() const; ///< names of the key's columns
    /// What inserts rows of all columns, replacing those with equal keys.
    sql::RowsInsert upsert() const;
};

extern Table const columnTable, valueTable, windowTable, runTable;

/// Names of columns with commas between them, each behind `prefix`.
std::string namesOf(std::span<Table::Column const> columns, std::string const &prefix = "");

/// A SQLite file that is only read, also when a program that wrote to it was killed.
/// \throws Error as openSqlite(), with exit 4
std::unique_ptr<sql::Database> openForReading(std::string const &path, std::string const &hint);

class EfdDatabase {
public:
    /// Read: as it is. Write: made where it is missing, and kept from other runs. Try: as Write, but nothing
    /// of it is kept.
    enum class Access { Read, Write, Try };

    /// \param place  a path, or a URL postgresql://…  \param schema  of PostgreSQL
    /// \throws Error USAGE for a place that can be none; ANOTHER_RUN (exit 75); REPO_UNSUPPORTED (exit 5)
    ///         for tables of others or of a later version, SCHEMA_DAMAGED (exit 5); as openSqlite() and
    ///         openPostgres(), with exit 4
    EfdDatabase(std::string const &place, std::string const &schema, Access access);

    sql::Database &sql() { return *_db; }
    bool isServer() const { return _db->dialect() == sql::Dialect::Postgres; }
    /// For messages.
    std::string const &name() const { return _name; }

    /// Do something in one transaction; see sql::repeating().
    void write(std::function<void()> const &action);

private:
    void openFile(std::string const &path);
    void openServer(std::string const &url, std::string const &schema);
    void lockFile(std::string const &path);
    void requireAlone();
    void requireOwn();
    void makeTables();
    std::vector<std::string> missing();

    Access _access;
    std::string _name;
    std::string _schema;
    common::UniqueFd _lock;
    std::unique_ptr<sql::Database> _db;
};

} // namespace dbb::efd
