/// \file
/// The catalogue of damage: every name that a check of a repository can report. A new kind is a line in
/// damage.cc and a function that finds it.
#pragma once

#include <span>
#include <string_view>

namespace dbb::butler {

struct CheckContext;

/// One row of the catalogue.
struct DamageKind {
    std::string_view name;    ///< stable, never reused for something else
    std::string_view meaning; ///< one sentence
    std::string_view remedy;  ///< what to do; where it is mended by itself, what that does
    bool mends;               ///< whether the check can mend it, always or in the cases that the remedy names
    /// Finds it. Kinds that are found together follow one another and have the same function, which runs
    /// once.
    void (*find)(CheckContext const &);
};

/// All kinds, in the order in which they are looked for: what others rest upon comes first.
std::span<DamageKind const> damageKinds();

/// \throws Error BAD_VALUE for a name that is none
DamageKind const &damageKind(std::string_view name);

} // namespace dbb::butler
