#include "butler/sky_region.h"

#include "common/error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string_view>

namespace dbb::butler {

using common::Error;

namespace {

/// Radians within which touching counts as perhaps: far above rounding, far below any pixel.
constexpr double margin = 1e-10;
constexpr int deepestUnion = 8;
/// Edges that are looked at, and trixels that are found, for one region. A visit of the largest camera needs
/// some thousands, a region of half the sky some 100,000; an edge takes about 0.1 µs.
constexpr std::size_t mostWork = 4'000'000;

UnitVector operator+(UnitVector const &a, UnitVector const &b) {
    return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}

double dot(UnitVector const &a, UnitVector const &b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

UnitVector cross(UnitVector const &a, UnitVector const &b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double length(UnitVector const &a) {
    return std::sqrt(dot(a, a));
}

UnitVector normalized(UnitVector a) {
    auto const l = length(a);
    if (l > 0) {
        for (auto &x : a) x /= l;
    }
    return a;
}

double angle(UnitVector const &a, UnitVector const &b) {
    return std::atan2(length(cross(a, b)), dot(a, b));
}

/// Whether a point of the great circle of an arc lies on the arc, at least `inside` from its ends.
bool isOnArc(UnitVector const &p, UnitVector const &a, UnitVector const &b, UnitVector const &normal,
             double inside) {
    return dot(normal, cross(a, p)) > inside && dot(normal, cross(p, b)) > inside;
}

double distanceToArc(UnitVector const &p, UnitVector const &a, UnitVector const &b,
                     UnitVector const &normal) {
    auto const height = dot(p, normal);
    UnitVector const foot{p[0] - height * normal[0], p[1] - height * normal[1], p[2] - height * normal[2]};
    if (isOnArc(foot, a, b, normal, 0)) return std::asin(std::min(1.0, std::abs(height)));
    return std::min(angle(p, a), angle(p, b));
}

/// Whether the point is at least `inside` within all half spheres (negative: at most so much outside).
template<class Normals>
bool isInside(UnitVector const &p, Normals const &normals, double inside) {
    return std::all_of(normals.begin(), normals.end(),
                       [&](UnitVector const &n) { return dot(n, p) > inside; });
}

template<class Vertices>
std::vector<UnitVector> normalsOf(Vertices const &vertices) {
    std::vector<UnitVector> out;
    for (std::size_t i = 0; i < vertices.size(); ++i) {
        out.push_back(normalized(cross(vertices[i], vertices[(i + 1) % vertices.size()])));
    }
    return out;
}

template<class Vertices>
UnitVector middleOf(Vertices const &vertices) {
    UnitVector sum{};
    for (auto const &v : vertices) sum = sum + v;
    return normalized(sum);
}

int base64Digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

Error noRegion(std::string const &reason) {
    return Error("BAD_VALUE", "the text is no region: " + reason);
}

std::string fromBase64(std::string_view text) {
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (char const c : text) {
        auto const digit = base64Digit(c);
        if (digit < 0) throw noRegion("it is not base64");
        bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xFFFFFF;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xFF);
    }
    return out;
}

std::uint64_t littleEndian(std::string_view bytes, std::size_t at) {
    std::uint64_t out = 0;
    for (std::size_t i = 8; i-- > 0;) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
    return out;
}

double numberAt(std::string_view bytes, std::size_t at) {
    auto const out = std::bit_cast<double>(littleEndian(bytes, at));
    if (std::isnan(out)) throw noRegion("it has a number that is none");
    return out;
}

UnitVector vectorAt(std::string_view bytes, std::size_t at) {
    return {numberAt(bytes, at), numberAt(bytes, at + 8), numberAt(bytes, at + 16)};
}

constexpr std::size_t vectorSize = 24;

} // namespace

namespace {

std::string toBase64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        unsigned bits = 0;
        auto const count = std::min<std::size_t>(3, bytes.size() - at);
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) out += i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
    }
    return out;
}

void appendNumber(std::string &out, double value) {
    auto bits = std::bit_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i, bits >>= 8) out += static_cast<char>(bits & 0xFF);
}

} // namespace

std::string SkyRegion::encodePolygon(std::vector<UnitVector> const &corners) {
    std::string bytes = "p";
    for (auto const &corner : corners)
        for (auto const x : corner) appendNumber(bytes, x);
    return toBase64(bytes);
}

