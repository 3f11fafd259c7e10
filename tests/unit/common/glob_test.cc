// Patterns against the same text element by element, with ** for any depth.
#include "common/glob.h"

#include <catch2/catch.hpp>

using namespace dbb::common;

TEST_CASE("patterns match as a shell's do, within one element") {
    CHECK(globMatches("deepCoadd_*", "deepCoadd_calexp"));
    CHECK_FALSE(globMatches("deepCoadd_*", "deepcoadd_calexp"));
    CHECK(globMatches("RC/w_202?_[01]*/DM-*", "RC/w_2021_02/DM-28282-sfm"));
    CHECK_FALSE(globMatches("RC/*", "RC/w_2021_02/DM-28282"));
    CHECK(globMatches("*", ".hidden"));
    CHECK(globMatches("a\\*b", "a*b"));
    CHECK_FALSE(globMatches("a\\*b", "axb"));
    CHECK(globMatches("", ""));
    CHECK_FALSE(globMatches("", "a"));
    CHECK_FALSE(globMatches("a", ""));
}

TEST_CASE("two stars stand for any number of elements") {
    CHECK(globMatches("private/**", "private/u1/t"));
    CHECK(globMatches("private/**", "private"));
    CHECK_FALSE(globMatches("private/**", "privateer/t"));
    CHECK(globMatches("**/*.fitsSAVE", "a/b/c.fitsSAVE"));
    CHECK(globMatches("**/*.fitsSAVE", "c.fitsSAVE"));
    CHECK(globMatches("a/**/b/*/c", "a/x/b/y/b/z/c"));
    CHECK_FALSE(globMatches("a/**/b/*/c", "a/x/b/y/b/c/d"));
    CHECK(globMatches("**", "any/thing"));
    CHECK(globMatches("a/x**/c", "a/xyz/c"));
    CHECK_FALSE(globMatches("a/x**/c", "a/xyz/b/c")); // within an element they are one star
}

TEST_CASE("many patterns of any depth take no time") {
    std::string pattern;
    std::string text;
    for (int i = 0; i < 200; ++i) {
        pattern += "**/a/";
        text += "a/";
    }
    CHECK(globMatches(pattern + "**", text));
    CHECK_FALSE(globMatches(pattern + "b", text));
}
