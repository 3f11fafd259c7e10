/// \file
/// Where the detectors of a camera lie in its focal plane, and where they look (dbb-visits(1), CAMERA
/// GEOMETRY).
#pragma once

#include "butler/sky_region.h"

#include <array>
#include <map>
#include <string>
#include <vector>

namespace dbb::ingest {

class CameraGeometry {
public:
    /// \throws Error USAGE, with the path in front, when the file can't be read or is none
    static CameraGeometry read(std::string const &path);

    std::string const &instrument() const { return _instrument; }
    std::vector<int> detectors() const;

    /// The corners of each detector, padding included, as directions on the sky.
    /// \param ra_deg, dec_deg   ICRS direction of the boresight, degrees
    /// \param rotation_deg      position angle of the focal plane's y axis, from north through east, degrees
    std::map<int, std::vector<butler::UnitVector>> onSky(double ra_deg, double dec_deg,
                                                         double rotation_deg) const;

private:
    struct Point {
        double x_mm;
        double y_mm;
    };
    using Corners = std::array<Point, 4>;
    static Corners padded(Corners const &corners, double padding_mm);

    std::string _instrument;
    double _plateScale_rad_per_mm = 0;
    std::vector<double> _radial{0, 1}; ///< distance from the centre, mm to mm: coefficients by power
    bool _flipX = false;
    std::map<int, Corners> _detectors; ///< with padding
};

} // namespace dbb::ingest