UnitVector unitVector(double lon_deg, double lat_deg) {
    constexpr double degree = std::numbers::pi / 180;
    auto const lon = lon_deg * degree;
    auto const lat = lat_deg * degree;
    return {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

std::vector<UnitVector> convexHull(std::vector<UnitVector> points) {
    auto const middle = middleOf(points);
    // Great circles are straight lines on the plane that touches the sphere at the middle.
    auto const east =
        normalized(cross(std::abs(middle[2]) < 0.9 ? UnitVector{0, 0, 1} : UnitVector{1, 0, 0}, middle));
    auto const north = cross(middle, east);
    struct Point {
        double x, y;
        UnitVector v;
    };
    std::vector<Point> flat;
    for (auto const &v : points) {
        auto const height = dot(v, middle);
        if (height < 0.1) throw Error("BAD_VALUE", "the points of a region lie too far from each other");
        flat.push_back({dot(v, east) / height, dot(v, north) / height, v});
    }
    std::sort(flat.begin(), flat.end(),
              [](Point const &a, Point const &b) { return a.x < b.x || (a.x == b.x && a.y < b.y); });
    // Andrew's monotone chain: the lower side from left to right, then the upper one back.
    std::vector<Point> hull;
    auto const turnsLeft = [](Point const &a, Point const &b, Point const &c) {
        return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0;
    };
    auto const add = [&](Point const &p, std::size_t least) {
        while (hull.size() >= least + 2 && !turnsLeft(hull[hull.size() - 2], hull.back(), p)) hull.pop_back();
        hull.push_back(p);
    };
    for (auto const &p : flat) add(p, 0);
    auto const lower = hull.size() - 1;
    for (auto p = flat.rbegin() + 1; p < flat.rend(); ++p) add(*p, lower);
    if (!hull.empty()) hull.pop_back();
    if (hull.size() < 3) throw Error("BAD_VALUE", "the points of a region span no area");
    std::vector<UnitVector> out;
    for (auto const &p : hull) out.push_back(p.v);
    return out;
}

SkyRegion SkyRegion::decode(std::string const &base64) {
    SkyRegion out;
    // Several texts with colons between them are a union; the empty text is the empty one.
    for (std::size_t at = 0; at < base64.size();) {
        auto const end = std::min(base64.find(':', at), base64.size());
        out.add(fromBase64(std::string_view(base64).substr(at, end - at)), 0);
        at = end + 1;
    }
    return out;
}

/// Add an encoded region: a byte for its kind, then numbers in little-endian order.
void SkyRegion::add(std::string_view bytes, int depth) {
    if (bytes.empty()) throw noRegion("it is empty");
    char const kind = bytes[0];
    auto const size = bytes.size() - 1;
    auto const insist = [&](bool good) {
        if (!good) throw noRegion("it has " + std::to_string(bytes.size()) + " bytes, too few or too many");
    };
    if (kind == 'p') {
        insist(size % vectorSize == 0 && size / vectorSize >= 3);
        std::vector<UnitVector> vertices;
        for (std::size_t at = 1; at < bytes.size(); at += vectorSize) vertices.push_back(vectorAt(bytes, at));
        _shapes.emplace_back(polygonOf(std::move(vertices)));
    } else if (kind == 'c') {
        insist(size == vectorSize + 16);
        _shapes.emplace_back(Circle{normalized(vectorAt(bytes, 1)), numberAt(bytes, 1 + vectorSize + 8)});
    } else if (kind == 'e') {
        insist(size == 112);
        _known = false;
    } else if (kind == 'b') {
        insist(size == 32);
        // Longitudes and latitudes of the empty box are NaN, or the first latitude lies above the last; a
        // longitude may go through 0, and then begins above its end.
        auto const number = [&](std::size_t i) {
            return std::bit_cast<double>(littleEndian(bytes, 1 + 8 * i));
        };
        bool const empty = std::isnan(number(0)) || std::isnan(number(1)) || !(number(2) <= number(3));
        if (!empty) _known = false;
    } else if (kind == 'u' || kind == 'i') {
        insist(depth < deepestUnion);
        if (kind == 'i') _known = false;
        for (std::size_t at = 1; at < bytes.size();) {
            insist(bytes.size() - at >= 8);
            auto const length = littleEndian(bytes, at);
            at += 8;
            insist(length <= bytes.size() - at);
            if (kind == 'u') add(bytes.substr(at, length), depth + 1);
            at += length;
        }
    } else {
        throw noRegion("its kind is unknown");
    }
}

SkyRegion::Polygon SkyRegion::polygonOf(std::vector<UnitVector> vertices) {
    for (auto &v : vertices) v = normalized(v);
    auto normals = normalsOf(vertices);
    return {std::move(vertices), std::move(normals)};
}

SkyRegion::Relation SkyRegion::relate(Trixel const &trixel, Polygon const &polygon) {
    auto const &a = trixel.vertices;
    auto const &b = polygon.vertices;
    auto const normals = normalsOf(a);
    if (std::all_of(a.begin(), a.end(),
                    [&](auto const &v) { return isInside(v, polygon.normals, margin); })) {
        return Relation::Within;
    }
    auto const inPolygon = [&](UnitVector const &v) { return isInside(v, polygon.normals, margin); };
    auto const inTrixel = [&](UnitVector const &v) { return isInside(v, normals, margin); };
    if (inPolygon(middleOf(a)) || inTrixel(middleOf(b)) || std::any_of(a.begin(), a.end(), inPolygon)
        || std::any_of(b.begin(), b.end(), inTrixel)) {
        return Relation::Certain;
    }
    double nearest = 4;
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto const &a2 = a[(i + 1) % a.size()];
        for (std::size_t j = 0; j < b.size(); ++j) {
            auto const &b2 = b[(j + 1) % b.size()];
            auto crossing = normalized(cross(normals[i], polygon.normals[j]));
            if (dot(crossing, a[i] + a2) < 0) crossing = {-crossing[0], -crossing[1], -crossing[2]};
            if (isOnArc(crossing, a[i], a2, normals[i], margin)
                && isOnArc(crossing, b[j], b2, polygon.normals[j], margin)) {
                return Relation::Certain;
            }
            nearest = std::min({nearest, distanceToArc(a[i], b[j], b2, polygon.normals[j]),
                                distanceToArc(b[j], a[i], a2, normals[i])});
        }
    }
    return nearest <= margin ? Relation::Possible : Relation::Disjoint;
}

SkyRegion::Relation SkyRegion::relate(Trixel const &trixel, Circle const &circle) {
    auto const &a = trixel.vertices;
    if (circle.radius < 0) return Relation::Disjoint;
    auto const normals = normalsOf(a);
    double nearest = isInside(circle.center, normals, 0) ? 0 : 4;
    double farthest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        nearest = std::min(nearest, distanceToArc(circle.center, a[i], a[(i + 1) % a.size()], normals[i]));
        farthest = std::max(farthest, angle(circle.center, a[i]));
    }
    // Only circles up to a half sphere are convex.
    constexpr double quarter = 1.57;
    if (circle.radius < quarter && farthest < circle.radius - margin) return Relation::Within;
    if (nearest < circle.radius - margin) return Relation::Certain;
    return nearest <= circle.radius + margin ? Relation::Possible : Relation::Disjoint;
}

