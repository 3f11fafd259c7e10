#include "instrument/embedded.h"

#include "common/embedded.h"

// One line per data file; mk/rules.mk makes the symbols out of the file names.
#define DBB_EMBEDDED(X)                                                                                      \
    X("HSC.yaml", HSC_yaml)                                                                                  \
    X("LATISS.yaml", LATISS_yaml)                                                                            \
    X("LSST-TS3.yaml", LSST_TS3_yaml)                                                                        \
    X("LSST-TS8.yaml", LSST_TS8_yaml)                                                                        \
    X("LSST-UCDCam.yaml", LSST_UCDCam_yaml)                                                                  \
    X("LSSTCam-PhoSim.yaml", LSSTCam_PhoSim_yaml)                                                            \
    X("LSSTCam-imSim.yaml", LSSTCam_imSim_yaml)                                                              \
    X("LSSTCam.yaml", LSSTCam_yaml)                                                                          \
    X("LSSTCamSim.yaml", LSSTCamSim_yaml)                                                                    \
    X("LSSTComCam.yaml", LSSTComCam_yaml)                                                                    \
    X("LSSTComCamSim.yaml", LSSTComCamSim_yaml)                                                              \
    X("family-lsst-bench.yaml", family_lsst_bench_yaml)                                                      \
    X("family-lsst-focal-plane.yaml", family_lsst_focal_plane_yaml)                                          \
    X("family-lsst-simulated.yaml", family_lsst_simulated_yaml)                                              \
    X("family-lsst.yaml", family_lsst_yaml)                                                                  \
    X("corrections-HSC.txt", corrections_HSC_txt)                                                            \
    X("corrections-LATISS.txt", corrections_LATISS_txt)                                                      \
    X("corrections-LSSTCam.txt", corrections_LSSTCam_txt)                                                    \
    X("corrections-LSSTComCam.txt", corrections_LSSTComCam_txt)

DBB_EMBEDDED(DBB_DECLARE)

namespace dbb::instrument {

namespace {

common::EmbeddedFile const files[] = {DBB_EMBEDDED(DBB_ROW)};

} // namespace

std::string_view embeddedFile(std::string_view name) {
    return common::contentOf(files, name);
}

std::vector<std::string> embeddedNames() {
    std::vector<std::string> out;
    for (auto const &file : files) out.emplace_back(file.name);
    return out;
}

} // namespace dbb::instrument
