#include "butler/config.h"

#include "butler/db_auth.h"
#include "butler/embedded.h"
#include "butler/postgres_config.h"

#include "test_repo.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace dbb;
using butler::Config;
using butler::readConfig;

namespace {

/// A folder with a butler.yaml.
struct Folder {
    test::TemporaryFolder folder;
    explicit Folder(std::string const &yaml) { common::writeFileDurably(folder / "butler.yaml", yaml); }
    Config read() const { return readConfig(folder.path()); }
};

/// An environment variable for the time of a test.
struct Environment {
    std::string name;
    Environment(char const *variable, std::string const &value) : name(variable) {
        ::setenv(variable, value.c_str(), 1);
    }
    ~Environment() { ::unsetenv(name.c_str()); }
};

} // namespace

TEST_CASE("the configuration of a fresh repository", "[butler][config]") {
    Folder const f(butler::freshConfigText());
    auto const c = f.read();
    CHECK(c.file == f.folder / "butler.yaml");
    CHECK(c.root == f.folder.path());
    CHECK(c.sqlite_path == f.folder / "gen3.sqlite3");
    CHECK(c.datastores.front().root == f.folder.path());
    CHECK(c.datastores.front().name == "FileDatastore@<butlerRoot>");
    CHECK(c.datastores.front().records_table == "file_datastore_records");
    CHECK_FALSE(c.datastores.front().checksum);
    CHECK_FALSE(c.obscore);
    CHECK(c.datastores.front().templates.isNull());
}

TEST_CASE("an empty configuration has the Butler's defaults", "[butler][config]") {
    Folder const f("{}\n");
    auto const c = f.read();
    CHECK(c.datastores.front().root == f.folder / "datastore");
    CHECK(c.datastores.front().name == "FileDatastore@<butlerRoot>/datastore");
    CHECK(c.sqlite_path == f.folder / "gen3.sqlite3");
}

TEST_CASE("configured places", "[butler][config]") {
    Folder const f(
        "root: /other/place/\n"
        "datastore: {root: 'file:///data/a%20b/', checksum: true, records: {table: mine},\n"
        "            templates: {raw: 'x/{run}'}}\n"
        "registry: {db: 'sqlite:////db/my.sqlite3', managers: {obscore: {cls: x, config: {a: 1}}}}\n");
    auto const c = f.read();
    CHECK(c.root == "/other/place");
    CHECK(c.sqlite_path == "/db/my.sqlite3");
    CHECK(c.datastores.front().root == "/data/a b");
    CHECK(c.datastores.front().name == "FileDatastore@file:///data/a%20b/"); // as it is written
    CHECK(c.datastores.front().records_table == "mine");
    CHECK(c.datastores.front().checksum);
    CHECK(c.obscore);
    CHECK(c.datastores.front().templates["raw"].string() == "x/{run}");

    Folder const named("datastore: {name: Store, root: <butlerRoot>/files}\nroot: /r");
    CHECK(named.read().datastores.front().name == "Store");
    CHECK(named.read().datastores.front().root == "/r/files");
    CHECK(named.read().sqlite_path == "/r/gen3.sqlite3");
}

TEST_CASE("managers may be mappings as long as they override nothing", "[butler][config]") {
    Folder const f("registry: {managers: {datasets: {cls: x, schema_version: 1.0.0, config: {}}}}\n");
    CHECK_NOTHROW(f.read());
}

