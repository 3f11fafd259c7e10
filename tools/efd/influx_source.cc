#include "efd/influx_source.h"

#include "common/error.h"
#include "common/file.h"
#include "common/log.h"
#include "common/text.h"
#include "common/yaml.h"
#include "efd/instant_reader.h"

#include <chrono>
#include <sys/stat.h>

namespace dbb::efd {

using common::Error;
using common::ExitCode;
using common::Json;
using telemetry::InfluxServer;

namespace {

Error badCredentials(std::string const &source, std::string const &what) {
    return Error("SERVER_AUTH", "\"" + source + "\": " + what, ExitCode::Backend);
}

/// The content of a file that nobody else may read.
std::string secretsIn(std::string const &path) {
    struct stat s {};
    if (::stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode) && (s.st_mode & 077) != 0) {
        throw badCredentials(path, "its secrets may be read by others than you, so that it is not used")
            .hint("chmod 600 it");
    }
    try {
        return common::readFileOrPipe(path);
    } catch (Error const &e) {
        throw badCredentials(path, e.message()).hint("look at what --credentials and --token-file name");
    }
}

std::string textOf(Json const &json, std::string const &key, std::string const &source) {
    auto const &value = json[key];
    if (value.isNull()) return {};
    if (value.isString() || value.isInt()) return value.text();
    throw badCredentials(source, "\"" + key + "\" is no text");
}

/// The URL of a host, which may name a scheme itself, a port and a path.
std::string urlOf(std::string const &host, std::string const &port, std::string const &path,
                  std::string const &source) {
    auto url = host.find("://") == std::string::npos ? "https://" + host : host;
    if (!port.empty()) url += ":" + port;
    return net::serverUrl(url + "/" + path, source);
}

/// Take over what a file or service says and nobody has said before: the keys of segwarides, or of
/// Repertoire.
void complete(InfluxServer &server, Json const &said, std::string const &source) {
    if (!said.isObject()) throw badCredentials(source, "it is no mapping of host, username, password …");
    if (server.url.empty()) {
        auto const url = textOf(said, "url", source), host = textOf(said, "host", source);
        if (!url.empty()) {
            server.url = net::serverUrl(url, source);
        } else if (!host.empty()) {
            server.url = urlOf(host, textOf(said, "port", source), textOf(said, "path", source), source);
        }
    }
    if (server.database.empty()) server.database = textOf(said, "database", source);
    if (!server.credentials.empty()) return;
    server.credentials.user = textOf(said, "username", source);
    server.credentials.password = textOf(said, "password", source);
    if (server.credentials.user.empty()) throw badCredentials(source, "it has no \"username\"");
}

void readCredentials(InfluxServer &server, std::string const &file) {
    static std::vector<std::string> const known{"database", "host", "password",        "path",
                                                "port",     "url",  "schema_registry", "username"};
    Json said;
    try {
        said = common::parseYaml(secretsIn(file), file);
    } catch (Error const &e) {
        if (e.code() == "SERVER_AUTH") throw;
        // Not in the parser's words, which may repeat the line.
        throw badCredentials(file, "it is no YAML or JSON");
    }
    if (said.isObject()) {
        for (auto const &[key, value] : said.object()) {
            if (std::find(known.begin(), known.end(), key) != known.end()) continue;
            auto const near = common::nearest(key, known);
            throw badCredentials(file, "unknown key \"" + key + "\"")
                .hint(near.empty() ? "its keys are " + common::join(known, ", ")
                                   : "did you mean " + near + "?");
        }
    }
    complete(server, said, file);
}

/// What a service says of an alias.
void askService(InfluxServer &server, InfluxOptions const &options, net::HttpLimits const &limits) {
    bool const isRepertoire = !options.repertoire.empty();
    auto const option = std::string(isRepertoire ? "--repertoire" : "--credentials-service");
    auto const base = net::serverUrl(isRepertoire ? options.repertoire : options.credentials_service, option);
    net::Credentials token;
    if (isRepertoire) {
        token.bearer = common::environmentValue("EFD_TOKEN");
        if (token.bearer.empty() && !options.token_file.empty())
            token.bearer = common::strip(secretsIn(options.token_file));
        if (token.bearer.empty()) {
            throw badCredentials(base, "it wants a token and there is none")
                .hint("give it by the environment, EFD_TOKEN, or by --token-file");
        }
    }
    auto const url = base + (isRepertoire ? "/discovery/influxdb/" : "/creds/") + options.efd;
    net::HttpClient http(limits);
    auto const answer = http.get(url, token);
    auto const status = answer.head.status;
    if (status == 401 || status == 403)
        throw badCredentials(base, "it answers with status " + std::to_string(status));
    if (status == 404) {
        throw badCredentials(base, "it knows no EFD \"" + options.efd + "\"")
            .hint("aliases are such as usdf_efd, summit_efd, idfdev_efd");
    }
    auto const failed = [&](std::string const &what) {
        return Error("SOURCE_ERROR", "\"" + base + "\": " + what, ExitCode::Backend)
            .hint("look at " + option);
    };
    if (status != 200) throw failed("it answers with status " + std::to_string(status));
    Json said;
    try {
        said = Json::parse(answer.body);
    } catch (Error const &) {
        throw failed("its answer is no JSON");
    }
    complete(server, said, base);
}

std::chrono::milliseconds millisecondsOf(std::string const &text, std::string const &option) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(1000 * common::parseDuration(text, option)));
}

