/// \file
/// The catalogue of reasons: every stable code that an error of dbb can have. dbb-reasons(7) explains them.
#pragma once

#include <span>
#include <string_view>

namespace dbb::manifest {

/// One row of the catalogue.
struct Reason {
    std::string_view code;    ///< stable name, never reused for something else
    std::string_view stage;   ///< input, read, recognise, translate, register, transfer or commit
    bool retry;               ///< whether trying the same line again can help
    std::string_view meaning; ///< one sentence
    std::string_view remedy;  ///< what to do; the hint of errors that bring none of their own
};

/// All reasons, sorted by stage and code.
std::span<Reason const> reasons();

/// The row of a code; a row of stage "commit" with no remedy for a code that the catalogue does not know.
Reason const &reasonOf(std::string_view code);

} // namespace dbb::manifest