TEST_CASE("what dbb can't use is refused by the name of the key", "[butler][config]") {
    using Row = std::pair<std::string, std::string>;
    auto const [yaml, key] = GENERATE(
        Row{"cls: lsst.daf.butler.remote_butler.RemoteButler\nremote_butler: {url: 'https://x'}\n", "cls"},
        Row{"remote_butler: {url: 'https://x'}\n", "remote_butler"}, Row{"cls: some.other.Butler\n", "cls"},
        Row{"registry: {db: 'postgresql://u@h'}\n", "registry.db"},
        Row{"registry: {db: 'postgresql://u@h:five/d'}\n", "registry.db"},
        Row{"registry: {db: 'postgresql+psycopg2://u@h/d?sslmode=require'}\n", "registry.db"},
        Row{"registry: {db: 'sqlite:///:memory:'}\n", "registry.db"},
        Row{"registry: {db: 'sqlite://'}\n", "registry.db"},
        Row{"registry: {db: 'sqlite:///x.sqlite3?uri=true'}\n", "registry.db"},
        Row{"registry: {db: 7}\n", "registry.db"},
        Row{"datastore: {cls: x.ChainedDatastore}\n", "datastore.datastores"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: 5}\n", "datastore.datastores"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: []}\n", "datastore.datastores"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{cls: x.InMemoryDatastore}]}\n",
            "datastore.datastores"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{cls: x.ChainedDatastore}]}\n",
            "datastore.datastores.0.cls"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{root: 's3://b/'}]}\n",
            "datastore.datastores.0.root"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{root: /a}, {root: /a, name: N, records: "
            "{table: t}}]}\n",
            "datastore.datastores"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{root: /a, name: N}, {root: /b, name: N, "
            "records: {table: t}}]}\n",
            "datastore.datastores"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{root: /a}, {root: /b}]}\n",
            "datastore.datastores"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{root: /a}], datastore_constraints: []}\n",
            "datastore.datastore_constraints"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{root: /a}], datastore_constraints: "
            "[{constraints: {accept: x}}]}\n",
            "datastore.datastore_constraints.0.constraints.accept"},
        Row{"datastore: {cls: x.ChainedDatastore, datastores: [{root: /a, constraints: 5}]}\n",
            "datastore.datastores.0.constraints"},
        Row{"datastore: {cls: lsst.daf.butler.datastores.inMemoryDatastore.InMemoryDatastore}\n",
            "datastore.cls"},
        Row{"datastore: {root: 's3://bucket/prefix/'}\n", "datastore.root"},
        Row{"datastore: {checksum: maybe}\n", "datastore.checksum"},
        Row{"datastore: {constraints: {reject: raw}}\n", "datastore.constraints.reject"},
        Row{"root: 's3://b/'\n", "root"},
        Row{"registry: {managers: {datasets: {cls: x, config: {overrides: {a: 1}}}}}\n",
            "registry.managers.datasets.config"});
    CAPTURE(yaml);
    Folder const f(yaml);
    auto const e = test::errorOf([&] { f.read(); });
    CHECK(e.code() == "REPO_UNSUPPORTED");
    CHECK(e.exitCode() == common::ExitCode::Damaged);
    CHECK(e.cause().value == key);
    CHECK(e.message().find("butler.yaml\": " + key + " ") != std::string::npos);
}

namespace {

/// A folder with a repository `repo` of several configuration files, and what else a case has there.
class Site {
public:
    /// `files`: names in the folder and texts
    explicit Site(std::vector<std::pair<std::string, std::string>> const &files) {
        common::createFolders(_folder / "repo");
        for (auto const &[name, text] : files) add(name, text);
    }
    void add(std::string const &name, std::string const &text) const {
        common::createFolders(common::folderOf(_folder / name));
        common::writeFileDurably(_folder / name, text, true);
    }
    Config read() const { return readConfig(_folder / "repo"); }
    std::string name() const { return read().datastores.front().name; }
    std::string path(std::string const &name) const { return _folder / name; }

private:
    test::TemporaryFolder _folder;
};

/// The working folder for the time of a test.
struct WorkingFolder {
    std::string before = common::absolutePath("");
    explicit WorkingFolder(std::string const &path) { REQUIRE(::chdir(path.c_str()) == 0); }
    ~WorkingFolder() { (void)!::chdir(before.c_str()); }
};

std::string const main = "repo/butler.yaml";

} // namespace

