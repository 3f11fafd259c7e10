// Fixes of LSST-TS8 headers.
#include "common/text.h"
#include "instrument/corrections.h"
#include "instrument/rules.h"

namespace dbb::instrument {

namespace {

astro::Scale scaleOf(Fixes const &f) {
    auto const *value = f.find("TIMESYS");
    return value && common::toLower(textOf(*value)) == "tai" ? astro::Scale::Tai : astro::Scale::Utc;
}

/// When the date was taken at the trigger of the readout it is the end, and the begin lies an exposure time
/// before.
void dateOfTheEnd(Fixes &f) {
    f.in("date_of_the_end");
    auto const *trigger = f.find("DATE-TRG");
    auto const *date = f.find("DATE-OBS");
    if (!trigger || !date || *trigger != *date) return;
    fits::Value const end = *date;
    auto const scale = scaleOf(f);
    auto const *mjd = f.find("MJD-OBS");
    bool const byMjd = truthy(mjd);
    auto const at = byMjd ? astro::fromMjd(f.number("MJD-OBS")) : f.dateIn("DATE-OBS", scale);
    auto const tai = astro::addSeconds(astro::taiFrom(at, scale), -f.number("EXPTIME"));
    auto const begin = scale == astro::Scale::Utc ? astro::utcFromTai(tai) : tai;
    if (!f.find("DATE-END")) {
        if (mjd) f.set("MJD-END", fits::Value(*mjd));
        f.set("DATE-END", end);
    }
    f.set("LSST-TS8 DATE-OBS", end);
    for (auto const *key : {"MJD-OBS", "MJD-BEG"}) f.set(key, astro::mjdOf(begin));
    for (auto const *key : {"DATE-OBS", "DATE-BEG"}) f.set(key, astro::isoText(begin, scale, 3));
}

} // namespace

void fixTs8(Fixes &f) {
    dateOfTheEnd(f);
}

} // namespace dbb::instrument
