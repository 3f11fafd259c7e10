#include "gen2/path_template.h"
#include "gen2/path_tree.h"

#include "common/error.h"
#include "common/text.h"

#include <catch2/catch.hpp>

using namespace dbb;
using gen2::PathTemplate;
using gen2::PathTree;
using gen2::Values;

namespace {

char const *const lsstRaw =
    "raw/%(dayObs)s/%(expId)013d/%(expId)013d-%(raftName)s-%(detectorName)s-det%(detector)03d.fits";

/// What a path is by one template: its values as JSON, with .gz or .fz where the file is packed; empty:
/// nothing.
std::string parsed(std::string const &pathTemplate, std::string const &path) {
    PathTree tree;
    tree.add(PathTemplate(pathTemplate), 0, 0);
    auto const steps = common::split(path, '/');
    auto place = tree.root();
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) place = tree.below(place, steps[i]);
    auto const match = tree.find(place, steps.back());
    if (match.owners.empty()) return {};
    return gen2::jsonOf(match.values).dump() + std::string(match.compression);
}

} // namespace

TEST_CASE("A template reads what it writes", "[gen2]") {
    CHECK(
        parsed(lsstRaw, "raw/2019-03-19/3019031900001/3019031900001-R10-S02-det029.fits")
        == R"({"dayObs":"2019-03-19","expId":3019031900001,"raftName":"R10","detectorName":"S02","detector":29})");
    Values values;
    values.set("dayObs", "2019-03-19");
    values.set("expId", 3019031900001);
    values.set("raftName", "R10");
    values.set("detectorName", "S02");
    CHECK_FALSE(PathTemplate(lsstRaw).path(values));
    values.set("detector", 29);
    CHECK(PathTemplate(lsstRaw).path(values)
          == "raw/2019-03-19/3019031900001/3019031900001-R10-S02-det029.fits");
    // No value leads out of the repository.
    values.set("dayObs", "..");
    CHECK_FALSE(PathTemplate(lsstRaw).path(values));
    values.set("dayObs", "a/b");
    CHECK_FALSE(PathTemplate(lsstRaw).path(values));
    values.set("dayObs", "a");
    values.set("detector", "x");
    CHECK_FALSE(PathTemplate(lsstRaw).path(values));
}

TEST_CASE("A key that comes again has the same value, written as its format says", "[gen2]") {
    CHECK(parsed(lsstRaw, "raw/2019-03-19/3019031900001/3019031900002-R10-S02-det029.fits").empty());
    CHECK(parsed("%(n)d/x%(n)04d", "7/x0007") == R"({"n":7})");
    CHECK(parsed("%(n)d/x%(n)04d", "7/x7").empty());
    CHECK(parsed("%(n)d/x%(n)04d", "12345/x12345") == R"({"n":12345})");
    // Within one element the same characters stand again.
    CHECK(parsed("%(f)s-%(f)s.x", "a-b-a-b.x") == R"({"f":"a-b"})");
    CHECK(parsed("%(f)s-%(f)s.x", "a-b.x").empty());
    // A text can't be what an integer was.
    CHECK(parsed("%(n)s/%(n)d.x", "7/7.x").empty());
}

TEST_CASE("Widths are not enforced where a value is first read; numbers are digits", "[gen2]") {
    auto const eimage = "eimage_%(visit)08d_%(raftName)s.fits.gz";
    CHECK(parsed(eimage, "eimage_4000021706001_R22.fits.gz")
          == R"({"visit":4000021706001,"raftName":"R22"})");
    CHECK(parsed(eimage, "eimage_7_R22.fits.gz") == R"({"visit":7,"raftName":"R22"})");
    CHECK(parsed(eimage, "eimage_-7_R22.fits.gz").empty());
    CHECK(parsed(eimage, "eimage_99999999999999999999_R22.fits.gz").empty());
    CHECK(parsed("%(patch)s.fits", "3,2.fits") == R"({"patch":"3,2"})");
    CHECK(parsed("%(patch)s.fits", "3.fits").empty());
    CHECK(parsed("a%(patch)s-%(n)d", "a11,22-3") == R"({"patch":"11,22","n":3})");
    CHECK(parsed("x%(f)s.fits", "x.fits").empty());
}

TEST_CASE("Texts are as long as possible from the left", "[gen2]") {
    CHECK(parsed("flat/%(filter)s/flat_%(filter)s-%(raftName)s-det%(detector)03d.fits",
                 "flat/a-b/flat_a-b-R11-det042.fits")
          == R"({"filter":"a-b","raftName":"R11","detector":42})");
    CHECK(parsed("%(a)s-%(b)s.x", "1-2-3.x") == R"({"a":"1-2","b":"3"})");
    CHECK(
        parsed("%(field)s/%(dateObs)s/%(pointing)05d/%(filter)s/HSC-%(visit)07d-%(ccd)03d.fits",
               "SSP_WIDE/2015-01-21/01116/HSC-I/HSC-0904024-050.fits")
        == R"({"field":"SSP_WIDE","dateObs":"2015-01-21","pointing":1116,"filter":"HSC-I","visit":904024,"ccd":50})");
    // A name that is all separators is answered at once.
    CHECK(parsed("%(a)s-%(b)s-%(c)s-%(d)s-%(e)s.x", std::string(250, '-') + "y").empty());
}