TEST_CASE("!include puts a file in the place of a value", "[butler][config]") {
    SECTION("relative to the file that has it, and within each other") {
        Site const site({{main, "datastore: !include site/datastore.yaml\n"},
                         {"repo/site/datastore.yaml", "name: N\ntemplates: !include templates.yaml\n"},
                         {"repo/site/templates.yaml", "raw: 'site/{run}'\n"},
                         {"repo/templates.yaml", "raw: 'wrong/{run}'\n"}});
        CHECK(site.name() == "N");
        CHECK(site.read().datastores.front().templates["raw"].string() == "site/{run}");
    }
    SECTION("never from the working folder") {
        Site const site({{main, "datastore: !include d.yaml\n"},
                         {"repo/d.yaml", "name: N\n"},
                         {"d.yaml", "name: wrong\n"}});
        WorkingFolder const here(site.path(""));
        CHECK(site.name() == "N");
    }
    SECTION("with the part of the configuration on top of the file") {
        Site const site({{main, "datastore: !include d.yaml\n"}, {"repo/d.yaml", "datastore: {name: N}\n"}});
        CHECK(site.name() == "N");
    }
    SECTION("with variables, the home folder, and as a URI") {
        Site const site({{main, ""}, {"repo/d x.yaml", "name: N\n"}});
        Environment const folder("DBB_TEST_FOLDER", site.path("repo"));
        std::string const home = ::getenv("HOME") ? ::getenv("HOME") : "";
        for (std::string const name : {"$DBB_TEST_FOLDER/d x.yaml", "${DBB_TEST_FOLDER}/d x.yaml",
                                       "~/d x.yaml", "file://@/d%20x.yaml"}) {
            CAPTURE(name);
            auto const at = name.find('@');
            auto const written =
                at == std::string::npos ? name : std::string(name).replace(at, 1, site.path("repo"));
            site.add(main, "datastore: !include '" + written + "'\n");
            Environment const userFolder("HOME", site.path("repo"));
            CHECK(site.name() == "N");
        }
        ::setenv("HOME", home.c_str(), 1);
        site.add(main, "datastore: !include $DBB_TEST_NOTHING/d.yaml\n");
        CHECK(test::errorOf([&] { site.read(); }).message().find("/repo/$DBB_TEST_NOTHING/d.yaml\"")
              != std::string::npos);
    }
    SECTION("as a list or mapping of files") {
        Site const site(
            {{main, "datastore: {templates: !include {raw: r.yaml}}\n"}, {"repo/r.yaml", "'r/{run}'\n"}});
        CHECK(site.read().datastores.front().templates["raw"].string() == "r/{run}");
    }
    SECTION("not in a comment") {
        Site const site({{main, "# !include d.yaml, includeConfigs: [d.yaml]\n{}\n"}});
        CHECK_NOTHROW(site.read());
    }
}

