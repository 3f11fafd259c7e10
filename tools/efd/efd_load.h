/// \file
/// dbb-efd-load: values of telemetry into a database.
#pragma once

#include "common/options.h"

#include <string>
#include <vector>

namespace dbb::efd {

struct LoadOptions {
    std::string db;
    std::string schema = "efd";
    std::string columns; ///< file of dbb-efd-join, empty: nothing is known of columns but their names
    std::string source;  ///< where the values come from, for efd_run
    std::vector<std::string> only; ///< patterns of names of columns; none: all
    std::string consdb;            ///< schema of ConsDB's tables, which are written, too; empty: they are not
    std::string instrument;        ///< of these
    bool force = false;
    bool report = false;
    bool gaps = false;
    std::string where, day_obs; ///< what the report is about
    bool json = false;
    bool revisit = false;
    std::string horizon = "72h"; ///< how long ago windows may have ended
    std::string now;             ///< instant; empty: by the clock
    bool views = false;
    std::string repo_file;   ///< SQLite registry for the views
    std::string repo_schema; ///< PostgreSQL schema with the registry
    common::StandardOptions standard;
};

/// Run the program. \throws Error as the parts do
common::ExitCode runLoad(LoadOptions const &options, int in, int out);

} // namespace dbb::efd
