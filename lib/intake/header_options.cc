#include "intake/header_options.h"

#include "astro/earth_orientation.h"
#include "instrument/table.h"

namespace dbb::intake {

void addInstrumentDir(common::Options &options, std::string &folder) {
    options.value("--instrument-dir", folder, "DIR",
                  "Folder with further instrument tables (dbb-instrument(5))");
}

void useTableFolder(std::string const &folder) {
    if (!folder.empty()) instrument::addTableFolder(folder);
}

void addHeaderOptions(common::Options &options, HeaderOptions &target) {
    options
        .value("--corrections", target.corrections, "DIR",
               "Folder with <instrument>-<observation id>.yaml, searched first")
        .flag("--check-data", target.check_data, "Walk over all HDUs; refuse files whose data are cut short")
        .toggle("search-indexes", target.search_indexes, "Take headers from _index.json in the file's folder")
        .toggle("sidecars", target.sidecars, "Take headers from <file>.json beside the file")
        .flag("--guiders", target.guiders, "Take guider files, too, as datasets guider_raw");
    addInstrumentDir(options, target.instrument_dir);
    options
        .value("--iers", target.iers, "FILE", "Table of the Earth's orientation in place of the built-in one")
        .versionNote([] { return "IERS table " + astro::earthOrientationVersion(); });
}

void useTables(HeaderOptions const &options) {
    useTableFolder(options.instrument_dir);
    if (!options.iers.empty()) astro::useEarthOrientation(options.iers);
}

} // namespace dbb::intake
