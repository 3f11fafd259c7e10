#include "butler/db_auth.h"

#include "butler/postgres_config.h"
#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "common/yaml.h"

#include <fnmatch.h>
#include <optional>
#include <sys/stat.h>

namespace dbb::butler {

using common::Error;
using common::Json;

namespace {

Error badAuth(std::string const &source, std::string const &what) {
    return Error("DB_AUTH", "\"" + source + "\": " + what, common::ExitCode::Backend);
}

/// The entries, and where they come from; nullopt when there is no such file.
std::optional<Json> entries(std::string &source) {
    source = "LSST_DB_AUTH_CREDENTIALS";
    if (auto const text = common::environmentValue(source); !text.empty()) {
        try {
            return Json::parse(text);
        } catch (Error const &e) {
            throw badAuth(source, e.message());
        }
    }
    source = common::environmentValue("LSST_DB_AUTH");
    if (source.empty()) source = common::environmentValue("HOME") + "/.lsst/db-auth.yaml";
    struct stat s {};
    if (::stat(source.c_str(), &s) != 0) return std::nullopt;
    if ((s.st_mode & 077) != 0) {
        throw badAuth(source, "its passwords may be read by others than you, so that it is not used")
            .hint("chmod 600 it");
    }
    try {
        return common::readYaml(source);
    } catch (Error const &e) {
        throw badAuth(source, e.message());
    }
}

bool matches(std::string const &pattern, std::string const &text) {
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool fits(sql::PostgresTarget const &entry, sql::PostgresTarget const &target) {
    return matches(entry.host, target.host) && (entry.port.empty() || entry.port == target.port)
           && (entry.database.empty() || matches(entry.database, target.database))
           && (entry.user.empty() || entry.user == target.user);
}

} // namespace

void addCredentials(sql::PostgresTarget &target) {
    if (target.host.empty() || (!target.user.empty() && !target.password.empty())) return;
    std::string source;
    auto const all = entries(source);
    if (!all) return;
    if (!all->isArray()) throw badAuth(source, "it is no list of entries");
    for (auto const &entry : all->array()) {
        auto const &url = entry["url"];
        if (!url.isString() || !entry["password"].isString())
            throw badAuth(source, "an entry has no \"url\" or no \"password\"");
        // Entries of other kinds of databases are not for us.
        if (!url.string().starts_with("postgresql://")) continue;
        sql::PostgresTarget pattern;
        try {
            pattern = splitPostgresUrl(url.string());
        } catch (Error const &e) {
            throw badAuth(source, "the entry of " + url.string() + ": " + e.message());
        }
        if (pattern.host.empty()) throw badAuth(source, "the entry of " + url.string() + " names no host");
        if (!fits(pattern, target)) continue;
        if (target.user.empty() && entry["username"].isString()) target.user = entry["username"].string();
        target.password = entry["password"].string();
        return;
    }
}

} // namespace dbb::butler
