/// \file
/// UT1-UTC and polar motion from the embedded table of the IERS (lib/astro/data/iers.csv).
#pragma once

#include "astro/time_scale.h"

namespace dbb::astro {

struct EarthOrientation {
    double ut1_minus_utc_s = 0;
    double pole_x_rad = 0;
    double pole_y_rad = 0;
};

/// Linear interpolation at a UTC instant. Outside the table UT1-UTC is 0 and the pole is at its mean place
/// (0.035, 0.29 arcsec), as in astropy; results then differ from those with a newer table.
EarthOrientation earthOrientation(JulianDate const &utc);

} // namespace dbb::astro
