// Decisions of the rules file on lines as a scan prints them; dates and times are worked out by hand.
#include "common/calendar.h"
#include "common/error.h"
#include "gen2/rules.h"
#include "unit/test_data.h"

#include <catch2/catch.hpp>

using namespace dbb;
using namespace dbb::gen2;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using DecisionKind = Rules::Decision::Kind;

namespace {

std::int64_t instant(std::string const &iso) {
    return common::nsFromIso(iso).value();
}

std::int64_t const now = instant("2021-06-01T00:00:00");

/// A raw of LATISS, as the sample repository has it.
manifest::Record rawLine() {
    return manifest::Record::parse(
        R"({"type":"gen2","uri":"/g2/raw/2018-09-20/3018092000065-det000.fits","size":94940,)"
        R"("gen2":{"root":"/g2","repo":"root","path":"raw/2018-09-20/3018092000065-det000.fits",)"
        R"("mapper":"lsst.obs.lsst.latiss.LatissMapper","dataset_type":"raw","id":{"dayObs":"2018-09-20",)"
        R"("expId":3018092000065,"detector":0},"source":"both","registry":{"table":"raw","rowid":1,)"
        R"("dateObs":"2018-09-21T06:11:41.210","filter":"unknown~unknown","expTime":27.0}},)"
        R"("instrument":"LATISS","data_id":{"instrument":"LATISS","detector":0,"exposure":3018092000065},)"
        R"("dataset_type":"raw","run":"LATISS/raw/all","action":"convert","reason":"ok"})");
}

manifest::Record rerunLine(std::string const &rerun, std::string const &type) {
    auto line = rawLine();
    auto gen2 = line.get("gen2");
    gen2.set("repo", "rerun/" + rerun).set("path", "rerun/" + rerun + "/x.fits").set("dataset_type", type);
    gen2.set("id", common::Json::Object{}).set("registry", nullptr);
    line.set("gen2", gen2).set("data_id", common::Json::Object{}).set("dataset_type", type);
    return line;
}

Rules rulesOf(std::string const &lists) {
    return Rules::parse("rules: 1\nowner: dbb\n" + lists, "r.yaml");
}

/// Whether an exclude rule with these keys matches a line.
bool matches(std::string const &keys, manifest::Record const &line, std::int64_t when = now) {
    auto const rules = rulesOf("exclude:\n- {id: x, kind: permanent, reason: r, " + keys + "}\n");
    return rules.decide(line, when).kind == DecisionKind::Exclude;
}

std::string failure(std::string const &text) {
    try {
        Rules::parse(text, "r.yaml");
    } catch (common::Error const &e) {
        CHECK(e.code() == "USAGE");
        CHECK(e.exitCode() == common::ExitCode::Usage);
        return e.message() + " | " + e.hint();
    }
    return "no error";
}

/// The failure of one exclude rule, on line 4.
std::string ruleFailure(std::string const &keys) {
    return failure("rules: 1\nowner: dbb\nexclude:\n- {" + keys + "}\n");
}

} // namespace

TEST_CASE("the first exclude that matches wins over any include; what none matches is undecided") {
    auto const rules = rulesOf("include:\n"
                               "- {id: raws, kind: permanent, reason: all, dataset_types: raw}\n"
                               "- {id: rest, kind: permanent, reason: all, repos: [root]}\n"
                               "exclude:\n"
                               "- {id: never, kind: permanent, reason: none, dataset_types: [bias]}\n"
                               "- {id: det0, kind: permanent, reason: dead, owner: me, alternative: /repo/x,"
                               " match: {detector: 0}}\n"
                               "- {id: det0 too, kind: permanent, reason: dead, match: {detector: 0}}\n");
    auto const excluded = rules.decide(rawLine(), now);
    CHECK(excluded.kind == DecisionKind::Exclude);
    CHECK(excluded.rule.dump()
          == R"({"id":"det0","kind":"permanent","owner":"me","reason":"dead","alternative":"/repo/x"})");
    CHECK(excluded.overruled == "raws");

    auto other = rawLine();
    auto gen2 = other.get("gen2");
    gen2.set("id", common::Json::parse(R"({"detector":1})"));
    other.set("gen2", gen2).set("data_id", common::Json::Object{});
    auto const included = rules.decide(other, now);
    CHECK(included.kind == DecisionKind::Include);
    CHECK(included.rule["id"].string() == "raws");
    CHECK(included.rule["owner"].string() == "dbb");

    auto const undecided = rules.decide(rerunLine("a", "src"), now);
    CHECK(undecided.kind == DecisionKind::Undecided);
    CHECK(undecided.rule.isNull());
}