TEST_CASE("includeConfigs joins files below the keys beside it", "[butler][config]") {
    SECTION("the later of two goes before, the keys beside the list before both") {
        Site const site({{main, "includeConfigs: [a.yaml, b.json]\ndatastore: {checksum: false}\n"},
                         {"repo/a.yaml", "datastore: {name: A, checksum: true, records: {table: mine}}\n"},
                         {"repo/b.json", R"({"datastore":{"name":"B","checksum":true}})"}});
        CHECK(site.name() == "B");
        CHECK(site.read().datastores.front().records_table == "mine");
        CHECK_FALSE(site.read().datastores.front().checksum);
    }
    SECTION("a single file, an empty one, and a list at another level") {
        Site const site({{main, "includeConfigs: a.yaml\ndatastore: {includeConfigs: s/b.yaml}\n"},
                         {"repo/a.yaml", ""},
                         {"repo/s/b.yaml", "includeConfigs: c.yaml\nroot: <butlerRoot>/b\n"},
                         {"repo/s/c.yaml", "name: C\nroot: /wrong\n"}});
        CHECK(site.name() == "C");
        CHECK(site.read().datastores.front().root == site.path("repo/b")); // of the main file
    }
    SECTION("in the order of the keys") {
        Site site({{main, "datastore: {includeConfigs: a.yaml}\nincludeConfigs: b.yaml\n"},
                   {"repo/a.yaml", "name: A\n"},
                   {"repo/b.yaml", "datastore: {name: B}\n"}});
        CHECK(site.name() == "A");
        site.add(main, "includeConfigs: b.yaml\ndatastore: {includeConfigs: a.yaml}\n");
        CHECK(site.name() == "B");
    }
    SECTION("in an included value they are relative to the file that includes it") {
        Site const site({{main, "datastore: !include s/d.yaml\n"},
                         {"repo/s/d.yaml", "includeConfigs: e.yaml\n"},
                         {"repo/s/e.yaml", "name: wrong\n"},
                         {"repo/e.yaml", "name: N\n"}});
        CHECK(site.name() == "N");
    }
    SECTION("the working folder goes before that of the file") {
        Site const site({{main, "includeConfigs: a.yaml\n"},
                         {"repo/a.yaml", "datastore: {name: A}\n"},
                         {"work/a.yaml", "datastore: {name: W}\n"}});
        WorkingFolder const here(site.path("work"));
        CHECK(test::errorOf([&] { site.read(); }).code() == "REPO_UNSUPPORTED");
        Environment const folders("DAF_BUTLER_CONFIG_PATH", site.path("work"));
        CHECK(site.name() == "W");
    }
}

TEST_CASE("the site's defaults stand below the repository's keys", "[butler][config]") {
    Site const site({{main, "{}\n"}});
    Environment const folders("DAF_BUTLER_CONFIG_PATH",
                              "/nowhere::" + site.path("first") + ":" + site.path("second"));
    SECTION("of a datastore of files") {
        site.add("first/datastores/fileDatastore.yaml", "datastore: {checksum: true, root: /first}\n");
        site.add("second/datastores/fileDatastore.yaml",
                 "root: /second\nname: N\ntemplates: !include templates.yaml\n");
        site.add("second/datastores/templates.yaml", "{raw: 'r/{run}', default: 'd/{run}'}\n");
        auto c = site.read();
        CHECK(c.datastores.front().checksum);
        CHECK(c.datastores.front().root == "/first");
        CHECK(c.datastores.front().name == "N");
        CHECK(c.datastores.front().templates.dump() == R"({"raw":"r/{run}","default":"d/{run}"})");
        site.add(main, "datastore: {root: /own, checksum: false}\n");
        c = site.read();
        CHECK(c.datastores.front().root == "/own");
        CHECK_FALSE(c.datastores.front().checksum);
    }
    SECTION("of any datastore, before which the Butler's own for files go") {
        site.add(
            "first/datastore.yaml",
            "datastore: {checksum: true, root: /no, records: {table: no}, templates: {raw: r, default: no, "
            "physical_filter+detector+exposure: no}}\n");
        auto const c = site.read();
        CHECK(c.datastores.front().checksum);
        CHECK(c.datastores.front().name == "FileDatastore@<butlerRoot>/datastore");
        CHECK(c.datastores.front().records_table == "file_datastore_records");
        CHECK(c.datastores.front().templates.dump() == R"({"raw":"r"})");
    }
    SECTION("of the registry") {
        site.add("second/registry.yaml", "registry: {db: 'sqlite:////db/x.sqlite3'}\n");
        CHECK(site.read().sqlite_path == "/db/x.sqlite3");
    }
    SECTION("that can't be read") {
        site.add("second/registry.yaml", "a: [");
        auto const e = test::errorOf([&] { site.read(); });
        CHECK(e.code() == "REPO_DAMAGED");
        CHECK(e.message().starts_with("DAF_BUTLER_CONFIG_PATH has \"" + site.path("second/registry.yaml")
                                      + "\", which can't be read: "));
    }
}

