// Fixes of LATISS headers, in their order. The instrument wrote files for years before its headers settled.
#include "common/text.h"
#include "instrument/corrections.h"
#include "instrument/rules.h"
#include "instrument/translation.h"

#include <cmath>

namespace dbb::instrument {

namespace {

/// When the exposure began, for fixes that hold for a time.
class Begin {
public:
    explicit Begin(Fixes const &f) : _begin(f.begin()) {}
    bool after(char const *utc) const { return since(utc) > 0; }
    bool before(char const *utc) const { return since(utc) < 0; }
    bool from(char const *utc) const { return since(utc) >= 0; }

private:
    double since(char const *utc) const {
        return astro::difference(
            _begin, astro::taiFrom(*astro::parseIso(utc, astro::Scale::Utc, false), astro::Scale::Utc));
    }
    astro::JulianDate _begin;
};

/// Files of early 2019 have day, sequence number and observation id in their name only.
void missingIdentity(Fixes &f) {
    f.in("missing_identity");
    auto const &id = f.observationId();
    if (!f.find("OBSID")) f.set("OBSID", id.empty() ? fits::Value() : fits::Value(id));
    auto const pieces = common::split(id, '_');
    if (!f.find("DAYOBS")) {
        if (pieces.size() > 2 && pieces[2].size() == 8) {
            f.set("DAYOBS", pieces[2]);
        } else if (auto const *night = f.find("OBS-NITE")) {
            f.set("DAYOBS", *night);
        }
    }
    if (!f.find("SEQNUM") && pieces.size() > 3) {
        // Four pieces at most: what is behind belongs to the fourth and is no number.
        auto const number = pieces.size() == 4 ? integerOf(pieces[3]) : std::nullopt;
        if (!number) throw badValue("OBSID", id, "an id whose fourth part is a number");
        f.set("SEQNUM", *number);
    }
}

/// A controller without a clock began every exposure in 1970; the time of writing is the best that is known.
void beginIn1970(Fixes &f) {
    f.in("begin_in_1970");
    auto const *begin = f.find("DATE-OBS");
    auto const *text = begin ? std::get_if<std::string>(begin) : nullptr;
    if (!text || !text->starts_with("1970")) return;
    auto copy = [&](char const *from, std::initializer_list<char const *> to) {
        auto const *value = f.find(from);
        if (!value) throw missingCards({from});
        fits::Value const source = *value;
        for (auto const *key : to) f.set(key, source);
    };
    copy("DATE", {"DATE-OBS", "DATE-BEG"});
    copy("MJD", {"MJD-OBS", "MJD-BEG"});
    f.undefine("DATE-END");
    f.undefine("MJD-END");
}

void sensorAndEnd(Fixes &f, Begin const &t) {
    f.in("serial_of_the_sensor");
    if (t.after("2019-06-24T00:00:00")) f.set("LSST_NUM", "ITL-3800C-068");
    f.in("end_not_to_be_trusted"); // the end was that of the readout, or older than the begin
    if (t.before("2020-02-01T00:00:00") && f.isTrue("DATE-END")) {
        f.undefine("DATE-END");
        f.undefine("MJD-END");
    }
}

/// The type of image was put into the group.
void typeInGroup(Fixes &f, Begin const &t) {
    f.in("type_in_group");
    if (!t.before("2019-11-07T00:00:00") || !f.isTrue("GROUPID")) return;
    auto const group = f.text("GROUPID");
    if (group.starts_with("test")) return;
    if (f.find("IMGTYPE")) {
        if (f.is("IMGTYPE", group)) f.undefine("GROUPID");
        return;
    }
    if (auto const at = group.find('_'); at != std::string::npos) {
        f.set("IMGTYPE", group.substr(0, at));
    } else if (group.size() > 5 && common::toUpper(group.substr(0, 5)) == "FOCUS") {
        f.set("IMGTYPE", "FOCUS");
    } else {
        f.set("IMGTYPE", group);
        f.undefine("GROUPID");
    }
}

void objectsAndUnits(Fixes &f, Begin const &t) {
    f.in("no_sky_before_first_light");
    if (t.before("2020-01-27T20:00:00") && f.is("IMGTYPE", "OBJECT")) f.set("IMGTYPE", "ENGTEST");
    f.in("coordinates_in_radians");
    if (t.before("2020-01-28T22:00:00")) {
        for (auto const *key : {"RA", "DEC"}) {
            if (f.isDefined(key)) f.set(key, f.number(key) * (180.0 / M_PI));
        }
    }
    f.in("shutter_time_means_something_else");
    if (f.isTrue("SHUTTIME")) f.undefine("SHUTTIME");
    f.in("object_without_name");
    if (!f.find("OBJECT") && f.is("IMGTYPE", "OBJECT")) f.set("OBJECT", "NOTSET");
    f.in("spectrum_marker_in_object");
    if (t.before("2022-07-10T00:00:00") && f.isDefined("OBJECT")) {
        auto object = f.text("OBJECT");
        for (auto at = object.find("spec:"); at != std::string::npos; at = object.find("spec:"))
            object.erase(at, 5);
        f.set("OBJECT", object);
    }
}

void frameNames(Fixes &f) {
    f.in("frame_without_name");
    if (f.is("RADESYS", "")) f.set("RADESYS", "ICRS");
    f.in("tracking_system_names");
    if (f.is("TRACKSYS", "SIDEREAL")) {
        f.set("TRACKSYS", "RADEC");
    } else if (f.is("TRACKSYS", "")) {
        f.undefine("TRACKSYS");
    }
}

/// Begin and end coordinates: absent at first, then hours and apparent place of another time scale.
void startAndEndCoordinates(Fixes &f, Begin const &t) {
    f.in("no_start_coordinates");
    if (t.before("2020-05-01T00:00:00")) {
        for (auto const *key : {"RASTART", "DECSTART", "RAEND", "DECEND"}) f.undefine(key);
    }
    f.in("start_coordinates_in_hours");
    if (t.from("2020-05-01T00:00:00") && t.before("2021-02-11T18:45:00")) {
        for (auto const *key : {"RASTART", "RAEND"}) {
            if (!f.find(key)) throw missingCards({key});
            if (f.isTrue(key)) f.set(key, f.number(key) * 15.0);
        }
    }
    f.in("start_coordinates_of_utc");
    if (t.after("2020-05-01T00:00:00") && t.before("2021-02-12T00:00:00")) {
        for (auto const *key : {"RASTART", "RAEND"}) {
            if (!f.find(key)) throw missingCards({key});
            if (f.isTrue(key)) f.set(key, f.number(key) + (37.0 / 3600.0) * 15.0);
        }
    }
}

void rotatorAndSite(Fixes &f, Begin const &t) {
    f.in("rotator_off_by_180");
    if (t.after("2020-11-19T00:00:00") && t.before("2021-10-29T00:00:00"))
        f.set("ROTPA", f.number("ROTPA") - 180);
    f.in("site_in_the_north");
    if (f.isDefined("OBSGEO-Z") && f.number("OBSGEO-Z") > 0) f.set("OBSGEO-Z", -f.number("OBSGEO-Z"));
}

} // namespace

void fixLatiss(Fixes &f) {
    missingIdentity(f);
    beginIn1970(f);
    Begin const t(f);
    sensorAndEnd(f, t);
    typeInGroup(f, t);
    objectsAndUnits(f, t);
    frameNames(f);
    startAndEndCoordinates(f, t);
    rotatorAndSite(f, t);
}

} // namespace dbb::instrument
