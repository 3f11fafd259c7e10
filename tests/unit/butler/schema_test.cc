#include "butler/schema.h"

#include "butler/embedded.h"
#include "butler/table_spec.h"
#include "test_repo.h"

#include <map>
#include <regex>
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

std::string withoutTrailingBlanks(std::string const &text) {
    return std::regex_replace(text, std::regex("[ ]+\n"), "\n");
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

/// Facts of a PostgreSQL schema, one a line, from our statements.
std::set<std::string> postgresFacts(std::vector<std::string> const &statements) {
    std::set<std::string> out;
    std::smatch m;
    for (auto const &statement : statements) {
        if (std::regex_match(statement, m, std::regex("CREATE SEQUENCE (\\S+)"))) {
            out.insert("sequence " + m[1].str());
        } else if (std::regex_match(statement, m, std::regex("CREATE INDEX (\\S+) ON (\\S+) \\((.*)\\)"))) {
            out.insert("index " + m[1].str() + " on " + m[2].str() + " (" + m[3].str() + ")");
        } else if (std::regex_match(statement, m, std::regex("CREATE TABLE (\\S+) \\(\n([^]*)\n\\)"))) {
            auto const table = m[1].str();
            auto const plain = std::regex_replace(table, std::regex("\""), "");
            std::string const body = m[2];
            for (auto at = std::size_t{0}; at < body.size();) {
                auto const end = std::min(body.find(", \n", at), body.size());
                auto const line = body.substr(at + 1, end - at - 1);
                at = end + 3;
                if (line.starts_with("PRIMARY KEY ")) {
                    out.insert(table + " constraint " + plain + "_pkey " + line);
                } else if (line.starts_with("CONSTRAINT ")) {
                    out.insert(table + " constraint " + line.substr(11));
                } else {
                    out.insert(table + " column " + line);
                }
            }
        } else {
            FAIL("not understood: " + statement);
        }
    }
    return out;
}

/// The same facts from the text of pg_dump.
std::set<std::string> dumpedFacts(std::string text) {
    text = std::regex_replace(text, std::regex("dbbrepo\\."), "");
    std::set<std::string> out;
    std::smatch m;
    for (auto const &statement : statementsOf(text)) {
        if (statement.starts_with("CREATE SCHEMA")) continue;
        if (std::regex_search(statement, m, std::regex("^CREATE SEQUENCE (\\S+)"))) {
            out.insert("sequence " + m[1].str());
        } else if (std::regex_match(statement, m,
                                    std::regex("CREATE INDEX (\\S+) ON (\\S+) USING btree \\((.*)\\)"))) {
            out.insert("index " + m[1].str() + " on " + m[2].str() + " (" + m[3].str() + ")");
        } else if (std::regex_match(statement, m,
                                    std::regex("ALTER TABLE ONLY (\\S+)\\s+ADD CONSTRAINT (\\S+) ([^]*)"))) {
            // pg_dump writes FOREIGN KEY (a) REFERENCES t(b).
            auto const body = std::regex_replace(
                std::regex_replace(m[3].str(), std::regex("FOREIGN KEY \\("), "FOREIGN KEY("),
                std::regex("REFERENCES ([^( ]+)\\("), "REFERENCES $1 (");
            out.insert(m[1].str() + " constraint " + m[2].str() + " " + body);
        } else if (std::regex_match(statement, m, std::regex("CREATE TABLE (\\S+) \\(\n([^]*)\n\\)"))) {
            std::string const body = m[2];
            for (auto at = std::size_t{0}; at < body.size();) {
                auto const end = std::min(body.find(",\n", at), body.size());
                out.insert(m[1].str() + " column " + body.substr(at + 4, end - at - 4));
                at = end + 2;
            }
        } else {
            FAIL("not understood: " + statement);
        }
    }
    return out;
}

/// Column types as pg_dump spells them.
std::set<std::string> asDumped(std::set<std::string> const &facts) {
    std::vector<std::pair<std::regex, std::string>> const spellings{
        {std::regex("\\bposition\\b"), "\"position\""},
        {std::regex("VARCHAR\\("), "character varying("},
        {std::regex("DOUBLE PRECISION"), "double precision"},
        {std::regex("INT8RANGE"), "int8range"},
        {std::regex("BIGINT"), "bigint"},
        {std::regex("SMALLINT"), "smallint"},
        {std::regex("TEXT"), "text"},
        {std::regex("BOOLEAN"), "boolean"},
        {std::regex("UUID"), "uuid"}};
    std::set<std::string> out;
    for (auto fact : facts) {
        for (auto const &[from, to] : spellings) fact = std::regex_replace(fact, from, to);
        out.insert(fact);
    }
    return out;
}

} // namespace

TEST_CASE("the SQLite schema equals the Butler's in every universe", "[butler][schema]") {
    auto const version = GENERATE(0, 2, 4, 7, 8);
    CAPTURE(version);
    std::vector<std::string> ours;
    for (auto const &statement : allStatements(version, Dialect::Sqlite)) {
        ours.push_back(withoutTrailingBlanks(statement));
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
    auto const ours = asDumped(postgresFacts(allStatements(8, Dialect::Postgres)));
    auto const theirs = dumpedFacts(test::data("butler/schema-postgresql-universe8.sql"));
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
