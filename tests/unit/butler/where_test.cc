#include "butler/where.h"

#include "common/error.h"

#include <catch2/catch.hpp>

using namespace dbb;
using butler::parseWhere;
using sql::Value;

namespace {

std::vector<std::string> const columns{"instrument", "exposure", "exposure_time", "group", "can_see_sky"};

std::string sqlOf(std::string const &text) {
    return parseWhere(text, columns).sql;
}

common::Error errorOfCondition(std::string const &text) {
    try {
        parseWhere(text, columns);
    } catch (common::Error const &e) {
        return e;
    }
    FAIL("accepted: " + text);
    return {"", ""};
}

} // namespace

TEST_CASE("no condition", "[butler][where]") {
    CHECK(sqlOf("").empty());
    CHECK(sqlOf(" \t\n").empty());
}

TEST_CASE("comparisons bind their values", "[butler][where]") {
    auto const c =
        parseWhere("instrument = 'LATISS' AND exposure >= 2025041500001 and exposure_time<30.5", columns);
    CHECK(c.sql
          == R"("instrument" = ? AND "exposure" >= ? AND "exposure_time" < CAST(? AS DOUBLE PRECISION))");
    CHECK(c.values == std::vector<Value>{std::string("LATISS"), std::int64_t{2025041500001}, 30.5});
    CHECK(c.columns == std::vector<std::string>{"instrument", "exposure", "exposure_time"});
}

TEST_CASE("operators", "[butler][where]") {
    CHECK(sqlOf("exposure == 1") == R"("exposure" = ?)");
    CHECK(sqlOf("exposure != 1") == R"("exposure" <> ?)");
    CHECK(sqlOf("exposure <> 1") == R"("exposure" <> ?)");
    CHECK(sqlOf("exposure<=-1") == R"("exposure" <= ?)");
    CHECK(sqlOf("can_see_sky = TRUE") == R"("can_see_sky" = ?)");
    CHECK(parseWhere("can_see_sky = false", columns).values == std::vector<Value>{false});
    CHECK(parseWhere("exposure = +7", columns).values == std::vector<Value>{std::int64_t{7}});
    CHECK(parseWhere("exposure_time = 1e-3", columns).values == std::vector<Value>{1e-3});
    CHECK(sqlOf("group IS NULL") == R"("group" IS NULL)");
    CHECK(sqlOf("group is not null") == R"("group" IS NOT NULL)");
}

TEST_CASE("IN takes values and ranges", "[butler][where]") {
    auto const c = parseWhere("exposure IN (7, 1..5, 9)", columns);
    CHECK(c.sql == R"(("exposure" BETWEEN ? AND ? OR "exposure" IN (?, ?)))");
    CHECK(c.values == std::vector<Value>{std::int64_t{1}, std::int64_t{5}, std::int64_t{7}, std::int64_t{9}});
    CHECK(sqlOf("instrument NOT IN ('a','b')") == R"(NOT ("instrument" IN (?, ?)))");
}

TEST_CASE("AND binds more than OR, NOT more than AND", "[butler][where]") {
    CHECK(sqlOf("exposure=1 OR exposure=2 AND NOT group='x'")
          == R"("exposure" = ? OR "exposure" = ? AND NOT "group" = ?)");
    CHECK(sqlOf("(exposure=1 OR exposure=2) AND NOT (group='x')")
          == R"(("exposure" = ? OR "exposure" = ?) AND NOT ("group" = ?))");
}

TEST_CASE("text keeps what it holds", "[butler][where]") {
    auto const valueOf = [](char const *text) {
        return std::get<std::string>(parseWhere(text, columns).values[0]);
    };
    CHECK(valueOf("group = 'it''s'") == "it's");
    CHECK(valueOf("group = ''") == "");
    CHECK(valueOf("group = '; DROP TABLE exposure; --'") == "; DROP TABLE exposure; --");
    CHECK(valueOf("group = 'a\" OR 1=1'") == "a\" OR 1=1");
}