TEST_CASE("the datastores of a chain", "[butler][config]") {
    auto const universe = butler::Universe::parse(butler::embedded::dimensionsJson());
    auto const group = universe.group({"instrument", "detector", "exposure"});
    auto const accepts = [&](butler::Datastore const &store, std::string const &type) {
        return store.accepts(universe, {type, "Exposure", group, "LATISS"});
    };
    Site const site(
        {{main, "datastore:\n"
                "  cls: lsst.daf.butler.datastores.chainedDatastore.ChainedDatastore\n"
                "  constraints: {reject: [bias]}\n"
                "  datastore_constraints: [{}, {constraints: {reject: [raw]}}, {}]\n"
                "  datastores:\n"
                "    - {cls: lsst.daf.butler.datastores.inMemoryDatastore.InMemoryDatastore}\n"
                "    - {root: <butlerRoot>/FileDatastore_1, records: {table: one}, checksum: true}\n"
                "    - datastore: !include two.yaml\n"},
         {"repo/two.yaml", "{cls: a.FileDatastore, name: Two, records: {table: two},\n"
                           " templates: {raw: x}, constraints: {reject: [flat]}}\n"},
         {"else/datastores/fileDatastore.yaml", "root: <butlerRoot>/default\n"}});
    Environment const folders("DAF_BUTLER_CONFIG_PATH", site.path("else"));
    auto const c = site.read();
    REQUIRE(c.datastores.size() == 2);
    auto const &one = c.datastores[0];
    auto const &two = c.datastores[1];
    CHECK(one.root == site.path("repo/FileDatastore_1"));
    CHECK(one.name == "FileDatastore@<butlerRoot>/FileDatastore_1");
    CHECK(one.records_table == "one");
    CHECK(one.checksum);
    CHECK(two.root == site.path("repo/default")); // its own defaults
    CHECK(two.name == "Two");
    CHECK(two.templates["raw"].string() == "x");
    for (auto const &[type, inOne, inTwo] : {std::tuple("dark", true, true),
                                             {"bias", false, false},
                                             {"raw", false, true},
                                             {"flat", true, false}}) {
        CAPTURE(type);
        CHECK(accepts(one, type) == inOne);
        CHECK(accepts(two, type) == inTwo);
    }
    CHECK(c.included
          == std::vector<std::string>{common::realPath(site.path("repo/two.yaml")),
                                      common::realPath(site.path("else/datastores/fileDatastore.yaml")),
                                      common::realPath(site.path("else/datastores/fileDatastore.yaml"))});
}

