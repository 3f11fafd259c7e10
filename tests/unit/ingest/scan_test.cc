#include "common/signals.h"
#include "ingest/scan.h"
#include "unit/test_data.h"

#include <catch2/catch.hpp>
#include <csignal>

using namespace dbb;

TEST_CASE("a scan stops when it is asked to, also between paths") {
    manifest::Rejects rejects("");
    int found = 0;
    ingest::Scanner scanner({.paths = {}, .checksums = {}}, rejects, [&](manifest::Record const &) {
        ++found;
        common::requestStop(SIGTERM);
    });
    for (auto const *path : {"reasons.txt", "README.md", "no such file"}) scanner.scan(tests::data(path));
    common::requestStop(0);
    scanner.scan(tests::data("*.txt"));
    common::requestStop(0);
    CHECK(found == 2);
    CHECK(rejects.count() == 0);
}
