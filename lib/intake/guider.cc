#include "intake/guider.h"

#include "common/file.h"

namespace dbb::intake {

bool isGuiderName(std::string const &path) {
    auto const name = common::nameOf(path);
    auto const sensor = name.find("SG");
    return sensor != std::string::npos && name.find("_guider.", sensor) != std::string::npos;
}

std::string guiderRun(std::string const &instrument) {
    return instrument + "/raw/guider";
}

} // namespace dbb::intake