TEST_CASE("dataset types, reruns, repositories, paths and reasons are patterns") {
    CHECK(matches("dataset_types: ['*_metadata', 'r?w']", rawLine()));
    CHECK_FALSE(matches("dataset_types: [Raw]", rawLine()));
    auto refcat = rerunLine("t", "ref_cat").set("dataset_type", "gaia_dr2");
    CHECK(matches("dataset_types: [gaia_dr2]", refcat)); // the Gen3 name
    CHECK(matches("dataset_types: [ref_cat]", refcat));
    CHECK(matches("paths: ['raw/*/*-det000.fits']", rawLine()));
    CHECK_FALSE(matches("paths: ['raw/*.fits']", rawLine()));
    CHECK(matches("reruns: ['']", rawLine()));
    CHECK_FALSE(matches("reruns: ['**']", rawLine()));
    CHECK(matches("reruns: ['private/**']", rerunLine("private/u1/t", "src")));
    CHECK_FALSE(matches("reruns: ['']", rerunLine("private/u1/t", "src")));
    CHECK(matches("repos: [calib, rerun]", rerunLine("t", "src")));
    CHECK_FALSE(matches("repos: [calib, rerun]", rawLine()));
    CHECK(matches("reasons: [ok]", rawLine()));
    CHECK_FALSE(matches("reasons: ['unregistered_*']", rawLine()));
    CHECK_FALSE(matches("reasons: [ok], repos: [calib]", rawLine())); // all that is given must match
    auto unrecognised = rawLine();
    auto gen2 = unrecognised.get("gen2");
    gen2.set("dataset_type", nullptr);
    unrecognised.erase("dataset_type");
    CHECK_FALSE(matches("dataset_types: ['*']", unrecognised.set("gen2", gen2)));
}

TEST_CASE("values are compared exactly, by name") {
    CHECK(matches("match: {expId: 3018092000065}", rawLine()));
    CHECK(matches("match: {exposure: 3018092000065}", rawLine()));   // of the Gen3 data ID
    CHECK(matches("match: {filter: 'unknown~unknown'}", rawLine())); // of the registry
    CHECK_FALSE(matches("match: {filter: unknown}", rawLine()));
    CHECK(matches("match: {detector: [3, 0]}", rawLine()));
    CHECK_FALSE(matches("match: {detector: '0'}", rawLine()));
    CHECK(matches("match: {expTime: 27}", rawLine())); // a float without a fraction
    CHECK_FALSE(matches("match: {detector: 0, dayObs: 2018-09-21}", rawLine()));
    CHECK(matches("match: {can_see_sky: [true, null]}", rawLine()));
    CHECK_FALSE(matches("match: {can_see_sky: true}", rawLine()));
    CHECK_FALSE(matches("match: {detector: null}", rawLine()));
    auto large = rawLine();
    CHECK(matches("match: {group: 9007199254740993}",
                  large.set("data_id", common::Json::parse(R"({"group":"9007199254740993"})"))));
}

TEST_CASE("the Gen2 data ID tells before the registry, and the registry before the Gen3 data ID") {
    auto line = rawLine();
    line.set("gen2", common::Json::parse(R"({"id":{"visit":1,"ccd":null},"registry":{"visit":2,"ccd":3}})"))
        .set("data_id", common::Json::parse(R"({"visit":4,"ccd":5})"));
    CHECK(matches("match: {visit: 1, ccd: 3}", line));
    CHECK_FALSE(matches("match: {visit: 2}", line));
    line.set("gen2",
             common::Json::parse(R"({"id":{"visit":1},"registry":null,"exposure":{"ccd":3,"visit":2}})"))
        .set("implied", common::Json::parse(R"({"ccd":7,"band":"i"})"));
    CHECK(matches("match: {visit: 1, ccd: 3, band: i}", line)); // what follows from the data ID comes last
}

