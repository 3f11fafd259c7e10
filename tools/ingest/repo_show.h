/// \file
/// dbb-repo show: what a repository holds, as JSON Lines for pipes or as tables for people.
#pragma once

#include "common/lines.h"

#include <string>

namespace dbb::ingest {

struct ShowOptions {
    std::string repo;
    std::string what;    ///< collections, dataset-types, datasets, nights or records
    std::string element; ///< of records; empty: all that have some
    std::string where;   ///< condition, see butler/where.h
    std::string format;  ///< json or table; empty: table on a terminal, else json
};

/// Print what a repository holds, sorted bytewise. JSON comes as it is read and ends with an end line; a
/// table is printed when all its rows are known. \throws Error USAGE for an unknown element or condition, and
/// as Repository::open
void show(ShowOptions const &options, bool terminal, common::Output &out);

} // namespace dbb::ingest