TEST_CASE("mistakes are usage errors with a position", "[butler][where]") {
    auto const text =
        GENERATE(as<std::string>{}, "exposure", "exposure =", "= 1", "exposure = 1 exposure = 2", "NOT",
                 "(exposure = 1", "exposure = 1)", "exposure IN ()", "exposure IN (1,)", "exposure IN 1",
                 "exposure IN (1..'x')", "exposure IN (1.5..2.5)", "exposure = 'x", "exposure = 1x",
                 "exposure = 99999999999999999999", "exposure_time = 1e999", "exposure = instrument",
                 "exposure IS 1", "exposure NOT 1", "AND", "exposure = 1 AND", "exposure = 1..2",
                 "exposure ! 1", "group = \"x\"", "exposure = -", "exposure = 1.2.3");
    CAPTURE(text);
    auto const e = errorOfCondition(text);
    CHECK(e.code() == "USAGE");
    CHECK(e.exitCode() == common::ExitCode::Usage);
    CHECK(e.message().find("at position ") != std::string::npos);
}

TEST_CASE("nothing of an expression becomes SQL", "[butler][where]") {
    auto const text = GENERATE(
        as<std::string>{}, "1=1", "exposure = 1; DROP TABLE exposure", "exposure = 1 -- x",
        "exposure = 1 /* x */", "exposure = (SELECT 1)", "exposure = 1 UNION SELECT 1", "length(group) = 1",
        "\"exposure\" = 1", "`exposure` = 1", "exposure = ?", "exposure = @x", "exposure = x'00'",
        "exposure LIKE 'x'", "exposure = 1 COLLATE NOCASE", "exposure.exposure = 1", "exposure = CAST(1)");
    CAPTURE(text);
    CHECK(errorOfCondition(text).code() == "USAGE");
}

TEST_CASE("unknown columns get the nearest known one", "[butler][where]") {
    auto const e = errorOfCondition("exposur = 1");
    CHECK(e.message() == "--where: there is no column \"exposur\" at position 1 of \"exposur = 1\"");
    CHECK(e.hint() == "did you mean exposure?");
    CHECK(errorOfCondition("zzzzzzzzzz = 1").hint()
          == "columns are: instrument, exposure, exposure_time, group, can_see_sky");
    CHECK(errorOfCondition("EXPOSURE = 1").code() == "USAGE"); // names are as they are
}

TEST_CASE("deep and long expressions are refused before the database would", "[butler][where]") {
    std::string const deep(5000, '(');
    CHECK(errorOfCondition(deep + "exposure = 1").code() == "USAGE");
    std::string nots;
    for (int i = 0; i < 5000; ++i) nots += "NOT ";
    CHECK(errorOfCondition(nots + "exposure = 1").code() == "USAGE");
    std::string ors = "exposure = 1";
    for (int i = 0; i < 5000; ++i) ors += " OR exposure = 1";
    CHECK(errorOfCondition(ors).code() == "USAGE");
    std::string list = "exposure IN (1";
    for (int i = 0; i < 5000; ++i) list += ",1";
    CHECK(parseWhere(list + ")", columns).values.size() == 5001);
    for (int i = 0; i < 20000; ++i) list += ",1";
    CHECK(errorOfCondition(list + ")").code() == "USAGE");
}

TEST_CASE("SQLite takes what is made", "[butler][where]") {
    auto const db = sql::openSqlite(":memory:", sql::OpenMode::Create);
    db->execute(R"(CREATE TABLE t (instrument TEXT, exposure BIGINT, exposure_time FLOAT, "group" TEXT,
                                   can_see_sky BOOLEAN);
                   INSERT INTO t VALUES ('A', 1, 1.5, 'g', 1), ('A', 2, 2.5, NULL, 0), ('B', 3, 3.5, 'h', NULL))");
    auto count = [&](std::string const &text) {
        auto const c = parseWhere(text, columns);
        std::int64_t out = 0;
        db->prepare("SELECT count(*) FROM t WHERE " + c.sql)->query(c.values, [&](sql::Statement const &row) {
            out = row.integer(0);
        });
        return out;
    };
    CHECK(count("exposure IN (2..3, 7)") == 2);
    CHECK(count("exposure NOT IN (2..3, 7)") == 1);
    CHECK(count("instrument = 'A' AND NOT can_see_sky = TRUE") == 1);
    CHECK(count("group IS NULL OR exposure_time > 3") == 2);
    std::string many = "exposure = 1";
    for (int i = 0; i < 499; ++i) many += " OR exposure = 1";
    CHECK(count(many) == 1);
}
