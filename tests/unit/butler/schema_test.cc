#include "butler/schema.h"

#include "butler/embedded.h"
#include "butler/table_spec.h"
#include "test_repo.h"

#include <algorithm>
#include <set>

using namespace dbb;
using butler::Universe;
using sql::Dialect;

namespace {

/// Universe of a version and everything that the golden files hold.
std::vector<std::string> allStatements(int version, Dialect dialect) {
    auto const universe = Universe::parse(
        version == 8 ? std::string(butler::embedded::dimensionsJson())
                     : test::data("butler/dimensions-universe" + std::to_string(version) + ".json"));
    auto const raw = universe.group({"instrument", "detector", "exposure"});
    auto const bias = universe.group({"instrument", "detector"});
    std::vector<std::string> out;
    auto add = [&](std::vector<std::string> const &more) { out.insert(out.end(), more.begin(), more.end()); };
    add(butler::staticTables(universe, dialect));
    add(butler::recordsTable("file_datastore_records", dialect));
    add(butler::tagsTable(universe, raw, 1, dialect));
    add(butler::tagsTable(universe, bias, 2, dialect));
    add(butler::calibsTable(universe, bias, 2, dialect));
    return out;
}

std::string replaced(std::string text, std::string const &from, std::string const &to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

/// Statements of a file, cut at semicolons that end lines.
std::vector<std::string> statementsOf(std::string const &text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        auto const end = text.find(";\n", at);
        out.push_back(text.substr(at, end - at));
        at = end == std::string::npos ? text.size() : end + 2;
    }
    return out;
}

struct TableText {
    std::string create;
    std::multiset<std::string> indexes; // in no order, as SQLAlchemy creates them
    bool operator==(TableText const &) const = default;
};

std::vector<TableText> tablesOf(std::vector<std::string> const &statements) {
    std::vector<TableText> out;
    for (auto const &statement : statements) {
        if (statement.starts_with("CREATE TABLE")) {
            out.push_back({statement, {}});
        } else {
            REQUIRE(statement.starts_with("CREATE INDEX"));
            REQUIRE_FALSE(out.empty());
            out.back().indexes.insert(statement);
        }
    }
    return out;
}

/// Text between two marks, to the end when there is no second one.
std::string between(std::string const &text, std::string const &first, std::string const &second) {
    auto const at = text.find(first);
    if (at == std::string::npos) return {};
    auto const start = at + first.size();
    return text.substr(start, text.find(second, start) - start);
}

/// Lines between the parentheses of a CREATE TABLE, without indents and commas.
std::vector<std::string> bodyOf(std::string const &create) {
    std::vector<std::string> out;
    auto const end = create.rfind("\n)");
    for (auto at = create.find('\n') + 1; at < end;) {
        auto const stop = std::min(create.find(",\n", at), end);
        auto const start = create.find_first_not_of(" \t", at);
        out.push_back(create.substr(start, stop - start));
        at = stop + 2;
    }
    return out;
}

/// Facts of a PostgreSQL schema, one a line, from our statements in the spelling of pg_dump.
std::set<std::string> ourFacts(std::vector<std::string> const &statements) {
    std::set<std::string> out;
    for (auto statement : statements) {
        for (auto const &[ours, theirs] : std::vector<std::pair<std::string, std::string>>{
                 {", \n", ",\n"},
                 {"VARCHAR(", "character varying("},
                 {"DOUBLE PRECISION", "double precision"},
                 {"INT8RANGE", "int8range"},
                 {"BIGINT", "bigint"},
                 {"SMALLINT", "smallint"},
                 {"TEXT", "text"},
                 {"BOOLEAN", "boolean"},
                 {"UUID", "uuid"},
                 {"FOREIGN KEY(", "FOREIGN KEY ("},
                 {"\tposition ", "\t\"position\" "},
                 {"(parent, position)", "(parent, \"position\")"}}) {
            statement = replaced(statement, ours, theirs);
        }
        if (!statement.starts_with("CREATE TABLE ")) {
            out.insert(statement);
            continue;
        }
        auto const table = between(statement, "CREATE TABLE ", " (");
        for (auto const &line : bodyOf(statement)) {
            bool const key = line.starts_with("PRIMARY KEY ");
            bool const constraint = line.starts_with("CONSTRAINT ");
            out.insert(table
                       + (key          ? " CONSTRAINT " + replaced(table, "\"", "") + "_pkey " + line
                          : constraint ? " " + line
                                       : " COLUMN " + line));
        }
    }
    return out;
}

/// The same facts from the text of pg_dump.
std::set<std::string> dumpedFacts(std::string const &text) {
    std::set<std::string> out;
    for (auto const &statement : statementsOf(replaced(text, "dbbrepo.", ""))) {
        if (statement.starts_with("CREATE SEQUENCE ")) {
            out.insert("CREATE SEQUENCE " + between(statement, "CREATE SEQUENCE ", "\n"));
        } else if (statement.starts_with("CREATE INDEX ")) {
            out.insert(replaced(statement, " USING btree", ""));
        } else if (statement.starts_with("ALTER TABLE ONLY ")) {
            auto constraint = between(statement, "ADD ", ";");
            // pg_dump writes REFERENCES t(a).
            if (auto const at = constraint.find(" REFERENCES "); at != std::string::npos) {
                constraint.insert(constraint.find('(', at), " ");
            }
            out.insert(between(statement, "ALTER TABLE ONLY ", "\n") + " " + constraint);
        } else if (statement.starts_with("CREATE TABLE ")) {
            for (auto const &line : bodyOf(statement)) {
                out.insert(between(statement, "CREATE TABLE ", " (") + " COLUMN " + line);
            }
        } else {
            CHECK(statement == "CREATE SCHEMA dbbrepo");
        }
    }
    return out;
}

} // namespace