TEST_CASE("what may not or can't be included is told with the file and the key", "[butler][config]") {
    struct Row {
        std::string text;   ///< of butler.yaml
        std::string reason; ///< end of the message; @ is the folder
        std::string code = "REPO_DAMAGED";
        std::string key = "datastore";
    };
    std::string const unsupported = "REPO_UNSUPPORTED";
    std::string const outside = ", neither below the folder of the repository's butler.yaml nor below one of "
                                "DAF_BUTLER_CONFIG_PATH";
    auto const row = GENERATE_COPY(
        Row{"datastore: !include ../else/d.yaml", "which is \"@/else/d.yaml\"" + outside, unsupported},
        Row{"datastore: !include link.yaml", "which is \"@/else/d.yaml\"" + outside, unsupported},
        Row{"datastore: !include folder/d.yaml", "which is \"@/else/d.yaml\"" + outside, unsupported},
        Row{"datastore: !include /etc/passwd", "which is \"/etc/passwd\"" + outside, unsupported},
        Row{"datastore: !include resource://lsst.daf.butler/configs/datastore.yaml",
            "which is no file of this host", unsupported},
        Row{"datastore: {templates: !include 's3://b/t.yaml'}", "which is no file of this host", unsupported,
            "datastore.templates"},
        Row{"datastore: !include none.yaml", "but there is no \"@/repo/none.yaml\""},
        Row{"!include none.yaml", "but there is no \"@/repo/none.yaml\"", "REPO_DAMAGED", ""},
        Row{"datastore: !include broken.yaml", "end of sequence flow not found"},
        Row{"datastore: !include large.yaml", "is longer than 1 MiB", unsupported},
        Row{"datastore: !include pipe.yaml", "is no regular file", unsupported},
        Row{"datastore: !include loop.yaml", "which can't be read: ", unsupported},

        Row{"datastore: !include " + std::string(300, 'x'), "File name too long", "NAME_TOO_LONG"},
        Row{"datastore: !include butler.yaml", "which includes itself"},
        Row{"datastore: !include 'a\\0b'", "", "REPO_DAMAGED"},
        Row{"includeConfigs: [list.yaml]", "which is no mapping", "REPO_DAMAGED", "includeConfigs"},
        Row{"includeConfigs: [none.yaml]", "which is neither in the working folder nor in \"@/repo\"",
            "REPO_DAMAGED", "includeConfigs"},
        Row{"includeConfigs: [text.txt]", "whose name ends with neither .yaml nor .json", unsupported,
            "includeConfigs"},
        Row{"datastore: {includeConfigs: [7]}", "which is no name of a file", "REPO_DAMAGED",
            "datastore.includeConfigs"},
        Row{"datastore: {includeConfigs: [butler.yaml]}", "which includes itself", "REPO_DAMAGED",
            "datastore.includeConfigs"},
        Row{"datastore: {includeConfigs: []}", "is an empty list", "REPO_DAMAGED",
            "datastore.includeConfigs"});
    Site const site({{main, row.text + "\n"},
                     {"else/d.yaml", "name: N\n"},
                     {"repo/broken.yaml", "a: ["},
                     {"repo/list.yaml", "- 1\n"},
                     {"repo/text.txt", "{}\n"},
                     {"repo/large.yaml", std::string((std::size_t{1} << 20) + 1, '#')}});
    REQUIRE(::symlink("../else/d.yaml", site.path("repo/link.yaml").c_str()) == 0);
    REQUIRE(::symlink("../else", site.path("repo/folder").c_str()) == 0);
    REQUIRE(::symlink("loop.yaml", site.path("repo/loop.yaml").c_str()) == 0);
    REQUIRE(::mkfifo(site.path("repo/pipe.yaml").c_str(), 0600) == 0);
    CAPTURE(row.text);
    auto reason = row.reason;
    for (auto at = reason.find('@'); at != std::string::npos; at = reason.find('@'))
        reason.replace(at, 1, common::realPath(site.path("")));
    auto const e = test::errorOf([&] { site.read(); });
    CHECK(e.code() == row.code);
    CHECK(e.exitCode() != common::ExitCode::SomeFailed);
    CHECK(
        e.message().starts_with("\"" + site.path(main) + "\": " + (row.key.empty() ? "it" : row.key) + " i"));
    CAPTURE(e.message());
    CHECK(e.message().find(reason) != std::string::npos);
    CHECK(e.cause().value == row.key);
}

TEST_CASE("a file elsewhere can be let in", "[butler][config]") {
    Site const site({{main, "datastore: !include ../else/d.yaml\n"}, {"else/d.yaml", "name: N\n"}});
    auto const e = test::errorOf([&] { site.read(); });
    CHECK(e.hint().find("export DAF_BUTLER_CONFIG_PATH=" + common::realPath(site.path("else")))
          != std::string::npos);
    Environment const folders("DAF_BUTLER_CONFIG_PATH", "/nowhere:" + site.path("else"));
    CHECK(site.name() == "N");
}

