#include "instrument/rules.h"

#include <map>

namespace dbb::instrument {

namespace {

// The function, how many cards it needs at least, and whether it needs another property (`of`).
std::map<std::string, RuleKind> const rules{
    {"after", {beginAfter, 0}},
    {"altaz_cards", {altAzCards, 2}},
    {"altaz_or_airmass", {altAzOrAirmass, 2}},
    {"angle_from", {angleFrom, 1}},
    {"by_observation_type", {byObservationType, 0}},
    {"cards_absent", {cardsAbsent, 1}},
    {"celestial", {celestial, 2}},
    {"constant", {constant, 0}},
    {"date_and_clock", {dateAndClock, 2}},
    {"date_of_begin", {dateOfBegin, 0}},
    {"day_of_begin", {dayOfBegin, 0}},
    {"detector_by_slot", {detectorBySlot, 0}},
    {"detector_of_serial", {detectorOfSerial, 1}},
    {"digits_of_date", {digitsOfDate, 1}},
    {"end_date", {endDate, 1}},
    {"filter_position", {filterPosition, 1}},
    {"first_card", {firstCard, 1}},
    {"first_date", {firstDate, 1}},
    {"fixed_site", {fixedSite, 0}},
    {"group_and_name", {groupAndName, 0}},
    {"hour_angle", {hourAngle, 2}},
    {"hsc_detector", {hscDetector, 2}},
    {"hsc_exposure_id", {hscExposureId, 2}},
    {"hsc_filter", {hscFilter, 1}},
    {"hsc_observation_type", {hscObservationType, 1}},
    {"imsim_filter", {imsimFilter, 1}},
    {"integer_card", {integerCard, 1}},
    {"joined_filters", {joinedFilters, 1}},
    {"latiss_dark_time", {latissDarkTime, 1}},
    {"latiss_filter", {latissFilter, 2}},
    {"latiss_object", {latissObject, 1}},
    {"latiss_observation_id", {latissObservationId, 1}},
    {"latiss_observation_type", {latissObservationType, 1}},
    {"lsst_airmass", {lsstAirmass, 1}},
    {"lsst_altaz", {lsstAltAz, 2}},
    {"lsst_can_see_sky", {lsstCanSeeSky, 2}},
    {"lsst_counter", {lsstCounter, 1}},
    {"lsst_exposure_id", {lsstExposureId, 3}},
    {"lsst_group", {lsstGroup, 1}},
    {"lsst_group_end", {lsstGroupEnd, 2}},
    {"lsst_group_start", {lsstGroupStart, 1}},
    {"lsst_observation_type", {lsstObservationType, 1}},
    {"lsst_observing_day", {lsstObservingDay, 1}},
    {"lsst_on_sky", {lsstOnSky, 1}},
    {"lsst_packed_id", {lsstPackedId, 0}},
    {"lsst_reason", {lsstReason, 0}},
    {"lsst_rotation_angle", {lsstRotationAngle, 1}},
    {"lsst_rotation_coord", {lsstRotationCoord, 1}},
    {"lsst_simulated", {lsstSimulated, 0}},
    {"lsst_tracking", {lsstTracking, 2}},
    {"name_or_file", {nameOrFile, 1}},
    {"number_of_group", {numberOfGroup, 0}},
    {"offset_by_month", {offsetByMonth, 0}},
    {"part_of_detector", {partOfDetector, 0}},
    {"positive_or_property", {positiveOrProperty, 1, true}},
    {"pressure", {pressure, 1}},
    {"property", {copyOfProperty, 0, true}},
    {"quantity", {quantity, 1}},
    {"quantity_or_property", {quantityOrProperty, 1, true}},
    {"raft_in_text", {raftInText, 1}},
    {"sexagesimal", {sexagesimalRadec, 2}},
    {"simulated_or_after", {simulatedOrAfter, 1}},
    {"simulated_telescope", {simulatedTelescope, 0}},
    {"simulated_site", {simulatedSite, 0}},
    {"site", {site, 3}},
    {"text_of_property", {textOfProperty, 0, true}},
    {"times_plus_detector", {timesPlusDetector, 0, true}},
    {"ts8_exposure_id", {ts8ExposureId, 3}},
    {"zenith_distance", {zenithDistance, 2}},
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

RuleKind const *ruleNamed(std::string const &name) {
    auto const at = rules.find(name);
    return at == rules.end() ? nullptr : &at->second;
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
