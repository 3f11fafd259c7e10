/// \file
/// Which InfluxDB samples come from and who asks: the options that programs share, and the client made of
/// them.
#pragma once

#include "common/options.h"
#include "telemetry/influx.h"

#include <string>

namespace dbb::efd {

struct InfluxOptions {
    std::string influx{};              ///< URL
    std::string influx_db{};           ///< empty: what a service says, else efd
    std::string retention = "autogen"; ///< retention policy
    std::string credentials{};         ///< file
    std::string efd{};                 ///< alias, which one of the services knows
    std::string credentials_service{}; ///< URL of a segwarides
    std::string repertoire{};          ///< URL of a Repertoire
    std::string token_file{};          ///< with the token for it
    std::string retry_for = "10m";
    std::string timeout = "198s"; ///< of a request; servers end queries after 180 s
    std::string idle_timeout = "60s";
    std::string max_qps{};
    int fields_per_statement = 100;
};

void addInfluxOptions(common::Options &options, InfluxOptions &target);

/// Whether they, or EFD_HOST, name a server.
bool namesInflux(InfluxOptions const &options);

/// A client. Credentials come from EFD_USERNAME and EFD_PASSWORD, else from --credentials, else from the
/// service, else from ~/.netrc. \param program  named in each request
/// \throws Error USAGE (exit 2); SERVER_AUTH, SERVER_UNREACHABLE, SOURCE_ERROR … (exit 4) of a service
telemetry::Influx openInflux(InfluxOptions const &options, std::string const &program);

} // namespace dbb::efd