TEST_CASE("includes are bounded", "[butler][config]") {
    SECTION("in depth") {
        Site const site({{main, "datastore: {name: !include 1.yaml}\n"}, {"repo/8.yaml", "N\n"}});
        for (int i = 1; i < 8; ++i) {
            site.add("repo/" + std::to_string(i) + ".yaml", "!include " + std::to_string(i + 1) + ".yaml\n");
        }
        CHECK(site.name() == "N");
        site.add("repo/8.yaml", "!include 9.yaml\n");
        site.add("repo/9.yaml", "N\n");
        auto const e = test::errorOf([&] { site.read(); });
        CHECK(e.code() == "REPO_UNSUPPORTED");
        CHECK(e.message().starts_with("\"" + site.path("repo/8.yaml") + "\": it includes \"9.yaml\""));
    }
    SECTION("in number, a file again and again included") {
        std::string const one = "- !include x.yaml\n";
        std::string list = "x:\n";
        for (int i = 0; i < 64; ++i) list += one;
        Site const site({{main, list}, {"repo/x.yaml", "1\n"}});
        CHECK_NOTHROW(site.read());
        site.add(main, list + one);
        auto const e = test::errorOf([&] { site.read(); });
        CHECK(e.code() == "REPO_UNSUPPORTED");
        CHECK(e.message().find("x.64 includes \"x.yaml\", one more than the 64 files") != std::string::npos);
    }
    SECTION("in values") {
        std::string values = "- &a [1,1,1,1,1,1,1,1,1,1]\n- &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                             "- &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n- &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n";
        for (int i = 0; i < 7; ++i) values += "- [*d,*d,*d,*d,*d,*d,*d]\n";
        Site const site({{main, "x: !include a.yaml\ny: !include a.yaml\n"}, {"repo/a.yaml", values}});
        CHECK(
            test::errorOf([&] { site.read(); }).message().find("y includes \"a.yaml\", with which there are")
            != std::string::npos);
    }
}

TEST_CASE("a broken butler.yaml is damage", "[butler][config]") {
    auto const yaml = GENERATE(as<std::string>{}, "a: [", "- 1\n- 2\n", "just text", "", "# nothing else\n",
                               "datastore: 5\n", "datastore: []\n", "registry: x\n",
                               "registry: {managers: 1}\n", "datastore: {records: file_datastore_records}\n",
                               "datastore: {cls: x.ChainedDatastore, datastores: [/a]}\n");
    CAPTURE(yaml);
    Folder const f(yaml);
    auto const e = test::errorOf([&] { f.read(); });
    CHECK(e.code() == "REPO_DAMAGED");
    CHECK(e.exitCode() == common::ExitCode::Damaged);
}

TEST_CASE("damage of butler.yaml is told by the key that has it", "[butler][config]") {
    Folder const f("datastore: {records: file_datastore_records}\n");
    auto const e = test::errorOf([&] { f.read(); });
    CHECK(e.message().find("butler.yaml\": datastore.records is no mapping but \"file_datastore_records\"")
          != std::string::npos);
    CHECK(e.cause().value == "datastore.records");
}

TEST_CASE("repositories that are not there", "[butler][config]") {
    test::TemporaryFolder const folder;
    CHECK(test::errorOf([&] { readConfig(folder.path()); }).message().find("has no butler.yaml")
          != std::string::npos);
    auto const e = test::errorOf([&] { readConfig(folder / "nothing"); });
    CHECK(e.code() == "REPO_NOT_FOUND");
    CHECK(e.exitCode() == common::ExitCode::Backend);
    CHECK(test::errorOf([] { readConfig("s3://bucket/repo"); }).code() == "REPO_UNSUPPORTED");
}

