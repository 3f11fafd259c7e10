/// \file
/// Directions: FK5 and horizontal coordinates to ICRS, as astropy's transformations compute them with ERFA,
/// operation by operation. No refraction (pressure 0).
#pragma once

#include "astro/time_scale.h"

namespace dbb::astro {

inline constexpr double degreesToRadians = 0.017453292519943295;
inline constexpr double radiansToDegrees = 57.29577951308232;

/// Longitude and latitude, degrees.
struct Direction {
    double lon_deg = 0;
    double lat_deg = 0;
    bool operator==(Direction const &) const = default;
};

/// Geocentric position on the ITRS, metres.
struct Site {
    double x_m = 0;
    double y_m = 0;
    double z_m = 0;
    bool operator==(Site const &) const = default;
};

/// Site of a WGS84 position, degrees and metres.
Site siteFromGeodetic(double lon_deg, double lat_deg, double height_m);

/// x in [0, 360).
double wrapDegrees(double x);
/// x in [-180, 180).
double wrapDegreesSigned(double x);

/// FK5 of equinox J2000 to ICRS.
Direction icrsFromFk5(Direction const &fk5);

/// Azimuth (from north, eastward) and altitude seen at a site to ICRS.
/// \param altaz  lon: azimuth, lat: altitude
/// Earth orientation: the embedded IERS table; outside of it UT1-UTC 0 and a mean pole, as astropy does.
Direction icrsFromAltAz(Direction const &altaz, JulianDate const &tai, Site const &site);

/// Azimuth and altitude at a site.
/// \param direction  lon: hour angle, lat: declination, of date
Direction altAzFromHourAngle(Direction const &direction, Site const &site);

/// The other way round of icrsFromAltAz.
Direction altAzFromIcrs(Direction const &icrs, JulianDate const &tai, Site const &site);

} // namespace dbb::astro
