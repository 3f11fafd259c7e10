// Fixes of the headers of LSSTComCam and of its simulation, in their order.
#include "common/error.h"
#include "instrument/corrections.h"
#include "instrument/rules.h"

#include <map>

namespace dbb::instrument {

namespace {

bool beganAfter(Fixes const &f, char const *utc) {
    auto const limit = astro::taiFrom(*astro::parseIso(utc, astro::Scale::Utc, false), astro::Scale::Utc);
    return astro::difference(f.begin(), limit) > 0;
}

void filterWithoutName(Fixes &f) {
    f.in("filter_without_name");
    if (!f.isDefined("FILTER")) f.set("FILTER", "unknown");
}

/// Until the filter changer was installed the only filter was called r, and its absence nothing.
void onlyFilter(Fixes &f) {
    f.in("only_filter");
    if (!f.is("FILTER", "r") && !f.is("FILTER", "")) return;
    f.set("FILTER", beganAfter(f, "2020-03-13T00:00:00") ? "empty" : "r_03");
}

/// The first data carry the camera's generic name.
void genericName(Fixes &f) {
    f.in("generic_name");
    if (f.is("INSTRUME", "LSST_CAMERA")) f.set("INSTRUME", "ComCam");
}

/// Early headers lack the serial number; the sensors never moved.
void serialBySlot(Fixes &f) {
    f.in("serial_by_slot");
    static std::map<std::string, std::string> const serials{
        {"S00", "229"}, {"S01", "251"}, {"S02", "215"}, {"S10", "326"}, {"S11", "283"},
        {"S12", "243"}, {"S20", "319"}, {"S21", "209"}, {"S22", "206"},
    };
    if (f.find("LSST_NUM")) return;
    auto const slot = f.text("CCDSLOT");
    auto const serial = serials.find(slot);
    if (serial == serials.end()) {
        throw common::Error("UNKNOWN_DETECTOR",
                            "card CCDSLOT is \"" + slot + "\", which is no slot of the camera");
    }
    f.set("LSST_NUM", "ITL-3800C-" + serial->second);
}

/// The camera had no rotator before it came to the telescope.
void noRotator(Fixes &f) {
    f.in("no_rotator");
    auto const *angle = f.find("ROTPA");
    if (!angle || std::holds_alternative<std::string>(*angle)
        || std::holds_alternative<std::monostate>(*angle)) {
        f.set("ROTPA", 0.0);
    }
}

/// Simulated headers have where the telescope looked only once, not for begin and end.
void startCoordinates(Fixes &f) {
    f.in("start_coordinates");
    for (auto const *base : {"RA", "DEC"}) {
        if (!f.isTrue(base)) continue;
        for (auto const *when : {"START", "END"}) {
            auto const key = std::string(base) + when;
            if (!f.isTrue(key)) f.set(key, fits::Value(*f.find(base)));
        }
    }
    if (!f.isTrue("RADESYS") && f.isTrue("RA") && f.isTrue("DEC")) f.set("RADESYS", "ICRS");
}

void telescopeCode(Fixes &f) {
    f.in("telescope_code");
    if (f.isTrue("TELCODE")) return;
    if (f.isTrue("CAMCODE")) return f.set("TELCODE", fits::Value(*f.find("CAMCODE")));
    auto const id = f.text("OBSID");
    f.set("TELCODE", id.substr(0, id.find('_')));
}

} // namespace

void fixComCamSim(Fixes &f) {
    for (auto *fix : {startCoordinates, telescopeCode}) fix(f);
}

void fixComCam(Fixes &f) {
    for (auto *fix : {filterWithoutName, onlyFilter, genericName, serialBySlot, noRotator}) fix(f);
}

} // namespace dbb::instrument