TEST_CASE("labels of the site's index", "[butler][config]") {
    Folder const f(butler::freshConfigText());
    auto const &path = f.folder.path();
    SECTION("in the environment") {
        Environment const variable("DAF_BUTLER_REPOSITORIES", "{main: '" + path + "'}");
        CHECK(readConfig("main").root == path);
        auto const e = test::errorOf([] { readConfig("mian"); });
        CHECK(e.code() == "REPO_NOT_FOUND");
        CHECK(e.hint() == "did you mean main?");
        CHECK(readConfig(path).root == path);
    }
    SECTION("in a file") {
        common::writeFileDurably(f.folder / "index.yaml",
                                 "main: file://" + path + "/butler.yaml\nother: 7\n");
        Environment const variable("DAF_BUTLER_REPOSITORY_INDEX", "file://" + f.folder / "index.yaml");
        CHECK(readConfig("main").root == path);
        CHECK(test::errorOf([] { readConfig("other"); }).code() == "USAGE");
    }
    SECTION("both at once") {
        Environment const one("DAF_BUTLER_REPOSITORIES", "{}");
        Environment const two("DAF_BUTLER_REPOSITORY_INDEX", "/x");
        CHECK(test::errorOf([&] { readConfig(path); }).code() == "USAGE");
    }
    SECTION("broken") {
        Environment const variable("DAF_BUTLER_REPOSITORIES", "[");
        CHECK(test::errorOf([&] { readConfig(path); }).code() == "USAGE");
    }
}

TEST_CASE("credentials come from the first entry that fits", "[butler][config]") {
    auto const with = [](std::string const &url, std::string const &json) {
        Environment const entries("LSST_DB_AUTH_CREDENTIALS", json);
        auto target = butler::postgresTarget(url, {});
        butler::addCredentials(target);
        return target.user + "|" + target.password;
    };
    std::string const list = R"([{"url":"mysql://h/d","password":"no"},
        {"url":"postgresql://other@*.example.org/d","password":"theirs"},
        {"url":"postgresql://db.example.org:5433/d","username":"u","password":"port"},
        {"url":"postgresql://*.example.org/night*","username":"u","password":"nights"},
        {"url":"postgresql://*.example.org","username":"u","password":"any"}])";
    CHECK(with("postgresql://db.example.org/nights", list) == "u|nights");
    CHECK(with("postgresql://me@db.example.org/nights", list) == "me|nights");
    CHECK(with("postgresql://other@db.example.org/d", list) == "other|theirs");
    CHECK(with("postgresql://db.example.org:5433/d", list) == "u|port");
    CHECK(with("postgresql://db.example.org:5434/d", list) == "u|any");
    CHECK(with("postgresql://elsewhere/d", list) == "|");
    CHECK(with("postgresql://me:own@db.example.org/d", list) == "me|own");
    CHECK(with("postgresql:///d", list) == "|");
    for (auto const *broken :
         {"{", "{}", R"([{"url":"postgresql://h/d"}])", R"([{"url":"postgresql:///d","password":"x"}])"}) {
        CAPTURE(broken);
        CHECK_THROWS_AS(with("postgresql://h/d", broken), common::Error);
    }
}

TEST_CASE("the URL of a PostgreSQL registry is read as SQLAlchemy does", "[butler][config]") {
    auto const read = [](std::string const &url, std::string const &section = "{}") {
        auto const t = butler::postgresTarget(url, common::Json::parse(section));
        return t.user + "|" + t.password + "|" + t.host + "|" + t.port + "|" + t.database + "|" + t.schema;
    };
    CHECK(read("postgresql://h/d") == "||h||d|");
    CHECK(read("postgresql+psycopg2://u@h:5432/d", R"({"namespace":"ns"})") == "u||h|5432|d|ns");
    CHECK(read("postgresql://u%40site:p%3Aw@h.example.org/d%20x") == "u@site|p:w|h.example.org||d x|");
    CHECK(read("postgresql://[::1]:5433/d") == "||::1|5433|d|");
    CHECK(read("postgresql:///d") == "||||d|");
    CHECK(read("postgresql://", R"({"username":"u","password":"p","host":"h","port":5432,"database":"d"})")
          == "u|p|h|5432|d|");
    // What the URL says goes before.
    CHECK(read("postgresql://v@i/e", R"({"username":"u","host":"h","database":"d"})") == "v||i||e|");
    CHECK(butler::postgresTarget("postgresql://u:secret@h/d", {}).name() == "postgresql://u@h/d");
}
