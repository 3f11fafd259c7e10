/// \file
/// dbb-efd-load: values of telemetry into a database.
#pragma once

#include "common/options.h"

#include <string>

namespace dbb::efd {

struct LoadOptions {
    std::string db;
    std::string schema = "efd";
    std::string columns; ///< file of dbb-efd-join, empty: nothing is known of columns but their names
    std::string source;  ///< where the values come from, for efd_run
    bool force = false;
    bool report = false;
    bool json = false;
    bool views = false;
    std::string repo_file;   ///< SQLite registry for the views
    std::string repo_schema; ///< PostgreSQL schema with the registry
    common::StandardOptions standard;
};

/// Run the program. \throws Error as the parts do
common::ExitCode runLoad(LoadOptions const &options, int in, int out);

} // namespace dbb::efd
