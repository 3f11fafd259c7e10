#include "butler/config.h"

#include "butler/db_auth.h"
#include "butler/postgres_config.h"

#include "test_repo.h"

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
    CHECK(c.datastore_root == f.folder.path());
    CHECK(c.datastore_name == "FileDatastore@<butlerRoot>");
    CHECK(c.records_table == "file_datastore_records");
    CHECK_FALSE(c.checksum);
    CHECK_FALSE(c.obscore);
    CHECK(c.templates.isNull());
}

TEST_CASE("an empty configuration has the Butler's defaults", "[butler][config]") {
    Folder const f("{}\n");
    auto const c = f.read();
    CHECK(c.datastore_root == f.folder / "datastore");
    CHECK(c.datastore_name == "FileDatastore@<butlerRoot>/datastore");
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
    CHECK(c.datastore_root == "/data/a b");
    CHECK(c.datastore_name == "FileDatastore@file:///data/a%20b/"); // as it is written
    CHECK(c.records_table == "mine");
    CHECK(c.checksum);
    CHECK(c.obscore);
    CHECK(c.templates["raw"].string() == "x/{run}");

    Folder const named("datastore: {name: Store, root: <butlerRoot>/files}\nroot: /r");
    CHECK(named.read().datastore_name == "Store");
    CHECK(named.read().datastore_root == "/r/files");
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
        Row{"datastore: {cls: lsst.daf.butler.datastores.chainedDatastore.ChainedDatastore}\n",
            "datastore.cls"},
        Row{"datastore: {datastores: []}\n", "datastore.cls"},
        Row{"datastore: {cls: lsst.daf.butler.datastores.inMemoryDatastore.InMemoryDatastore}\n",
            "datastore.cls"},
        Row{"datastore: {root: 's3://bucket/prefix/'}\n", "datastore.root"},
        Row{"datastore: {checksum: maybe}\n", "datastore.checksum"},
        Row{"datastore: {constraints: {reject: [raw]}}\n", "datastore.constraints"},
        Row{"root: 's3://b/'\n", "root"},
        Row{"registry: {managers: {datasets: {cls: x, config: {overrides: {a: 1}}}}}\n",
            "registry.managers.datasets.config"},
        Row{"includeConfigs: [other.yaml]\n", "includeConfigs"},
        Row{"registry: {includeConfigs: [other.yaml]}\n", "includeConfigs"},
        Row{"datastore: !include other.yaml\n", "!include"});
    CAPTURE(yaml);
    Folder const f(yaml);
    auto const e = test::errorOf([&] { f.read(); });
    CHECK(e.code() == "REPO_UNSUPPORTED");
    CHECK(e.exitCode() == common::ExitCode::Damaged);
    CHECK(e.cause().value == key);
    CHECK(e.message().find("butler.yaml\": " + key + " ") != std::string::npos);
}

TEST_CASE("a comment about includes is no include", "[butler][config]") {
    Folder const f("# !include is not used here\n{}\n");
    CHECK_NOTHROW(f.read());
}

TEST_CASE("a broken butler.yaml is damage", "[butler][config]") {
    auto const yaml = GENERATE(as<std::string>{}, "a: [", "- 1\n- 2\n", "just text", "", "# nothing else\n",
                               "datastore: 5\n", "datastore: []\n", "registry: x\n",
                               "registry: {managers: 1}\n", "datastore: {records: file_datastore_records}\n");
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