TEST_CASE("nights come from what the line says") {
    auto const dayOf = [](std::string const &gen2, std::string const &dataId = "{}") {
        manifest::Record line("gen2");
        line.set("gen2", common::Json::parse(gen2)).set("data_id", common::Json::parse(dataId));
        return LineFacts(line).dayObs().value_or(0);
    };
    CHECK(dayOf(R"({"id":{"dayObs":"2018-09-20","expId":3019031900001}})") == 20180920);
    CHECK(dayOf(R"({"registry":{"dayObs":20180920}})") == 20180920);
    // The ID of an exposure, whose night is not always the date of its begin.
    CHECK(dayOf(R"({"id":{"expId":3018092000065},"registry":{"dateObs":"2018-09-21T06:11:41.210"}})")
          == 20180920);
    CHECK(dayOf("{}", R"({"exposure":2025042200017})") == 20250422);
    CHECK(dayOf("{}", R"({"exposure":7025042200017})") == 20250422);
    CHECK(dayOf(R"({"id":{"visit":4000021706001}})") == 20000217);
    CHECK(dayOf("{}", R"({"exposure":9018092000065})") == 0); // no controller has that
    CHECK(dayOf("{}", R"({"exposure":3018139900065})") == 0); // no date
    CHECK(dayOf("{}", R"({"exposure":204595})") == 0);        // a simulation
    CHECK(dayOf(R"({"id":{"visit":904024},"registry":{"dateObs":"2015-01-21"}})") == 20150121);
    CHECK(dayOf(R"({"registry":{"taiObs":"2015-01-22"}})") == 20150122);
    CHECK(dayOf(R"({"registry":{"date":"2015-01-23T01:02:03.4"}})") == 20150123);
    CHECK(dayOf(R"({"id":{"calibDate":"2018-09-21"}})") == 20180921);
    CHECK(dayOf(R"({"calib":{"calib_date":"2018-09-22"}})") == 20180922);
    CHECK(dayOf(R"({"id":{"dayObs":"2018-13-20"}})") == 0);
    CHECK(dayOf(R"({"id":{"dayObs":"unknown"}})") == 0);
}

TEST_CASE("a range of nights holds both ends, and what has no night is in none") {
    CHECK(matches("day_obs: 20180920..20180921", rawLine()));
    CHECK(matches("day_obs: 2018-09-01..2018-09-20", rawLine()));
    CHECK(matches("day_obs: 20180920", rawLine()));
    CHECK(matches("day_obs: '..20180920'", rawLine()));
    CHECK(matches("day_obs: 2018-09-20..", rawLine()));
    CHECK_FALSE(matches("day_obs: 20180921..", rawLine()));
    CHECK_FALSE(matches("day_obs: ..20180919", rawLine()));
    CHECK_FALSE(matches("day_obs: 19700101..21991231", rerunLine("t", "src")));
}

TEST_CASE("age counts from the latest instant at which the exposure can have begun") {
    auto const line = rawLine(); // began at 2018-09-21T06:11:41.210
    CHECK(matches("younger_than_h: 720", line, instant("2018-10-21T06:11:41.209")));
    CHECK_FALSE(matches("younger_than_h: 720", line, instant("2018-10-21T06:11:41.210")));
    auto night = rawLine();
    auto gen2 = night.get("gen2");
    gen2.set("registry", nullptr);
    night.set("gen2", gen2); // of the night 2018-09-20, which may have lasted until noon of the next day
    CHECK(matches("younger_than_h: 1", night, instant("2018-09-21T12:59:59")));
    CHECK_FALSE(matches("younger_than_h: 1", night, instant("2018-09-21T13:00:00")));
    auto output = rerunLine("t", "src");
    CHECK_FALSE(matches("younger_than_h: 1", output)); // of no exposure
    output.set("dimensions", common::Json::parse(R"(["instrument","visit"])"));
    CHECK(matches("younger_than_h: 1", output)); // of one whose time nobody knows
    output.set("dimensions", nullptr).set("data_id", common::Json::parse(R"({"visit":904026})"));
    CHECK(matches("younger_than_h: 1", output));
    CHECK_FALSE(matches("younger_than_h: 0", line));
}

