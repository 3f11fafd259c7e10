#include "ingest/camera_geometry.h"

#include "common/error.h"
#include "common/text.h"
#include "common/yaml.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace dbb::ingest {

using butler::UnitVector;
using common::Error;
using common::Json;

namespace {

constexpr double degree = std::numbers::pi / 180;
constexpr double arcsecond = degree / 3600;
constexpr double defaultPadding_px = 250;
constexpr double mostMillimetres = 1e6; // of a corner from the centre; NaN is not below it

Error wrong(std::string const &reason) {
    return Error("USAGE", reason, common::ExitCode::Usage).hint("dbb-visits(1) describes the file");
}

double numberIn(Json const &file, std::string const &key, double fallback) {
    auto const *value = file.find(key);
    if (!value && !std::isnan(fallback)) return fallback;
    if (!value || !value->isNumber() || !std::isfinite(value->number()))
        throw wrong(key + " must be a number");
    return value->number();
}

double positiveIn(Json const &file, std::string const &key) {
    auto const out = numberIn(file, key, std::numeric_limits<double>::quiet_NaN());
    if (out <= 0) throw wrong(key + " must be above zero");
    return out;
}

void requireKnownKeys(Json const &file) {
    std::vector<std::string> const known{"camera",     "plate_scale", "radial",   "flip_x",
                                         "pixel_size", "padding",     "detectors"};
    for (auto const &[key, value] : file.object()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        auto const near = common::nearest(key, known);
        throw wrong("unknown key \"" + key + "\"" + (near.empty() ? "" : "; did you mean " + near + "?"));
    }
}

} // namespace

CameraGeometry CameraGeometry::read(std::string const &path) try {
    auto const file = common::readYaml(path);
    if (!file.isObject()) throw wrong("it is no mapping");
    requireKnownKeys(file);
    CameraGeometry out;
    if (!file["camera"].isString()) throw wrong("camera must be the name of an instrument");
    out._instrument = file["camera"].string();
    out._plateScale_rad_per_mm = positiveIn(file, "plate_scale") * arcsecond;
    if (auto const *radial = file.find("radial")) {
        if (!radial->isArray() || radial->array().size() < 2)
            throw wrong("radial must be a list of coefficients");
        out._radial.clear();
        for (auto const &c : radial->array()) {
            if (!c.isNumber()) throw wrong("radial must be a list of numbers");
            out._radial.push_back(c.number());
        }
    }
    if (auto const *flip = file.find("flip_x")) {
        if (!flip->isBool()) throw wrong("flip_x must be true or false");
        out._flipX = flip->boolean();
    }
    auto const padding_mm = numberIn(file, "padding", defaultPadding_px) * positiveIn(file, "pixel_size");
    if (!file["detectors"].isObject() || file["detectors"].object().empty())
        throw wrong("detectors must be a mapping of numbers to corners");
    for (auto const &[name, corners] : file["detectors"].object()) {
        auto const number = common::plainScalar(name);
        bool good = number.isInt() && number.integer() >= 0 && number.integer() < 1'000'000
                    && corners.isArray() && corners.array().size() == 4;
        Corners read{};
        for (std::size_t i = 0; good && i < read.size(); ++i) {
            auto const &corner = corners.array()[i];
            good = corner.isArray() && corner.array().size() == 2 && corner.array()[0].isNumber()
                   && corner.array()[1].isNumber() && std::abs(corner.array()[0].number()) < mostMillimetres
                   && std::abs(corner.array()[1].number()) < mostMillimetres;
            if (good) read[i] = {corner.array()[0].number(), corner.array()[1].number()};
        }
        if (!good) throw wrong("detector " + name + " must be a number with four corners [x, y]");
        out._detectors[static_cast<int>(number.integer())] = padded(read, padding_mm);
    }
    return out;
} catch (Error const &e) {
    throw common::usageError("--geometry: \"" + path + "\": " + e.message(), e.hint());
}

/// The corners of a rectangle, or nearly one, moved outward along both edges.
CameraGeometry::Corners CameraGeometry::padded(Corners const &corners, double padding_mm) {
    Corners out = corners;
    for (std::size_t i = 0; i < 4; ++i) {
        for (auto const neighbour : {(i + 1) % 4, (i + 3) % 4}) {
            auto const dx = corners[i].x_mm - corners[neighbour].x_mm;
            auto const dy = corners[i].y_mm - corners[neighbour].y_mm;
            auto const length = std::hypot(dx, dy);
            if (length == 0) throw wrong("two corners of a detector are one");
            out[i].x_mm += padding_mm * dx / length;
            out[i].y_mm += padding_mm * dy / length;
        }
    }
    return out;
}

std::vector<int> CameraGeometry::detectors() const {
    std::vector<int> out;
    for (auto const &[number, corners] : _detectors) out.push_back(number);
    return out;
}

std::map<int, std::vector<UnitVector>> CameraGeometry::onSky(double ra_deg, double dec_deg,
                                                             double rotation_deg) const {
    auto const centre = butler::unitVector(ra_deg, dec_deg);
    auto const ra = ra_deg * degree;
    auto const dec = dec_deg * degree;
    UnitVector const east{-std::sin(ra), std::cos(ra), 0};
    UnitVector const north{-std::sin(dec) * std::cos(ra), -std::sin(dec) * std::sin(ra), std::cos(dec)};
    auto const cosine = std::cos(rotation_deg * degree);
    auto const sine = std::sin(rotation_deg * degree);
    auto const direction = [&](Point const &p) {
        auto const r = std::hypot(p.x_mm, p.y_mm);
        double polynomial = 0;
        for (auto c = _radial.rbegin(); c != _radial.rend(); ++c) polynomial = polynomial * r + *c;
        auto const scale = (r == 0 ? _radial[1] : polynomial / r) * _plateScale_rad_per_mm;
        // x is seen to the west when y is up in the north, or to the east of a flipped image.
        auto const x = p.x_mm * scale * (_flipX ? 1 : -1);
        auto const y = p.y_mm * scale;
        auto const toEast = x * cosine + y * sine;
        auto const toNorth = y * cosine - x * sine;
        UnitVector out{};
        double sum = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            out[k] = centre[k] + toEast * east[k] + toNorth * north[k];
            sum += out[k] * out[k];
        }
        for (auto &component : out) component /= std::sqrt(sum);
        return out;
    };
    std::map<int, std::vector<UnitVector>> out;
    for (auto const &[detector, corners] : _detectors) {
        for (auto const &corner : corners) out[detector].push_back(direction(corner));
    }
    return out;
}

} // namespace dbb::ingest
