/// \file
/// How headers are read: the options that the programs that read them share.
#pragma once

#include "common/options.h"

#include <string>

namespace dbb::intake {

struct HeaderOptions {
    std::string corrections;    ///< folder of correction files, searched before all others
    bool check_data = false;    ///< walk over all HDUs; a file whose data are cut short is an error
    bool search_indexes = true; ///< take headers from the index of a folder
    bool sidecars = true;       ///< take headers from the sidecar beside a file
    bool guiders = false;       ///< take guider files, as datasets of their own
    std::string instrument_dir; ///< folder with further instrument tables, empty: none
    std::string iers;           ///< file in place of the built-in table, empty: none
};

/// \param folder  of further instrument tables, empty: none; see useTableFolder()
void addInstrumentDir(common::Options &options, std::string &folder);

/// \throws Error USAGE when it can't be read or holds a wrong table
void useTableFolder(std::string const &folder);

void addHeaderOptions(common::Options &options, HeaderOptions &target);

/// Take the tables that the options name; once, before any header is read. \throws Error
void useTables(HeaderOptions const &options);

} // namespace dbb::intake
