#include "butler/postgres_config.h"

#include "common/error.h"
#include "common/uri.h"

#include <algorithm>

namespace dbb::butler {

using common::Error;
using common::Json;

namespace {

constexpr std::string_view scheme = "postgresql";

Error badUri(std::string const &reason) {
    return Error("BAD_URI", "it is no postgresql://[user@]host[:port]/database: " + reason);
}

} // namespace

bool isPostgres(std::string const &url) {
    return url.starts_with(std::string(scheme) + "://") || url.starts_with(std::string(scheme) + "+");
}

sql::PostgresTarget splitPostgresUrl(std::string const &url) {
    auto const start = url.find("://");
    if (!isPostgres(url) || start == std::string::npos) throw badUri("it begins with another scheme");
    auto const rest = url.substr(start + 3);
    auto const slash = std::min(rest.find('/'), rest.size());
    auto authority = rest.substr(0, slash);
    sql::PostgresTarget out;
    if (slash < rest.size()) out.database = common::decodedUri(rest.substr(slash + 1));
    if (auto const at = authority.rfind('@'); at != std::string::npos) {
        auto user = authority.substr(0, at);
        authority.erase(0, at + 1);
        if (auto const colon = user.find(':'); colon != std::string::npos) {
            out.password = common::decodedUri(user.substr(colon + 1));
            user.resize(colon);
        }
        out.user = common::decodedUri(user);
    }
    // The colons of an IPv6 address stand in brackets.
    if (auto const colon = authority.rfind(':');
        colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
        out.port = authority.substr(colon + 1);
        authority.resize(colon);
    }
    if (out.port.find_first_not_of("0123456789") != std::string::npos) throw badUri("the port is no number");
    if (authority.starts_with('[') && authority.ends_with(']'))
        authority = authority.substr(1, authority.size() - 2);
    out.host = common::decodedUri(authority);
    return out;
}

sql::PostgresTarget postgresTarget(std::string const &url, Json const &registry) {
    if (url.find('?') != std::string::npos) throw badUri("options behind ? are not supported");
    auto out = splitPostgresUrl(url);
    auto const complete = [&](std::string &part, char const *key) {
        auto const &value = registry[key];
        if (part.empty() && !value.isNull()) part = value.text();
    };
    complete(out.host, "host");
    complete(out.port, "port");
    complete(out.database, "database");
    complete(out.user, "username");
    complete(out.password, "password");
    if (out.database.empty()) throw badUri("it names no database");
    if (registry["namespace"].isString()) out.schema = registry["namespace"].string();
    return out;
}

} // namespace dbb::butler