/// Goes down the mesh with all shapes of a union together, so that each trixel is looked at once.
class SkyRegion::Cover {
public:
    Cover(std::vector<Shape> const &shapes, int level) : _level(level) {
        for (auto const &shape : shapes) _all.push_back(&shape);
    }

    /// \return whether the work stayed within its bound
    bool walk(Trixel const &root) { return walk(root, _level, _all); }
    Trixels take() { return std::move(_out); }

private:
    using Shapes = std::vector<Shape const *>;

    bool walk(Trixel const &trixel, int depth, Shapes const &shapes) {
        Shapes touched;
        auto best = Relation::Disjoint;
        for (auto const *shape : shapes) {
            if (_work > mostWork) return false;
            auto const relation = std::visit(
                [&](auto const &s) {
                    _work += edges(s);
                    return relate(trixel, s);
                },
                *shape);
            if (relation != Relation::Disjoint) touched.push_back(shape);
            best = std::max(best, relation);
            if (best == Relation::Within) break;
        }
        if (best == Relation::Disjoint) return true;
        if (best == Relation::Within || depth == 0) {
            return emit(trixel, depth, best != Relation::Possible);
        }
        auto const &[v0, v1, v2] = trixel.vertices;
        auto const m0 = normalized(v1 + v2);
        auto const m1 = normalized(v2 + v0);
        auto const m2 = normalized(v0 + v1);
        auto const child = trixel.index << 2;
        return walk(Trixel{child, {v0, m2, m1}}, depth - 1, touched)
               && walk(Trixel{child + 1, {v1, m0, m2}}, depth - 1, touched)
               && walk(Trixel{child + 2, {v2, m1, m0}}, depth - 1, touched)
               && walk(Trixel{child + 3, {m0, m1, m2}}, depth - 1, touched);
    }

    bool emit(Trixel const &trixel, int depth, bool certain) {
        auto const begin = trixel.index << (2 * depth);
        auto const count = std::int64_t{1} << (2 * depth);
        _work += static_cast<std::size_t>(count);
        if (_work > mostWork) return false;
        for (auto index = begin; index < begin + count; ++index) {
            if (certain) _out.certain.push_back(index);
            _out.possible.push_back(index);
        }
        return true;
    }

    static std::size_t edges(Polygon const &polygon) { return polygon.vertices.size(); }
    static std::size_t edges(Circle const &) { return 1; }

    int _level;
    Shapes _all;
    std::size_t _work = 0; ///< edges looked at and trixels found
    Trixels _out;
};

std::optional<Trixels> SkyRegion::trixels(int level) const {
    if (!_known) return std::nullopt;
    constexpr UnitVector x{1, 0, 0};
    constexpr UnitVector y{0, 1, 0};
    constexpr UnitVector z{0, 0, 1};
    constexpr UnitVector mx{-1, 0, 0};
    constexpr UnitVector my{0, -1, 0};
    constexpr UnitVector mz{0, 0, -1};
    // In the order of their indexes, so that what is found comes in ascending order.
    constexpr std::array<std::array<UnitVector, 3>, 8> roots{
        {{x, mz, y}, {y, mz, mx}, {mx, mz, my}, {my, mz, x}, {x, z, my}, {my, z, mx}, {mx, z, y}, {y, z, x}}};
    Cover cover(_shapes, level);
    std::int64_t index = 8;
    for (auto const &root : roots)
        if (!cover.walk({index++, root})) return std::nullopt;
    return cover.take();
}

} // namespace dbb::butler
