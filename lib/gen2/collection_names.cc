#include "gen2/collection_names.h"

#include "common/calendar.h"

#include <algorithm>

namespace dbb::gen2 {

char const *const refcatRun = "refcats/gen2";
char const *const refcatChain = "refcats";
char const *const skymapRun = "skymaps";

std::string rawRun(std::string const &instrument) {
    return instrument + "/raw/all";
}

std::string calibrationCollection(std::string const &instrument) {
    return instrument + "/calib";
}

std::optional<std::string> calibrationRun(std::string const &instrument, std::string_view calibDate) {
    auto const ns = common::nsFromIso(calibDate.size() == 10 ? std::string(calibDate) + "T00:00:00"
                                                             : std::string(calibDate));
    if (!ns) return std::nullopt;
    auto text = common::isoFromNs(*ns).substr(0, 19);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return calibrationCollection(instrument) + "/" + text + "Z";
}

std::string defaultsChain(std::string const &instrument) {
    return instrument + "/defaults";
}

std::string rerunChain(std::string const &instrument, std::string_view rerun) {
    constexpr std::string_view ofUsers = "private/";
    constexpr std::string_view ofAll = "shared/";
    if (rerun.starts_with(ofUsers)) return "u/" + std::string(rerun.substr(ofUsers.size()));
    if (rerun.starts_with(ofAll)) rerun.remove_prefix(ofAll.size());
    return instrument + "/runs/" + std::string(rerun);
}

std::string rerunRun(std::string const &instrument, std::string_view rerun) {
    return rerunChain(instrument, rerun) + "/direct";
}

} // namespace dbb::gen2
