#include "instrument/rules.h"

#include <map>

namespace dbb::instrument {

namespace {

std::map<std::string, Rule::Function> const rules{
    {"after", beginAfter},
    {"altaz_cards", altAzCards},
    {"altaz_or_airmass", altAzOrAirmass},
    {"angle_from", angleFrom},
    {"by_observation_type", byObservationType},
    {"cards_absent", cardsAbsent},
    {"celestial", celestial},
    {"constant", constant},
    {"date_and_clock", dateAndClock},
    {"date_of_begin", dateOfBegin},
    {"day_of_begin", dayOfBegin},
    {"detector_by_slot", detectorBySlot},
    {"detector_of_serial", detectorOfSerial},
    {"digits_of_date", digitsOfDate},
    {"end_date", endDate},
    {"filter_position", filterPosition},
    {"first_card", firstCard},
    {"first_date", firstDate},
    {"hour_angle", hourAngle},
    {"hsc_detector", hscDetector},
    {"hsc_exposure_id", hscExposureId},
    {"hsc_filter", hscFilter},
    {"hsc_observation_type", hscObservationType},
    {"imsim_filter", imsimFilter},
    {"integer_card", integerCard},
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
    {"name_or_file", nameOrFile},
    {"number_of_group", numberOfGroup},
    {"offset_by_month", offsetByMonth},
    {"positive_or_property", positiveOrProperty},
    {"property", copyOfProperty},
    {"quantity", quantity},
    {"quantity_or_property", quantityOrProperty},
    {"raft_in_text", raftInText},
    {"sexagesimal", sexagesimalRadec},
    {"simulated_or_after", simulatedOrAfter},
    {"simulated_site", simulatedSite},
    {"site", site},
    {"text_of_property", textOfProperty},
    {"ts8_exposure_id", ts8ExposureId},
    {"zenith_distance", zenithDistance},
};

std::map<std::string, RecognitionFunction> const recognitions{
    {"card_begins", cardBegins}, {"card_is", cardIs}, {"comcam", isComCam}, {"first_card_is", firstCardIs}};

std::map<std::string, FixFunction> const fixes{{"comcam", fixComCam},
                                               {"comcamsim", fixComCamSim},
                                               {"latiss", fixLatiss},
                                               {"lsstcam", fixLsstCam},
                                               {"ts8", fixTs8}};

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
