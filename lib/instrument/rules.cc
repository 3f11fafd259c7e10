#include "instrument/rules.h"

#include <map>

namespace dbb::instrument {

namespace {

std::map<std::string, Rule::Function> const rules{
    {"after", beginAfter},
    {"cards_absent", cardsAbsent},
    {"constant", constant},
    {"detector_by_slot", detectorBySlot},
    {"end_date", endDate},
    {"first_card", firstCard},
    {"first_date", firstDate},
    {"joined_filters", joinedFilters},
    {"latiss_dark_time", latissDarkTime},
    {"latiss_filter", latissFilter},
    {"latiss_object", latissObject},
    {"latiss_observation_id", latissObservationId},
    {"latiss_observation_type", latissObservationType},
    {"lsst_altaz", lsstAltAz},
    {"lsst_can_see_sky", lsstCanSeeSky},
    {"lsst_counter", lsstCounter},
    {"lsst_exposure_id", lsstExposureId},
    {"lsst_group", lsstGroup},
    {"lsst_group_end", lsstGroupEnd},
    {"lsst_group_start", lsstGroupStart},
    {"lsst_observation_type", lsstObservationType},
    {"lsst_observing_day", lsstObservingDay},
    {"lsst_on_sky", lsstOnSky},
    {"lsst_reason", lsstReason},
    {"lsst_rotation_angle", lsstRotationAngle},
    {"lsst_rotation_coord", lsstRotationCoord},
    {"lsst_simulated", lsstSimulated},
    {"lsst_tracking", lsstTracking},
    {"number_of_group", numberOfGroup},
    {"offset_by_month", offsetByMonth},
    {"positive_or_property", positiveOrProperty},
    {"property", copyOfProperty},
    {"quantity", quantity},
    {"quantity_or_property", quantityOrProperty},
    {"simulated_or_after", simulatedOrAfter},
    {"site", site},
};

std::map<std::string, RecognitionFunction> const recognitions{{"card_is", cardIs}, {"comcam", isComCam}};

std::map<std::string, FixFunction> const fixes{
    {"comcam", fixComCam}, {"latiss", fixLatiss}, {"lsstcam", fixLsstCam}};

template<typename F>
F lookUp(std::map<std::string, F> const &map, std::string const &name) {
    auto const at = map.find(name);
    return at == map.end() ? nullptr : at->second;
}

} // namespace

Rule::Function ruleNamed(std::string const &name) {
    return lookUp(rules, name);
}

std::vector<std::string> ruleNames() {
    std::vector<std::string> out;
    for (auto const &[name, function] : rules) out.push_back(name);
    return out;
}

RecognitionFunction recognitionNamed(std::string const &name) {
    return lookUp(recognitions, name);
}

FixFunction fixNamed(std::string const &name) {
    return lookUp(fixes, name);
}

} // namespace dbb::instrument
