#include "astro/frames.h"

#include "astro/earth_orientation.h"

#include <array>
#include <cmath>
#include <erfa.h>
#include <optional>
#include <utility>

namespace dbb::astro {

namespace {

using Vector = std::array<double, 3>;

constexpr double twoPi = 6.283185307179586;
/// Deflection by the Sun is limited near its limb as astropy limits it.
constexpr double deflectionLimit = 1e-6;

Vector fromAngles(double lon_rad, double lat_rad) {
    Vector out{};
    eraS2c(lon_rad, lat_rad, out.data());
    return out;
}

Vector unit(Vector v) {
    // The order in which numpy's einsum, used by astropy here, adds three squares.
    double const norm = std::sqrt((v[0] * v[0] + v[2] * v[2]) + v[1] * v[1]);
    for (auto &x : v) x /= norm;
    return v;
}

Vector minus(Vector a, Vector const &b) {
    for (std::size_t i = 0; i < 3; ++i) a[i] -= b[i];
    return a;
}

struct SiteAngles {
    double lon_rad = 0;
    double lat_rad = 0;
    double height_m = 0;
};

/// Geodetic angles after the conversions to degrees and back that astropy's location object makes; without
/// them the last bit of the right ascension differs.
SiteAngles anglesOf(Site const &site) {
    SiteAngles out;
    double xyz[3] = {site.x_m, site.y_m, site.z_m};
    double lon = 0;
    double lat = 0;
    eraGc2gd(1, xyz, &lon, &lat, &out.height_m);
    if (lon < 0) lon += 360.0 * degreesToRadians;
    double lon_deg = lon * radiansToDegrees;
    if (lon_deg >= 180.0) lon_deg -= 360.0;
    out.lon_rad = lon_deg * degreesToRadians;
    out.lat_rad = lat * radiansToDegrees * degreesToRadians;
    return out;
}

/// What star-independent parameters depend on.
struct Moment {
    JulianDate tai;
    Site site;
    EarthOrientation earth;

