/// \file
/// The named functions that tables refer to. One place lists the names: rules.cc.
#pragma once

#include "instrument/table.h"
#include "instrument/translation.h"

#include <string>
#include <vector>

namespace dbb::instrument {

struct RuleKind {
    Rule::Function function;
    std::size_t cards; ///< how many the rule needs at least
    bool of = false;   ///< whether it needs another property
};
/// nullptr when there is no such rule
RuleKind const *ruleNamed(std::string const &name);
std::vector<std::string> ruleNames();

using RecognitionFunction = bool (*)(fits::Header const &, common::Json const &);
RecognitionFunction recognitionNamed(std::string const &name);

using FixFunction = void (*)(Fixes &);
FixFunction fixNamed(std::string const &name);

// Rules of any camera (common_rules.cc).
PropertyValue constant(Translation &t, Rule const &rule);
PropertyValue copyOfProperty(Translation &t, Rule const &rule);
PropertyValue firstCard(Translation &t, Rule const &rule);
PropertyValue quantity(Translation &t, Rule const &rule);
PropertyValue quantityOrProperty(Translation &t, Rule const &rule);
PropertyValue positiveOrProperty(Translation &t, Rule const &rule);
PropertyValue cardsAbsent(Translation &t, Rule const &rule);
PropertyValue beginAfter(Translation &t, Rule const &rule);
PropertyValue simulatedOrAfter(Translation &t, Rule const &rule);
PropertyValue integerCard(Translation &t, Rule const &rule);
PropertyValue textOfProperty(Translation &t, Rule const &rule);
PropertyValue angleFrom(Translation &t, Rule const &rule);
PropertyValue altAzCards(Translation &t, Rule const &rule);
PropertyValue byObservationType(Translation &t, Rule const &rule);
PropertyValue detectorBySlot(Translation &t, Rule const &rule);
PropertyValue joinedFilters(Translation &t, Rule const &rule);
PropertyValue site(Translation &t, Rule const &rule);
PropertyValue fixedSite(Translation &t, Rule const &rule);
PropertyValue groupAndName(Translation &t, Rule const &rule);
PropertyValue partOfDetector(Translation &t, Rule const &rule);
PropertyValue timesPlusDetector(Translation &t, Rule const &rule);

// Times (time_rules.cc).
PropertyValue firstDate(Translation &t, Rule const &rule);
PropertyValue endDate(Translation &t, Rule const &rule);
PropertyValue dayOfBegin(Translation &t, Rule const &rule);
PropertyValue dateOfBegin(Translation &t, Rule const &rule);
PropertyValue offsetByMonth(Translation &t, Rule const &rule);

// Rubin cameras (lsst_rules.cc: numbers and names; lsst_sky_rules.cc: where the telescope looks).
PropertyValue lsstExposureId(Translation &t, Rule const &rule);
PropertyValue lsstObservingDay(Translation &t, Rule const &rule);
PropertyValue lsstCounter(Translation &t, Rule const &rule);
PropertyValue lsstGroupStart(Translation &t, Rule const &rule);
PropertyValue lsstGroupEnd(Translation &t, Rule const &rule);
PropertyValue lsstGroup(Translation &t, Rule const &rule);
PropertyValue numberOfGroup(Translation &t, Rule const &rule);
PropertyValue lsstObservationType(Translation &t, Rule const &rule);
PropertyValue lsstReason(Translation &t, Rule const &rule);
PropertyValue lsstPackedId(Translation &t, Rule const &rule);
PropertyValue pressure(Translation &t, Rule const &rule);
PropertyValue lsstSimulated(Translation &t, Rule const &rule);
PropertyValue lsstOnSky(Translation &t, Rule const &rule);
PropertyValue lsstTracking(Translation &t, Rule const &rule);
PropertyValue celestial(Translation &t, Rule const &rule);
PropertyValue lsstAltAz(Translation &t, Rule const &rule);
PropertyValue lsstAirmass(Translation &t, Rule const &rule);
PropertyValue lsstRotationCoord(Translation &t, Rule const &rule);
PropertyValue lsstRotationAngle(Translation &t, Rule const &rule);
PropertyValue lsstCanSeeSky(Translation &t, Rule const &rule);

// LATISS (latiss_rules.cc).
PropertyValue latissObservationId(Translation &t, Rule const &rule);
PropertyValue latissDarkTime(Translation &t, Rule const &rule);
PropertyValue latissObservationType(Translation &t, Rule const &rule);
PropertyValue latissObject(Translation &t, Rule const &rule);
PropertyValue latissFilter(Translation &t, Rule const &rule);

// Test stands (bench_rules.cc).
PropertyValue nameOrFile(Translation &t, Rule const &rule);
PropertyValue digitsOfDate(Translation &t, Rule const &rule);
PropertyValue ts8ExposureId(Translation &t, Rule const &rule);
PropertyValue raftInText(Translation &t, Rule const &rule);
PropertyValue detectorOfSerial(Translation &t, Rule const &rule);
PropertyValue filterPosition(Translation &t, Rule const &rule);

// Simulations (simulated_rules.cc).
PropertyValue simulatedTelescope(Translation &t, Rule const &rule);
PropertyValue simulatedSite(Translation &t, Rule const &rule);
PropertyValue hourAngle(Translation &t, Rule const &rule);
PropertyValue zenithDistance(Translation &t, Rule const &rule);
PropertyValue altAzOrAirmass(Translation &t, Rule const &rule);
PropertyValue imsimFilter(Translation &t, Rule const &rule);

// HSC (hsc_rules.cc).
PropertyValue hscExposureId(Translation &t, Rule const &rule);
PropertyValue hscDetector(Translation &t, Rule const &rule);
PropertyValue hscObservationType(Translation &t, Rule const &rule);
PropertyValue hscFilter(Translation &t, Rule const &rule);
PropertyValue sexagesimalRadec(Translation &t, Rule const &rule);
PropertyValue dateAndClock(Translation &t, Rule const &rule);

// Recognition (recognition.cc).
bool cardIs(fits::Header const &header, common::Json const &parameters);
bool firstCardIs(fits::Header const &header, common::Json const &parameters);
bool cardBegins(fits::Header const &header, common::Json const &parameters);
bool isComCam(fits::Header const &header, common::Json const &parameters);

// Header fixes (lsstcam_fixes.cc, comcam_fixes.cc, latiss_fixes.cc, ts8_fixes.cc).
void fixLsstCam(Fixes &f);
void fixComCam(Fixes &f);
void fixComCamSim(Fixes &f);
void fixLatiss(Fixes &f);
void fixTs8(Fixes &f);

/// The integer that stands for a group name (Rubin's rule, also used for visits grouped by metadata).
std::int64_t groupNumber(std::string const &group);

/// Whether a list of texts, a parameter of a table, has a word.
bool isOneOf(std::string const &word, common::Json const &words);

/// Take what the parameter `drop_last` says off the end of a text, if it stands there.
void dropLast(std::string &text, Rule const &rule);

/// Whether the observation counts as a science exposure.
bool isScience(Translation &t);

} // namespace dbb::instrument
