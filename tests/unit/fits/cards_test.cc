// Cards as the FITS standard 4.0 defines them, sections 4.1 and 4.2, and the HIERARCH and CONTINUE
// conventions.
#include "common/error.h"
#include "fits/header_file.h"

#include <catch2/catch.hpp>
#include <string>

using namespace dbb;
using fits::Value;

namespace {

std::string cards(std::initializer_list<char const *> list) {
    std::string out;
    for (std::string card : list) {
        card.resize(80, ' ');
        out += card;
    }
    return out;
}

} // namespace

TEST_CASE("values have the types of the standard") {
    auto const h = fits::parseCards(cards({
                                              "SIMPLE  =                    T / yes",
                                              "INT     =                  -42 / an integer",
                                              "BIG     =  9223372036854775807",
                                              "HUGE    = 18446744073709551616 / beyond 64 bits",
                                              "REAL    =   60788.171651651625",
                                              "FORTRAN =              1.25D-3",
                                              "TEXT    = 'it''s  ' / a comment with / and 'quotes'",
                                              "EMPTY   = ''",
                                              "BLANK   = '        '",
                                              "UNDEF   =                      / nothing",
                                              "UNDEF2  =",
                                              "CPLX    = (1.0, -2.0)",
                                              "COMMENT not a value = 3",
                                              "HISTORY = 'nor this'",
                                              "        = 'blank keyword'",
                                              "HIERARCH STUTTER ROWS = 7 / long name",
                                              "HIERARCH ESO TEL ID = 'Ä'",
                                              "INT     =                   43 / the last one counts",
                                              "NOEQUAL   12",
                                              "END",
                                              "AFTER   =                    1",
                                          })
                                        .replace(16 * 80, 80, cards({"HIERARCH ESO TEL ID = 'A'"})),
                                    "test");
    auto value = [&](char const *key) {
        auto const *found = h.find(key);
        REQUIRE(found);
        return *found;
    };
    CHECK(value("SIMPLE") == Value(true));
    CHECK(value("INT") == Value(std::int64_t{43}));
    CHECK(value("BIG") == Value(std::int64_t{9223372036854775807}));
    CHECK(value("HUGE") == Value(18446744073709551616.0));
    CHECK(value("REAL") == Value(60788.171651651625));
    CHECK(value("FORTRAN") == Value(0.00125));
    CHECK(value("TEXT") == Value(std::string("it's")));
    CHECK(value("EMPTY") == Value(std::string()));
    CHECK(value("BLANK") == Value(std::string()));
    CHECK(value("UNDEF") == Value());
    CHECK(value("UNDEF2") == Value());
    CHECK(value("STUTTER ROWS") == Value(std::int64_t{7}));
    CHECK(value("ESO TEL ID") == Value(std::string("A")));
    CHECK_FALSE(h.find("COMMENT"));
    CHECK_FALSE(h.find("HISTORY"));
    CHECK_FALSE(h.find("AFTER"));
}

TEST_CASE("long strings go on in CONTINUE cards") {
    auto const h = fits::parseCards(cards({
                                        "LONG    = 'one &' / comment",
                                        "CONTINUE  'two''s &'",
                                        "CONTINUE  'three   '",
                                        "AMP     = 'ends with &'",
                                        "NEXT    = 'x'",
                                        "CONTINUE  'an orphan'",
                                    }),
                                    "test");
    CHECK(*h.find("LONG") == Value(std::string("one two's three")));
    CHECK(*h.find("AMP") == Value(std::string("ends with &")));
    CHECK(*h.find("NEXT") == Value(std::string("x")));
}

TEST_CASE("cards that are none are named") {
    for (auto const *card : {"NUMBER  =                 1x2", "TEXT    = 'caf\xc3\xa9'"}) {
        INFO(card);
        try {
            fits::parseCards(cards({"SIMPLE  =                    T", card}), "file");
            FAIL("no error");
        } catch (common::Error const &e) {
            CHECK(e.code() == "BAD_CARD");
            CHECK(e.message().starts_with("\"file\": card 2 ("));
        }
    }
}

TEST_CASE("a missing closing quote is forgiven, as CFITSIO forgives it") {
    auto const h = fits::parseCards(cards({"STRING  = 'open"}), "test");
    CHECK(*h.find("STRING") == Value(std::string("open")));
}

TEST_CASE("merging lets later values win") {
    fits::Header a;
    a.set("X", std::int64_t{1});
    a.set("Y", std::int64_t{2});
    fits::Header b;
    b.set("Z", std::int64_t{3});
    b.set("X", Value());
    a.merge(b);
    CHECK(a.cards().size() == 3);
    CHECK(*a.find("X") == Value());
    a.erase("X");
    CHECK_FALSE(a.find("X"));
    CHECK(*a.find("Z") == Value(std::int64_t{3}));
}
