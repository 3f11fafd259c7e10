/// \file
/// UT1-UTC and polar motion from a table of the IERS: the embedded one (lib/astro/data/iers.csv), or a file.
#pragma once

#include "astro/time_scale.h"

#include <string>

namespace dbb::astro {

struct EarthOrientation {
    double ut1_minus_utc_s = 0;
    double pole_x_rad = 0;
    double pole_y_rad = 0;
    bool operator==(EarthOrientation const &) const = default;
};

/// Linear interpolation at a UTC instant. Outside the table UT1-UTC is 0 and the pole is at its mean place
/// (0.035, 0.29 arcsec), as in astropy; results then differ from those with a newer table.
EarthOrientation earthOrientation(JulianDate const &utc);

/// Use a file in place of the embedded table: finals2000A of the IERS, or CSV in the columns of the embedded
/// one. To be called before anything is computed. \throws Error USAGE when it can't be read or is no table
void useEarthOrientation(std::string const &file);

/// Version and range of the table in use.
std::string earthOrientationVersion();

} // namespace dbb::astro
