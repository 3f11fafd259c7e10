/// \file
/// Templates of paths as Gen2's policies have them: `raw/%(dayObs)s/%(expId)013d-det%(detector)03d.fits`.
#pragma once

#include "gen2/values.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::gen2 {

/// A part of a template: a text, or the value of a key and how it is written.
struct Piece {
    enum class Kind { Literal, Integer, Text, Patch };

    Kind kind = Kind::Literal;
    std::string text;      ///< the literal text, or the key
    std::string format;    ///< between the parenthesis and the letter, for example 013
    std::size_t width = 0; ///< least number of characters
    bool zeros = false;    ///< filled up with zeros
    bool left = false;     ///< filled up behind
    bool known = false;    ///< the key occurred in an earlier element, whose value must stand here
    bool operator==(Piece const &) const = default;

    bool isKey() const { return kind != Kind::Literal; }
    /// The value as this piece writes it; nullopt when it can't: a text where an integer belongs.
    std::optional<std::string> written(Value const &value) const;
};

/// What stands between two slashes.
using Element = std::vector<Piece>;

/// Whether a name is what an element says.
enum class Fit {
    No,
    Yes,
    Undecided ///< there are too many ways to divide the name among keys, or the program was asked to stop
};

/// Compare a name with an element. Keys that are new get their values, which are as long as possible
/// from the left; those that have one must stand there as this element writes them.
/// \param values  of the elements before; new ones are added, also those of an attempt that failed
Fit matches(Element const &element, std::string_view name, Values &values);

class PathTemplate {
public:
    /// \throws Error BAD_TABLE when it is none: a key without parenthesis or conversion
    explicit PathTemplate(std::string const &text);

    std::string const &text() const { return _text; }
    std::vector<Element> const &elements() const { return _elements; }
    /// Behind the path, `[%(hdu)d]`; empty when the template names a whole file, or always the same HDU.
    Element const &hdu() const { return _hdu; }
    /// Keys of the path and of the HDU, each once, in order.
    std::vector<std::string> const &keys() const { return _keys; }
    bool hasKey(std::string_view key) const;
    /// Whether files may be compressed: .gz or .fz stands behind what the template says.
    bool allowsCompressed() const { return _compressible; }

    /// The path (without HDU); nullopt when a key has no value, or one of another kind or with a slash.
    std::optional<std::string> path(Values const &values) const;

private:
    std::string _text;
    std::vector<Element> _elements;
    Element _hdu;
    std::vector<std::string> _keys;
    bool _compressible = false;
};

} // namespace dbb::gen2
