#include "gen2/embedded.h"

#include "common/embedded.h"

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

DBB_EMBEDDED(DBB_DECLARE)

namespace dbb::gen2 {

namespace {

common::EmbeddedFile const files[] = {DBB_EMBEDDED(DBB_ROW)};

} // namespace

std::string_view embeddedFile(std::string_view name) {
    return common::contentOf(files, name);
}

std::vector<std::string> embeddedFamilies() {
    std::vector<std::string> out;
    for (auto const &file : files)
        if (file.name != "formatters.yaml") out.emplace_back(file.name.substr(0, file.name.find('.')));
    return out;
}

} // namespace dbb::gen2