TEST_CASE("Files may be packed where a template says .fits; an HDU is no part of the path", "[gen2]") {
    CHECK(parsed("a/%(n)d.fits", "a/1.fits.fz") == R"({"n":1}.fz)");
    CHECK(parsed("a/%(n)d.fits", "a/1.fits.gz") == R"({"n":1}.gz)");
    CHECK(parsed("a/%(n)d.yaml", "a/1.yaml.gz").empty());
    CHECK(parsed("a/%(n)d.fits[0]", "a/1.fits") == R"({"n":1})");
    PathTemplate const hdus("decam%(visit)07d.fits.fz[%(hdu)d]");
    CHECK(hdus.keys() == std::vector<std::string>{"visit", "hdu"});
    CHECK(hdus.hdu().size() == 3);
    CHECK(PathTemplate("a.fits[1]").hdu().empty());
}

TEST_CASE("Fixed names come before patterns, current layouts before older ones", "[gen2]") {
    PathTree tree;
    tree.add(PathTemplate("%(visit)d-%(rest)s"), 1, 0);
    tree.add(PathTemplate("7-x"), 2, 0);
    tree.add(PathTemplate("%(all)s"), 3, 1);
    tree.add(PathTemplate("%(visit)d-%(rest)s"), 4, 1);
    tree.add(PathTemplate("dir/%(a)s"), 5, 0);
    tree.add(PathTemplate("%(d)s/%(b)s.z"), 6, 0);
    auto const owners = [&](std::string const &name) { return tree.find(tree.root(), name).owners; };
    CHECK(owners("7-x") == std::vector<std::size_t>{2});
    CHECK(owners("7-y") == std::vector<std::size_t>{1});
    CHECK(owners("y") == std::vector<std::size_t>{3});
    // Two ways lead to the folder; the first that knows the file counts.
    auto const place = tree.below(tree.root(), "dir");
    CHECK(tree.find(place, "q.z").owners == std::vector<std::size_t>{5});
    CHECK(tree.below(tree.below(tree.root(), "dir"), "deeper").empty());
    CHECK(tree.below(tree.root(), "7-x").empty() == false);
    CHECK(tree.ahead(place).size() == 2);
}

TEST_CASE("Templates alike are told of together", "[gen2]") {
    PathTree tree;
    tree.add(PathTemplate("config/%(a)s.py"), 1, 0);
    tree.add(PathTemplate("config/%(a)s.py"), 2, 0);
    auto const place = tree.below(tree.root(), "config");
    CHECK(tree.find(place, "x.py").owners == std::vector<std::size_t>{1, 2});
    CHECK(tree.find(place, "x.yaml").owners.empty());
}

TEST_CASE("A template that can be read in ever so many ways is given up", "[gen2]") {
    PathTree tree;
    tree.add(PathTemplate("x/%(a)s%(b)s%(c)s%(d)s%(e)s%(f)s%(g)s%(h)s%(a)s.fits"), 1, 0);
    tree.add(PathTemplate("x/%(a)s%(b)s%(c)s%(d)s%(e)s%(f)s%(g)s%(h)s%(a)s/y.fits"), 2, 0);
    std::string name;
    for (int i = 0; i < 60; ++i) name += "ab";
    name += "Q";
    auto const place = tree.below(tree.root(), "x");
    auto const match = tree.find(place, name + ".fits");
    CHECK(match.owners.empty());
    CHECK(match.undecided);
    CHECK(tree.find(tree.below(place, name), "y.fits").undecided);
    CHECK_FALSE(tree.find(place, "Q.fits").undecided);
    // Where another template has the file, it is that one's.
    tree.add(PathTemplate("x/%(all)s"), 3, 1);
    CHECK(tree.find(tree.below(tree.root(), "x"), name + ".fits").owners == std::vector<std::size_t>{3});
    CHECK_FALSE(tree.find(tree.below(tree.root(), "x"), name + ".fits").undecided);
}

TEST_CASE("What is no template is refused", "[gen2]") {
    for (auto const *text : {"a/%(b", "a/%(b)", "a/%(b)f", "a//b", "/a", "a/../b", "%(b)q", "%(b)256d",
                             "%(b)99999999999999999999d"})
        CHECK_THROWS_AS(PathTemplate(text), common::Error);
}