void requireSense(InfluxOptions const &options) {
    bool const service = !options.credentials_service.empty() || !options.repertoire.empty();
    if (options.efd.empty() && service) {
        throw common::usageError("a service is asked for an alias, and there is none",
                                 "give --efd, such as usdf_efd");
    }
    if (options.efd.empty()) return;
    if (!service)
        throw common::usageError(
            "--efd goes with --credentials-service or --repertoire, which know what it is");
    if (!options.credentials_service.empty() && !options.repertoire.empty())
        throw common::usageError(
            "--credentials-service and --repertoire are two services for the same thing");
    constexpr auto *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    if (options.efd.find_first_not_of(letters) != std::string::npos)
        throw common::usageError("--efd: \"" + options.efd + "\" is no alias",
                                 "aliases are such as usdf_efd");
}

} // namespace

void addInfluxOptions(common::Options &options, InfluxOptions &target) {
    options.value("--influx", target.influx, "URL", "InfluxDB 1.x (default: by EFD_HOST, EFD_PORT, EFD_PATH)")
        .value("--influx-db", target.influx_db, "NAME", "Its database (default efd)")
        .value("--retention", target.retention, "NAME", "Its retention policy (default autogen)")
        .value("--credentials", target.credentials, "FILE",
               "User and password, mode 600 (default: EFD_USERNAME and EFD_PASSWORD, or ~/.netrc)")
        .value("--efd", target.efd, "ALIAS", "Ask a service where it is and who may: usdf_efd …")
        .value("--credentials-service", target.credentials_service, "URL", "That service: a segwarides")
        .value("--repertoire", target.repertoire, "URL",
               "That service: a Repertoire, with a token of EFD_TOKEN")
        .value("--token-file", target.token_file, "FILE", "The token for it, mode 600")
        .value("--retry-for", target.retry_for, "DURATION",
               "How long to try again when the server is busy or breaks off (default 10m)")
        .value("--timeout", target.timeout, "DURATION", "Of one request (default 198s)")
        .value("--idle-timeout", target.idle_timeout, "DURATION", "Without a byte (default 60s)")
        .value("--max-qps", target.max_qps, "N", "Requests a second at most (default: as they come)")
        .value("--fields-per-statement", target.fields_per_statement, "N",
               "Fields that are asked for at once (default 100)", 1, 20'000);
}

bool namesInflux(InfluxOptions const &options) {
    return !options.influx.empty() || !options.efd.empty() || !options.credentials_service.empty()
           || !options.repertoire.empty() || !options.credentials.empty()
           || !common::environmentValue("EFD_HOST").empty();
}

telemetry::Influx openInflux(InfluxOptions const &options, std::string const &program) {
    requireSense(options);
    telemetry::InfluxManners manners;
    manners.program = program;
    manners.limits.total = millisecondsOf(options.timeout, "--timeout");
    manners.limits.idle = millisecondsOf(options.idle_timeout, "--idle-timeout");
    manners.retry_for = millisecondsOf(options.retry_for, "--retry-for");
    if (!options.max_qps.empty()) manners.max_qps = rateOption(options.max_qps, "--max-qps", "requests");
    manners.fields_per_statement = static_cast<std::size_t>(options.fields_per_statement);

    InfluxServer server;
    server.database = options.influx_db;
    server.retention = options.retention;
    if (!options.influx.empty()) server.url = net::serverUrl(options.influx, "--influx");
    server.credentials.user = common::environmentValue("EFD_USERNAME");
    server.credentials.password = common::environmentValue("EFD_PASSWORD");
    if (!options.credentials.empty()) readCredentials(server, options.credentials);
    if (!options.efd.empty()) askService(server, options, manners.limits);
    if (auto const host = common::environmentValue("EFD_HOST"); server.url.empty() && !host.empty()) {
        server.url = urlOf(host, common::environmentValue("EFD_PORT"), common::environmentValue("EFD_PATH"),
                           "EFD_HOST");
    }
    if (server.url.empty())
        throw common::usageError("no server: name it with --influx", "or with --efd, or by EFD_HOST");
    if (server.database.empty()) server.database = "efd";
    if (!server.credentials.empty() && net::isOpenToReaders(server.url)) {
        common::log::warning("\"" + net::hostOf(server.url)
                                 + "\": user and password go over the network in clear",
                             "give a URL of https");
    }
    return {std::move(server), std::move(manners)};
}

} // namespace dbb::efd