TEST_CASE("the SQLite schema equals the Butler's in every universe", "[butler][schema]") {
    auto const version = GENERATE(0, 2, 4, 7, 8);
    CAPTURE(version);
    std::vector<std::string> ours;
    for (auto const &statement : allStatements(version, Dialect::Sqlite)) {
        ours.push_back(replaced(statement, ", \n", ",\n"));
    }
    auto const found = tablesOf(ours);
    auto const expected = tablesOf(
        statementsOf(test::data("butler/schema-sqlite-universe" + std::to_string(version) + ".sql")));
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].create == expected[i].create);
        CHECK(found[i].indexes == expected[i].indexes);
    }
}

TEST_CASE("SQLite takes the schema", "[butler][schema]") {
    auto const version = GENERATE(0, 2, 4, 7, 8);
    auto const db = sql::openSqlite(":memory:", sql::OpenMode::Create);
    for (auto const &statement : allStatements(version, Dialect::Sqlite))
        CHECK_NOTHROW(db->execute(statement));
}

TEST_CASE("the PostgreSQL schema has the Butler's tables, columns, constraints, indexes and sequences",
          "[butler][schema]") {
    auto const ours = ourFacts(allStatements(8, Dialect::Postgres));
    auto const theirs = dumpedFacts(test::data("butler/schema-postgresql-universe8.sql"));
    CHECK(ours.size() > 400);
    for (auto const &fact : ours) CHECK((theirs.contains(fact) ? "" : "only ours: " + fact).empty());
    for (auto const &fact : theirs) CHECK((ours.contains(fact) ? "" : "only theirs: " + fact).empty());
}

TEST_CASE("names that are too long for PostgreSQL end in a digest", "[butler][schema]") {
    std::string const name = "fkey_collection_summary_dataset_type_collection_collection_id_collection_id";
    CHECK(butler::shortened(name, Dialect::Postgres)
          == "fkey_collection_summary_dataset_type_collection_collec_4090d073");
    CHECK(butler::shortened(name, Dialect::Sqlite) == name);
    CHECK(butler::shortened(std::string(63, 'x'), Dialect::Postgres) == std::string(63, 'x'));
}

TEST_CASE("datasets manager 1 keeps the date of ingest as a time stamp", "[butler][schema]") {
    auto const universe = Universe::parse(butler::embedded::dimensionsJson());
    std::string dataset;
    for (auto const &statement :
         butler::staticTables(universe, Dialect::Sqlite, butler::DatasetsManager::V1)) {
        if (statement.starts_with("CREATE TABLE dataset (")) dataset = statement;
    }
    CHECK(dataset.find("\n\tingest_date TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL, \n")
          != std::string::npos);
}

TEST_CASE("names of association tables", "[butler][schema]") {
    CHECK(butler::tagsTableName(1) == "dataset_tags_00000001");
    CHECK(butler::calibsTableName(12345678) == "dataset_calibs_12345678");
    CHECK(butler::tagsTableName(0) == "dataset_tags_00000000");
}

TEST_CASE("embedded texts are those of a fresh repository", "[butler][schema]") {
    CHECK(butler::embedded::dimensionsJson().size() == 14729);
    auto const attributes = common::Json::parse(butler::embedded::butlerAttributes());
    CHECK(attributes.object().size() == 12);
    CHECK(butler::embedded::butlerYaml().starts_with("datastore:\n  cls: "));
}