TEST_CASE("a rule ends with its last day") {
    auto const rules =
        rulesOf("exclude:\n- {id: x, kind: until, until: 2021-06-01, reason: r, repos: root}\n"
                "include:\n- {id: y, kind: until, until: 2021-06-02, reason: r, repos: root}\n");
    auto const lastMoment = instant("2021-06-01T23:59:59.999999999");
    CHECK(rules.decide(rawLine(), lastMoment).kind == DecisionKind::Exclude);
    CHECK(rules.decide(rawLine(), lastMoment).rule["until"].string() == "2021-06-01");
    CHECK(rules.decide(rawLine(), lastMoment + 1).kind == DecisionKind::Include);
    CHECK(rules.decide(rawLine(), instant("2021-06-03T00:00:00")).kind == DecisionKind::Undecided);
}

TEST_CASE("data that are kept back until their release come free by age or by date") {
    auto const rules =
        rulesOf("exclude:\n- {id: x, kind: until_release, younger_than_h: 720, until: 2018-10-01,"
                " reason: r, repos: root}\n");
    CHECK(rules.decide(rawLine(), instant("2018-09-30T00:00:00")).kind == DecisionKind::Exclude);
    CHECK(rules.decide(rawLine(), instant("2018-10-02T00:00:00")).kind == DecisionKind::Undecided);
}

TEST_CASE("a decision is written into the line, and can be made anew") {
    Rules::Tally tally;
    auto const rules = rulesOf("include:\n- {id: all, kind: permanent, reason: r, repos: root}\n"
                               "exclude:\n- {id: raws, kind: permanent, reason: none, dataset_types: raw}\n");
    auto line = rawLine();
    auto const before = line.line();
    rules.apply(line, now, tally);
    CHECK(line.get("action").string() == "skip");
    CHECK(line.get("reason").string() == "excluded_by_rule");
    CHECK(line.get("rule")["id"].string() == "raws");
    CHECK(line.get("proposed").dump() == R"({"action":"convert","reason":"ok"})");
    CHECK(tally.matches["raws"] == 1);
    CHECK(tally.overlaps[{"raws", "all"}] == 1);

    rulesOf("include:\n- {id: bias, kind: permanent, reason: r, dataset_types: bias}\n")
        .apply(line, now, tally);
    CHECK(line.get("action").string() == "undecided");
    CHECK(line.get("reason").string() == "no_rule");
    CHECK_FALSE(line.has("rule"));
    CHECK(line.get("proposed").dump() == R"({"action":"convert","reason":"ok"})");

    rulesOf("include:\n- {id: all, kind: permanent, reason: r, repos: root}\n").apply(line, now, tally);
    CHECK(line.get("action").string() == "convert");
    CHECK_FALSE(line.has("proposed"));
    line.erase("rule");
    CHECK(line.line() == before);
}

TEST_CASE("rules leave alone what is left out by design") {
    Rules::Tally tally;
    auto line = rawLine();
    line.set("action", "skip").set("reason", "ignored_pattern");
    auto const before = line.line();
    rulesOf("include:\n- {id: all, kind: permanent, reason: r, paths: '**'}\n").apply(line, now, tally);
    CHECK(line.line() == before);
}

TEST_CASE("an include does not repair an error, and what is to be reviewed only where it names the reason") {
    Rules::Tally tally;
    auto const apply = [&](manifest::Record line, std::string const &action, std::string const &reason,
                           std::string const &keys) {
        line.set("action", action).set("reason", reason);
        rulesOf("include:\n- {id: i, kind: permanent, reason: r, " + keys + "}\n").apply(line, now, tally);
        return line;
    };
    auto const error = apply(rawLine(), "error", "missing_file", "reasons: missing_file");
    CHECK(error.get("action").string() == "error");
    CHECK(error.get("rule")["id"].string() == "i");
    CHECK(apply(rawLine(), "review", "unregistered_raw", "repos: root").get("action").string() == "review");
    auto const reviewed = apply(rawLine(), "review", "unregistered_raw", "reasons: unregistered_raw");
    CHECK(reviewed.get("action").string() == "convert");
    CHECK(reviewed.get("reason").string() == "unregistered_raw");
    CHECK(reviewed.get("proposed").dump() == R"({"action":"review","reason":"unregistered_raw"})");
    auto incomplete = rawLine();
    incomplete.erase("run");
    CHECK(apply(incomplete, "review", "no_run", "reasons: no_run").get("action").string() == "review");
    CHECK(apply(rawLine(), "error", "missing_file", "reasons: ok").get("action").string() == "undecided");
}