    bool operator==(Moment const &) const = default;
};

eraASTROM computed(Moment const &moment, JulianDate const &utc) {
    auto const &[tai, site, earth] = moment;
    double tt1 = 0, tt2 = 0, utc1 = 0, utc2 = 0, ut1 = 0, ut2 = 0, tdb1 = 0, tdb2 = 0;
    eraTaitt(tai.day, tai.fraction, &tt1, &tt2);
    eraTaiutc(tai.day, tai.fraction, &utc1, &utc2);
    eraUtcut1(utc1, utc2, earth.ut1_minus_utc_s, &ut1, &ut2);
    auto const ut = normalised(ut1, ut2);
    auto const tt = normalised(tt1, tt2);
    // Barycentric time: the geocentric difference, fraction of the UTC day as its argument.
    double const day = normalised(utc.day - 0.5, utc.fraction).fraction;
    eraTttdb(tt1, tt2, eraDtdb(tt1, tt2, day, 0, 0, 0), &tdb1, &tdb2);
    auto const tdb = normalised(tdb1, tdb2);

    double bpn[3][3];
    double x = 0, y = 0;
    eraPnm06a(tt.day, tt.fraction, bpn);
    eraBpn2xy(bpn, &x, &y);
    double const s = eraS06(tt.day, tt.fraction, x, y);
    double heliocentric[2][3];
    double barycentric[2][3];
    eraEpv00(tdb.day, tdb.fraction, heliocentric, barycentric);
    double refa = 0, refb = 0;
    eraRefco(0.0, 0.0, 0.0, 1.0, &refa, &refb);
    auto const angles = anglesOf(site);
    eraASTROM out;
    eraApco(tt.day, tt.fraction, barycentric, heliocentric[0], x, y, s, eraEra00(ut.day, ut.fraction),
            angles.lon_rad, angles.lat_rad, angles.height_m, earth.pole_x_rad, earth.pole_y_rad,
            eraSp00(tt.day, tt.fraction), refa, refb, &out);
    return out;
}

/// Star-independent parameters of an observation at a time and site. They take far longer than all else, and
/// the files of an exposure share them.
eraASTROM contextOf(JulianDate const &tai, Site const &site) {
    thread_local std::optional<std::pair<Moment, eraASTROM>> last;
    double utc1 = 0, utc2 = 0;
    eraTaiutc(tai.day, tai.fraction, &utc1, &utc2);
    auto const utc = normalised(utc1, utc2);
    Moment const moment{tai, site, earthOrientation(utc)};
    if (!last || !(last->first == moment)) last.emplace(moment, computed(moment, utc));
    return last->second;
}

Vector deflected(eraASTROM &context, Vector direction) {
    Vector out{};
    eraLd(1.0, direction.data(), direction.data(), context.eh, context.em, deflectionLimit, out.data());
    return out;
}

Vector aberrated(eraASTROM &context, Vector direction) {
    Vector out{};
    eraAb(direction.data(), context.v, context.em, context.bm1, out.data());
    return out;
}

/// Solve forward(x) = target for a unit vector by fixed-point iteration.
template<typename F>
Vector undone(Vector const &target, int iterations, F forward) {
    Vector shift{};
    for (int i = 0; i < iterations; ++i) {
        auto const before = unit(minus(target, shift));
        shift = minus(forward(before), before);
    }
    return unit(minus(target, shift));
}

} // namespace

Site siteFromGeodetic(double lon_deg, double lat_deg, double height_m) {
    double xyz[3];
    eraGd2gc(1, wrapDegrees(lon_deg) * degreesToRadians, lat_deg * degreesToRadians, height_m, xyz);
    return {xyz[0], xyz[1], xyz[2]};
}

namespace {

double wrapped(double x, double low) {
    if (x >= low && x < low + 360.0) return x;
    x -= std::floor((x - low) / 360.0) * 360.0;
    if (x >= low + 360.0) x -= 360.0;
    if (x < low) x += 360.0;
    return x;
}

} // namespace

double wrapDegrees(double x) {
    return wrapped(x, 0.0);
}
double wrapDegreesSigned(double x) {
    return wrapped(x, -180.0);
}

Direction icrsFromFk5(Direction const &fk5) {
    // Frame bias of FK5 J2000, transposed: astropy's matrix, exact bits.
    double matrix[3][3] = {
        {0x1.fffffffffffb9p-1, 0x1.dcd659c94c1dap-24, 0x1.7af8955652f0dp-25},
        {-0x1.dcd6589697144p-24, 0x1.fffffffffff9cp-1, -0x1.9e5e9a66d39d8p-24},
        {-0x1.7af89b5df8a29p-25, 0x1.9e5e98fa40aeep-24, 0x1.fffffffffffcdp-1},
    };
    auto p = fromAngles(fk5.lon_deg * degreesToRadians, fk5.lat_deg * degreesToRadians);
    Vector q{};
    eraRxp(matrix, p.data(), q.data());
    double lon = 0;
    double lat = 0;
    eraC2s(q.data(), &lon, &lat);
    if (lon < 0) lon += twoPi; // in radians: a wrap in degrees would lose the last bit
    return {lon * radiansToDegrees, lat * radiansToDegrees};
}

Direction icrsFromAltAz(Direction const &altaz, JulianDate const &tai, Site const &site) {
    auto context = contextOf(tai, site);
    double ri = 0, di = 0;
    eraAtoiq("A", altaz.lon_deg * degreesToRadians, M_PI / 2 - altaz.lat_deg * degreesToRadians, &context,
             &ri, &di);
    auto p = fromAngles(ri, di);
    Vector ppr{};
    eraTrxp(context.bpn, p.data(), ppr.data());
    auto const apparent = undone(ppr, 2, [&](Vector const &v) { return aberrated(context, v); });
    auto natural = undone(apparent, 5, [&](Vector const &v) { return deflected(context, v); });
    double lon = 0;
    double lat = 0;
    eraC2s(natural.data(), &lon, &lat);
    return {wrapDegrees(eraAnp(lon) * radiansToDegrees), lat * radiansToDegrees};
}

Direction altAzFromHourAngle(Direction const &direction, Site const &site) {
    double azimuth = 0;
    double altitude = 0;
    eraHd2ae(direction.lon_deg * degreesToRadians, direction.lat_deg * degreesToRadians,
             anglesOf(site).lat_rad, &azimuth, &altitude);
    return {azimuth * radiansToDegrees, altitude * radiansToDegrees};
}

Direction altAzFromIcrs(Direction const &icrs, JulianDate const &tai, Site const &site) {
    auto context = contextOf(tai, site);
    auto v = aberrated(context, deflected(context, fromAngles(icrs.lon_deg * degreesToRadians,
                                                              icrs.lat_deg * degreesToRadians)));
    Vector q{};
    eraRxp(context.bpn, v.data(), q.data());
    double ri = 0, di = 0;
    eraC2s(q.data(), &ri, &di);
    double az = 0, zenith = 0, ha = 0, dec = 0, ra = 0;
    eraAtioq(eraAnp(ri), di, &context, &az, &zenith, &ha, &dec, &ra);
    return {wrapDegrees(az * radiansToDegrees), (M_PI / 2 - zenith) * radiansToDegrees};
}

} // namespace dbb::astro
