/// \file
/// A dimension universe, read from the text that a repository keeps as `config:dimensions.json`.
#pragma once

#include "common/json.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::butler {

/// Type of a key or metadata column as dimensions.json names it.
enum class ColumnType { String, Int, Float, Bool, Hash, Region, Blob, Datetime, Uuid };

/// A key or metadata column of an element.
struct Column {
    std::string name;
    ColumnType type = ColumnType::String;
    int length = 0;       ///< characters of a string, bytes of a hash; 0 when not given
    bool nullable = true; ///< false only where the JSON says so
};

/// A dimension (has keys) or a combination of dimensions (has none).
struct Element {
    std::string name;
    std::vector<Column> keys;           ///< first the primary key, then unique alternates; empty: combination
    std::vector<std::string> requires_; ///< as written
    std::vector<std::string> implies;   ///< as written
    std::vector<Column> metadata;
    bool governor = false;
    bool spatial = false;
    bool temporal = false;
    bool skypix = false; ///< htm<N>, healpix<N>: no table
    std::string
        union_target; ///< not empty: no table, values are those of this element (band: physical_filter)

    bool isDimension() const { return !keys.empty(); }
    bool hasTable() const { return !skypix && union_target.empty(); }
};

/// Names of dimensions closed over what they require and imply, in universe order.
struct DimensionGroup {
    std::vector<std::string> required;
    std::vector<std::string> implied;
    /// required and implied together, in universe order
    std::vector<std::string> names;
};

class Universe {
public:
    /// \param json  text of config:dimensions.json, universes 0 to 8
    /// \throws Error REPO_UNSUPPORTED (exit 5) when it is none
    static Universe parse(std::string_view json);

    int version() const { return _version; }
    std::string const &nameSpace() const { return _namespace; }
    /// The common skypix dimension, for example "htm7": its name, its system ("htm") and level (7).
    std::string const &commonSkypix() const { return _commonSkypix; }
    std::string const &commonSkypixSystem() const { return _commonSystem; }
    int commonSkypixLevel() const { return _commonLevel; }

    /// Families of elements whose regions, or whose time spans, mean the same thing, as the topology names
    /// them
    /// ("observation_regions": visit_detector_region, visit).
    struct Family {
        std::string name;
        std::vector<std::string> elements;
        bool spatial = false; ///< else temporal
    };
    std::vector<Family> const &families() const { return _families; }

    /// All elements, dimensions and combinations, in universe order.
    std::vector<Element> const &elements() const { return _elements; }
    /// nullptr when there is no such element
    Element const *find(std::string_view name) const;
    /// \throws Error BAD_VALUE when there is no such element
    Element const &at(std::string_view name) const;

    /// Closure of `dimensions`. \throws Error BAD_VALUE for an unknown name
    DimensionGroup group(std::vector<std::string> const &dimensions) const;
    /// Whether a key of a configuration, names with `+` between or behind them, means the dimensions of a
    /// dataset type that has some.
    bool meansDimensions(std::string const &key, DimensionGroup const &dimensions) const;
    /// Required dimensions of an element, itself included when it is a dimension, in universe order: the
    /// columns that are its primary key (in its own table the dimension itself stands under the name of its
    /// first key).
    std::vector<std::string> requiredOf(Element const &element) const;
    /// Implied dimensions of an element that are columns of its table, in universe order.
    std::vector<std::string> impliedOf(Element const &element) const;
    /// The governor dimension among the required ones of an element (instrument, skymap), empty when there is
    /// none.
    std::string governorOf(Element const &element) const;

private:
    std::vector<std::string> sorted(std::vector<std::string> names) const;

    int _version = 0;
    std::string _namespace;
    std::string _commonSkypix;
    std::string _commonSystem;
    int _commonLevel = 0;
    std::vector<Family> _families;
    std::vector<Element> _elements;
    std::map<std::string, std::size_t, std::less<>> _index;
};

} // namespace dbb::butler
