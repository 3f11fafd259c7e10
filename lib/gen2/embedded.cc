#include "gen2/embedded.h"

// One line per data file; mk/rules.mk makes the symbols out of the file names.
#define DBB_EMBEDDED(X)                                                                                      \
    X("obs_lsst.yaml", obs_lsst_yaml)                                                                        \
    X("latiss.yaml", latiss_yaml)                                                                            \
    X("imsim.yaml", imsim_yaml)                                                                              \
    X("ts3.yaml", ts3_yaml)                                                                                  \
    X("ts8.yaml", ts8_yaml)                                                                                  \
    X("ucd.yaml", ucd_yaml)                                                                                  \
    X("hsc.yaml", hsc_yaml)                                                                                  \
    X("decam.yaml", decam_yaml)                                                                              \
    X("obs_base.yaml", obs_base_yaml)                                                                        \
    X("formatters.yaml", formatters_yaml)

#define DBB_DECLARE(name, symbol)                                                                            \
    extern "C" char const dbb_data_##symbol##_start[];                                                       \
    extern "C" char const dbb_data_##symbol##_end[];
DBB_EMBEDDED(DBB_DECLARE)

namespace dbb::gen2 {

namespace {

struct File {
    std::string_view name;
    char const *begin;
    char const *end;
};

#define DBB_ROW(name, symbol) File{name, dbb_data_##symbol##_start, dbb_data_##symbol##_end},
File const files[] = {DBB_EMBEDDED(DBB_ROW)};

} // namespace

std::string_view embeddedFile(std::string_view name) {
    for (auto const &file : files) {
        if (file.name == name) return {file.begin, static_cast<std::size_t>(file.end - file.begin)};
    }
    return {};
}

std::vector<std::string> embeddedFamilies() {
    std::vector<std::string> out;
    for (auto const &file : files)
        if (file.name != "formatters.yaml") out.emplace_back(file.name.substr(0, file.name.find('.')));
    return out;
}

} // namespace dbb::gen2
