/// \file
/// Regions of records, and the trixels of the hierarchical triangular mesh that they touch.
///
/// A region is the base64 text of the registry: convex polygons and circles, alone or united, are understood;
/// of other kinds (ellipse, box, intersection) it is only known that they are regions. What is computed has a
/// margin, so that it does not depend on the last bits: trixels that a region touches for certain are a part
/// of what the Butler computes, those that it touches perhaps hold all of that.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dbb::butler {

using UnitVector = std::array<double, 3>;

/// Indexes of trixels, ascending.
struct Trixels {
    std::vector<std::int64_t> certain;
    std::vector<std::int64_t> possible; ///< those of `certain` and those within the margin
};

/// The convex hull of points that lie within less than a quarter of the sphere of their middle,
/// counter-clockwise seen from outside: corners are some of the points. \throws Error BAD_VALUE when they
/// span no area or more than that
std::vector<UnitVector> convexHull(std::vector<UnitVector> points);

/// Unit vector of a direction on the sky, degrees.
UnitVector unitVector(double lon_deg, double lat_deg);

class SkyRegion {
public:
    /// \throws Error BAD_VALUE with the reason when the text is no region
    static SkyRegion decode(std::string const &base64);

    /// \return nothing when a part is of a kind that is not understood, or when the region has so many edges
    ///   in so many trixels that it would take more than about a second
    std::optional<Trixels> trixels(int level) const;

    /// Text of the convex polygon with these corners, at least three, counter-clockwise seen from outside.
    static std::string encodePolygon(std::vector<UnitVector> const &corners);

private:
    struct Polygon {
        std::vector<UnitVector> vertices; ///< counter-clockwise seen from outside
        std::vector<UnitVector> normals;  ///< of the edge that begins at the vertex, inward
    };
    struct Circle {
        UnitVector center{};
        double radius = 0; ///< radians; negative: empty
    };
    /// A triangle of the mesh.
    struct Trixel {
        std::int64_t index;
        std::array<UnitVector, 3> vertices;
    };
    /// From what says least to what says most.
    enum class Relation { Disjoint, Possible, Certain, Within };
    using Shape = std::variant<Polygon, Circle>;
    class Cover;

    void add(std::string_view bytes, int depth);
    static Polygon polygonOf(std::vector<UnitVector> vertices);
    static Relation relate(Trixel const &trixel, Polygon const &polygon);
    static Relation relate(Trixel const &trixel, Circle const &circle);

    bool _known = true;
    std::vector<Shape> _shapes;
};

} // namespace dbb::butler
