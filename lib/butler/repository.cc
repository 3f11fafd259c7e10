#include "butler/repository.h"

#include "butler/db_auth.h"
#include "butler/embedded.h"
#include "butler/postgres_config.h"
#include "common/error.h"
#include "common/file.h"
#include "common/text.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <optional>
#include <unistd.h>

namespace dbb::butler {

using common::Error;
using common::ExitCode;
using common::Json;

bool storesDatasets(sql::Database &db, Config const &config, Datastore const &datastore) {
    if (config.datastores.size() == 1) return db.cached("SELECT 1 FROM dataset_location").hasRow({});
    return db.cached("SELECT 1 FROM dataset_location WHERE datastore_name = ?").hasRow({datastore.name});
}

bool maySpareRoot(sql::Database &db, Config const &config, Datastore const &datastore) {
    return config.datastores.size() > 1 && !storesDatasets(db, config, datastore);
}

namespace {

using Attributes = std::map<std::string, std::string>;

/// A registry manager that dbb knows, with the major and minor versions of its tables that dbb can use.
struct Manager {
    char const *name;
    char const *cls;
    std::array<std::array<int, 2>, 2> versions;
};

constexpr std::array<Manager, 6> managers{{
    {"attributes", "lsst.daf.butler.registry.attributes.DefaultButlerAttributeManager", {{{1, 0}, {1, 0}}}},
    {"collections",
     "lsst.daf.butler.registry.collections.synthIntKey.SynthIntKeyCollectionManager",
     {{{2, 0}, {2, 0}}}},
    {"datasets",
     "lsst.daf.butler.registry.datasets.byDimensions._manager.ByDimensionsDatasetRecordStorageManagerUUID",
     {{{1, 0}, {2, 0}}}},
    {"datastores",
     "lsst.daf.butler.registry.bridge.monolithic.MonolithicDatastoreRegistryBridgeManager",
     {{{0, 2}, {0, 2}}}},
    {"dimensions",
     "lsst.daf.butler.registry.dimensions.static.StaticDimensionRecordStorageManager",
     {{{6, 0}, {6, 0}}}},
    {"opaque", "lsst.daf.butler.registry.opaque.ByNameOpaqueTableStorageManager", {{{0, 2}, {0, 2}}}},
}};

Error unsupported(std::string const &file, std::string const &reason) {
    return Error("REPO_UNSUPPORTED", "\"" + file + "\": " + reason, ExitCode::Damaged);
}

Error notARegistry(std::string const &file, std::string const &reason) {
    return Error("REPO_DAMAGED", "\"" + file + "\" is no Butler registry: " + reason, ExitCode::Damaged);
}

Attributes readAttributes(sql::Database &db, std::string const &file) {
    if (!db.hasTable("butler_attributes")) {
        auto const error = notARegistry(file, "it has no table butler_attributes");
        throw db.dialect() == sql::Dialect::Sqlite
            ? error
            : Error(error).hint("correct registry.db and registry.namespace in butler.yaml; "
                                "look at the database with psql");
    }
    Attributes out;
    db.cached("SELECT name, value FROM butler_attributes").query({}, [&](sql::Statement const &row) {
        out[row.text(0)] = row.text(1);
    });
    return out;
}

std::string versionText(std::array<int, 2> const &version) {
    return std::to_string(version[0]) + "." + std::to_string(version[1]) + ".x";
}

/// Major and minor of "2.0.1"; nullopt when it is no version.
std::optional<std::array<int, 2>> parseVersion(std::string const &text) {
    std::array<int, 2> out{};
    int patch = 0;
    if (std::sscanf(text.c_str(), "%d.%d.%d", &out[0], &out[1], &patch) != 3) return std::nullopt;
    return out;
}

/// The Butler's rule: equal major version; equal minor version to write, an older one may be read.
bool fits(std::array<int, 2> const &found, std::array<int, 2> const &known, Access access) {
    if (found[0] != known[0]) return false;
    return found[1] == known[1] || (access == Access::ReadOnly && found[1] < known[1]);
}

/// Check one manager. \return major version of its tables (the newest known one when none is recorded)
int checkManager(Manager const &manager, Attributes const &attributes, std::string const &file,
                 Access access) {
    std::string const name = manager.name;
    auto const cls = attributes.find("config:registry.managers." + name);
    if (cls == attributes.end()) throw notARegistry(file, "no manager of " + name + " is recorded");
    if (cls->second != manager.cls) {
        throw unsupported(file, "its " + name + " are kept by " + cls->second + "; dbb knows " + manager.cls);
    }
    auto const &versions = manager.versions;
    auto const row = attributes.find("version:" + cls->second);
    if (row == attributes.end()) return versions.back()[0];
    auto const found = parseVersion(row->second);
    for (auto const &known : versions) {
        if (found && fits(*found, known, access)) return (*found)[0];
    }
    auto const known = versionText(versions[0])
                       + (versions[0] == versions[1] ? std::string() : " or " + versionText(versions[1]));
    throw unsupported(file, "manager of " + name + " has version " + row->second + "; dbb can "
                                + (access == Access::ReadOnly ? "read " : "write ") + known);
}

bool keepsObscore(Config const &config, Attributes const &attributes) {
    return config.obscore || attributes.contains("config:registry.managers.obscore")
           || attributes.contains("config:obscore.json");
}

Error obscoreLeftOut(Config const &config) {
    return unsupported(config.registry(),
                       "registry.managers.obscore keeps a live ObsCore table, which dbb would "
                       "leave out of date")
        .hint("write nevertheless with --ignore-obscore, and then bring the table up to date: "
              + obscoreRemedy(config));
}

void runAll(sql::Database &db, std::vector<std::string> const &statements) {
    for (auto const &statement : statements) db.execute(statement);
}

void createRecordsTable(sql::Database &db, std::string const &name) {
    runAll(db, recordsTable(name, db.dialect()));
    db.cached("INSERT INTO opaque_meta (table_name) VALUES (?) ON CONFLICT DO NOTHING").run({name});
}

/// A repository that only `butler create` has touched lacks the table. Where datasets are said to be stored,
/// there has been one: an empty table in its place would make their files look lost.
void ensureRecordsTable(sql::Database &db, Config const &config, Datastore const &datastore, Access access) {
    auto const &name = datastore.records_table;
    if (db.hasTable(name)) return;
    if (storesDatasets(db, config, datastore)) {
        if (access == Access::ReadOnly) return; // what is there can be read
        throw Error("SCHEMA_DAMAGED",
                    "\"" + config.registry() + "\" has no table " + name
                        + " of file records, though datasets are said to be stored",
                    ExitCode::Damaged)
            .hint("correct datastore.records.table in \"" + config.file
                  + "\", or restore the table from a backup; what else is wrong shows: dbb-repo check");
    }
    if (access != Access::ReadWrite) {
        // A table of this connection only, so that a reader or a dry run finds what a writer would.
        db.execute("CREATE TEMP" + recordsTable(name, db.dialect()).front().substr(sizeof "CREATE" - 1));
        return;
    }
    sql::repeating([&] {
        sql::Transaction transaction(db);
        if (!db.hasTable(name)) createRecordsTable(db, name);
        transaction.commit();
    });
}

void fillTables(sql::Database &db) {
    runAll(db, staticTables(Universe::parse(embedded::dimensionsJson()), db.dialect()));
    auto &insert = db.cached("INSERT INTO butler_attributes (name, value) VALUES (?, ?)");
    auto const attributes = Json::parse(embedded::butlerAttributes());
    for (auto const &[name, value] : attributes.object()) insert.run({name, value.string()});
    insert.run({"config:dimensions.json", std::string(embedded::dimensionsJson())});
    createRecordsTable(db, "file_datastore_records");
}

void fillRegistry(sql::Database &db) {
    sql::Transaction transaction(db);
    fillTables(db);
    transaction.commit();
}

/// Removes a temporary file, also when making it failed.
class TemporaryFile {
public:
    explicit TemporaryFile(std::string path) : _path(std::move(path)) { ::unlink(_path.c_str()); }
    ~TemporaryFile() {
        ::unlink(_path.c_str());
        ::unlink((_path + "-journal").c_str());
    }
    TemporaryFile(TemporaryFile const &) = delete;
    TemporaryFile &operator=(TemporaryFile const &) = delete;
    std::string const &path() const { return _path; }

private:
    std::string _path;
};

/// An error that keeps a whole repository from being used, whatever it would mean for a single file.
Error forWholeRepository(Error const &e) {
    if (e.exitCode() != ExitCode::SomeFailed) return e;
    return Error(e.code(), e.message(), ExitCode::Backend).hint(e.hint()).cause(e.cause());
}

Error existsAlready(std::string const &path, std::string const &hint) {
    return Error("REPO_EXISTS", "\"" + path + "\" exists already", ExitCode::Backend).hint(hint);
}

} // namespace

std::string obscoreRemedy(Config const &config) {
    return "butler obscore update-table " + config.root
           + ", after dbb-visits also butler obscore "
             "set-exposure-regions "
           + config.root + " (both are in the Butler's package dax_obscore)";
}

Error openingError(Error const &e) {
    bool const gone = e.code() == "NOT_FOUND" || e.code() == "NOT_A_FILE";
    auto out = forWholeRepository(e);
    // What such files usually are, images on their way, is no help here.
    if (gone) out.hint("put it back, or correct registry.db and root in butler.yaml");
    return out;
}

namespace {

/// A schema that was named must be there, and may be used by whoever asks. Without a look everything in it
/// would seem to be missing.
void requireSchema(sql::Database &db, sql::PostgresTarget const &target) {
    if (target.schema.empty()) return;
    bool there = false;
    bool usable = false;
    db.cached("SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = ?")
        .query({target.schema}, [&](sql::Statement const &row) {
            there = true;
            usable = row.integer(0) != 0;
        });
    if (!there) {
        throw Error("REPO_NOT_FOUND", "\"" + target.name() + "\": there is no such schema", ExitCode::Backend)
            .hint("correct registry.namespace in butler.yaml");
    }
    if (usable) return;
    throw Error("PERMISSION", "\"" + target.name() + "\": permission denied for the schema",
                ExitCode::Backend)
        .hint("ask its owner: GRANT USAGE ON SCHEMA …, and rights on its tables");
}

std::unique_ptr<sql::Database> openServer(sql::PostgresTarget target) {
    addCredentials(target);
    auto out = sql::openPostgres(target);
    requireSchema(*out, target);
    return out;
}

} // namespace

std::unique_ptr<sql::Database> openRegistry(Config const &config, Access access) {
    if (config.postgres) {
        return openServer(*config.postgres);
    }
    auto const &file = config.sqlite_path;
    if (access != Access::ReadOnly) return sql::openSqlite(file, sql::OpenMode::ReadWrite);
    try {
        return sql::openSqlite(file, sql::OpenMode::ReadOnly);
    } catch (Error const &e) {
        // A journal that was left behind must be played back, and that is writing.
        if (e.code() != "REPO_READ_ONLY" || !common::exists(file + "-journal")) throw;
    }
    try {
        sql::openSqlite(file, sql::OpenMode::ReadWrite);
    } catch (Error const &e) {
        if (e.code() != "REPO_READ_ONLY") throw;
        throw Error(e.code(),
                    "\"" + file
                        + "\" was left in the middle of a change, which can't be taken back: " + e.message(),
                    e.exitCode())
            .hint("open it once with the right to write, for example with dbb-repo show");
    }
    return sql::openSqlite(file, sql::OpenMode::ReadOnly);
}

namespace {

Error schemaTaken(std::string const &name) {
    return existsAlready(name, "it has tables; choose an empty schema with --namespace. Nothing was changed");
}

/// A server on which a registry can be made, as far as that can be seen without making it.
std::unique_ptr<sql::Database> openForCreate(sql::PostgresTarget &target) {
    addCredentials(target);
    auto db = sql::openPostgres(target);
    auto const name = target.name();
    if (!db->cached("SELECT 1 FROM pg_extension WHERE extname = 'btree_gist'").hasRow({})) {
        throw Error("REPO_UNSUPPORTED",
                    "\"" + name
                        + "\" lacks the extension btree_gist, without which the Butler refuses a registry",
                    ExitCode::Backend)
            .hint("its owner can add it: CREATE EXTENSION btree_gist");
    }
    auto const *const tables = target.schema.empty()
                                   ? "SELECT 1 FROM pg_tables WHERE schemaname = current_schema()"
                                   : "SELECT 1 FROM pg_tables WHERE schemaname = ?";
    auto const schema =
        target.schema.empty() ? std::vector<sql::Value>() : std::vector<sql::Value>{target.schema};
    if (db->cached(tables).hasRow(schema)) throw schemaTaken(name);
    return db;
}

/// An empty registry on a server: all of it or nothing.
void fillServer(sql::PostgresTarget target) {
    auto const db = openForCreate(target);
    sql::Transaction transaction(*db);
    if (!target.schema.empty())
        db->execute("CREATE SCHEMA IF NOT EXISTS " + sql::quoteIdentifier(target.schema));
    // Another program may have been faster.
    if (db->cached("SELECT 1 FROM pg_tables WHERE schemaname = current_schema()").hasRow({}))
        throw schemaTaken(target.name());
    fillTables(*db);
    transaction.commit();
}

sql::PostgresTarget targetOf(std::string const &url, std::string const &schema) {
    return postgresTarget(url, Json().set("namespace", schema.empty() ? Json() : Json(schema)));
}

/// Removes a folder that was made for nothing.
class MadeFolder {
public:
    explicit MadeFolder(std::string path) : _path(std::move(path)), _made(!common::exists(_path)) {
        common::createFolders(_path);
    }
    ~MadeFolder() {
        if (_made) ::rmdir(_path.c_str()); // not when it has something
    }
    MadeFolder(MadeFolder const &) = delete;
    MadeFolder &operator=(MadeFolder const &) = delete;

private:
    std::string _path;
    bool _made;
};

} // namespace

void Repository::checkCreate(std::string const &root, std::string const &url, std::string const &schema) {
    auto const folder = common::absolutePath(root);
    if (common::exists(folder + "/butler.yaml")) {
        throw existsAlready(folder + "/butler.yaml", "choose another folder; nothing was changed");
    }
    if (common::exists(folder + "/gen3.sqlite3")) {
        throw existsAlready(
            folder + "/gen3.sqlite3",
            "there is no butler.yaml beside it: if a create was interrupted here, remove it and repeat");
    }
    if (url.empty()) return;
    auto target = targetOf(url, schema);
    openForCreate(target);
}

void Repository::create(std::string const &root, std::string const &url, std::string const &schema) try {
    auto const folder = common::absolutePath(root);
    checkCreate(folder); // the server is looked at when it is filled
    MadeFolder const made(folder);
    if (!url.empty()) {
        fillServer(targetOf(url, schema));
        return common::writeFileDurably(folder + "/butler.yaml", freshConfigText(url, schema));
    }
    auto const registry = folder + "/gen3.sqlite3";
    // The registry gets its name when it is whole, and butler.yaml, without which nobody finds it, comes
    // last.
    TemporaryFile const temporary(folder + "/.gen3.sqlite3." + std::to_string(::getpid()));
    fillRegistry(*sql::openSqlite(temporary.path(), sql::OpenMode::Create));
    // A link, unlike a rename, does not replace the registry of somebody who was faster.
    if (::link(temporary.path().c_str(), registry.c_str()) != 0) {
        if (errno == EEXIST) throw existsAlready(registry, "another program makes a repository here");
        throw common::systemError("create", registry, errno);
    }
    common::syncFolder(folder);
    common::writeFileDurably(folder + "/butler.yaml", freshConfigText());
} catch (Error const &e) {
    throw forWholeRepository(e);
}

Error Repository::damaged(std::string const &how) const {
    return Error("REPO_DAMAGED", "\"" + _config.root + "\": " + how, ExitCode::Damaged);
}

Repository Repository::open(std::string const &repo, Access access, bool ignoreObscore) try {
    Repository out;
    out._access = access;
    out._config = readConfig(repo);
    auto const file = out._config.registry();
    bool const writes = access != Access::ReadOnly;
    out._db = openRegistry(out._config, access);

    auto const attributes = readAttributes(*out._db, file);
    for (auto const &manager : managers) {
        int const major = checkManager(manager, attributes, file, access);
        if (std::string_view(manager.name) == "datasets") out._datasets = static_cast<DatasetsManager>(major);
    }
    out._obscore = keepsObscore(out._config, attributes);
    if (writes && out._obscore && !ignoreObscore) throw obscoreLeftOut(out._config);
    auto const dimensions = attributes.find("config:dimensions.json");
    if (dimensions == attributes.end()) throw notARegistry(file, "no dimension universe is recorded");
    out._universe = Universe::parse(dimensions->second);

    for (auto const &datastore : out._config.datastores)
        ensureRecordsTable(*out._db, out._config, datastore, access);
    return out;
} catch (Error const &e) {
    throw openingError(e);
}

} // namespace dbb::butler