TEST_CASE("after a run it is told what rules did in vain") {
    Rules::Tally tally;
    auto const rules =
        rulesOf("exclude:\n"
                "- {id: raws, kind: permanent, reason: none, dataset_types: raw}\n"
                "- {id: old, kind: until, until: 2020-01-01, reason: none, dataset_types: raw}\n"
                "- {id: ccs, kind: permanent, reason: none, match: {detecter: 0}}\n"
                "- {id: none, kind: permanent, reason: none, match: {detector: 5}}\n"
                "include:\n- {id: all, kind: permanent, reason: r, repos: root}\n");
    for (int i = 0; i < 2; ++i) {
        auto line = rawLine();
        rules.apply(line, now, tally);
    }
    CHECK(rules.remarks(tally, now)
          == std::vector<std::string>{
              R"(rule "raws" excluded 2 datasets that rule "all" would have included)",
              R"(rule "old" ended on 2020-01-01)",
              R"(rule "ccs" decided nothing: no line has a value detecter (did you mean detector?))",
              R"(rule "none" decided nothing)",
              R"(rule "all" decided nothing)",
          });
}

TEST_CASE("a file that is wrong is refused with its place") {
    CHECK_THAT(failure(""), Contains("\"r.yaml\": the file is no mapping"));
    CHECK_THAT(failure("a: [\n"), Contains("--rules: could not read \"r.yaml\": line"));
    CHECK_THAT(failure("owner: x\n"),
               Contains("the key \"rules\" is missing | files for this program begin"));
    CHECK_THAT(failure("owner: x\nrules: 2\n"),
               Contains("\"r.yaml\", line 2: rules: version 2 of rules files is not known"));
    CHECK_THAT(failure("rules: 1\nexlude: []\n"),
               Contains("line 2: exlude: there is no such key | did you mean exclude?"));
    CHECK_THAT(failure("rules: 1\ninclude: x\n"), Contains("line 2: include: must be a list"));
    CHECK_THAT(failure("rules: 1\ninclude:\n- x\n"), Contains("line 3: a rule of include must be a mapping"));
    CHECK_THAT(failure("rules: 1\nowner: x\nowner: y\n"), Contains("line 3: owner: it stands there twice"));
    CHECK_THAT(failure("rules: 1\nexclude:\n- {id: a, id: b}\n"),
               Contains("line 3: id: it stands there twice"));
    CHECK_THAT(failure("rules: 1\nowner: ' '\n"), Contains("owner: must be a text"));
    CHECK_THROWS_WITH(Rules::read("/nowhere/r.yaml"), Contains("--rules: ") && Contains("/nowhere/r.yaml"));
}

TEST_CASE("a rule that is wrong is refused with its name and key") {
    CHECK_THAT(ruleFailure("id: a, kind: permanent, resaon: r"),
               Equals("--rules: \"r.yaml\", line 4: exclude \"a\": resaon: there is no such key | did you "
                      "mean reason?"));
    CHECK_THAT(ruleFailure("kind: permanent, reason: r, repos: root"),
               Contains("line 4: a rule of exclude: the key \"id\" is missing"));
    CHECK_THAT(ruleFailure("id: a, reason: r, repos: root"), Contains("the key \"kind\" is missing"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, repos: root"), Contains("the key \"reason\" is missing"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, repos: root, reason: ''"),
               Contains("reason: must be a text"));
    CHECK_THAT(ruleFailure("id: 3, kind: permanent, repos: root, reason: r"),
               Contains("id: 3 is no text | put it into quotes"));
    CHECK_THAT(failure("rules: 1\nexclude:\n- {id: a, kind: permanent, reason: r, repos: root}\n"),
               Contains("exclude \"a\": nobody owns it | write an owner:"));
    CHECK_THAT(failure("rules: 1\nowner: x\nexclude:\n- {id: a, kind: permanent, reason: r, repos: root}\n"
                       "include:\n- {id: a, kind: permanent, reason: r, repos: root}\n"),
               Contains("line 6: include \"a\": id: another rule has this ID"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r"),
               Contains("it says nothing of what it is for"));
    CHECK_THAT(ruleFailure("id: a, kind: forever, reason: r, repos: root"),
               Contains("kind: there is no kind \"forever\" | kinds are:"));
    CHECK_THAT(ruleFailure("id: a, kind: untl, reason: r, repos: root"), Contains("did you mean until?"));
    CHECK_THAT(ruleFailure("id: a, kind: until, reason: r, repos: root"),
               Contains("needs the key \"until\""));
    CHECK_THAT(ruleFailure("id: a, kind: until, until: soon, reason: r, repos: root"),
               Contains("until: \"soon\" is no date"));
    CHECK_THAT(ruleFailure("id: a, kind: until, until: 2021-02-30, reason: r, repos: root"),
               Contains("is no date"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, until: 2021-02-20, reason: r, repos: root"),
               Contains("a permanent rule has no end"));
    CHECK_THAT(ruleFailure("id: a, kind: until_release, reason: r, repos: root"),
               Contains("needs the key \"younger_than_h\" or \"until\""));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, younger_than_h: -1"),
               Contains("a number of hours"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, younger_than_h: .nan"),
               Contains("a number of hours"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, repos: [roof]"),
               Contains("\"roof\" is none of root"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, paths: []"),
               Contains("paths: must be a list"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, paths: [1]"), Contains("paths: 1 is no text"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, match: {}"),
               Contains("match: must be a mapping"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, match: {a: []}"),
               Contains("a: the list is empty"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, match: {a: 1.5}"),
               Contains("a: 1.5 is neither"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, match: {younger_than_h: 3}"),
               Contains("it stands beside match, not in it"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, day_obs: 20210101..20201231"),
               Contains("the first day of \"20210101..20201231\" is after the last"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, day_obs: 2021"),
               Contains("\"2021\" is no day"));
    CHECK_THAT(ruleFailure("id: a, kind: permanent, reason: r, day_obs: ['..']"), Contains("must be a day"));
}

TEST_CASE("the examples are rules files, and decide as their comments say") {
    auto const decide = [](std::string const &file, manifest::Record const &line) {
        return Rules::read(tests::data("../../examples/rules/" + file)).decide(line, now).rule["id"].text();
    };
    CHECK(decide("hsc_rc2_weekly.yaml", rerunLine("RC/w_2021_02/DM-28282-sfm", "src")) == "rc2");
    CHECK(decide("hsc_rc2_weekly.yaml", rerunLine("RC/w_2021_02/DM-28282", "forced_metadata")) == "metadata");
    CHECK(decide("hsc_rc2_weekly.yaml", rerunLine("RC/w_2020_38/DM-1-sfm", "src")) == "old weeklies");
    CHECK(decide("hsc_rc2_weekly.yaml", rerunLine("RC/w_2020_46/DM-1-sfm", "src")) == "null");
    CHECK(decide("hsc_rc2_weekly.yaml", rerunLine("private/u1/t", "src")) == "private");
    CHECK(decide("dc2_weekly.yaml", rerunLine("w_2021_04/DM-28453/sfm", "src")) == "test-med-1");
    CHECK(decide("dc2_weekly.yaml", rerunLine("w_2021_04/DM-28453/coadd", "deepCoadd_directWarp"))
          == "warps");
    CHECK(decide("dc2_weekly.yaml", rerunLine("w_2020_44/DM-1/sfm", "src")) == "old weeklies");
    CHECK(decide("raws.yaml", rawLine()) == "raws");
    auto young = rawLine();
    auto gen2 = young.get("gen2");
    gen2.set("registry", common::Json::parse(R"({"dateObs":"2021-05-31T01:02:03.4","imageType":"SKYEXP"})"));
    CHECK(decide("raws.yaml", young.set("gen2", gen2)) == "embargo");
}
