/// \file
/// JSON as Python's tools write it, for files that must equal theirs byte for byte.
#pragma once

#include "common/json.h"

namespace dbb::common {

enum class JsonStyle {
    Python,  ///< as json.dumps: ", " and ": ", ASCII with escapes, floats as repr() gives them
    Pydantic ///< as pydantic's serializer: no white space, UTF-8, floats with exponents of one digit or more
};

/// One line without its end. NaN and the infinities stand bare, as in both.
std::string dumpJson(Json const &value, JsonStyle style);

/// As Json::parse, but NaN, Infinity and -Infinity may stand bare, as Python writes them. \throws Error
/// NOT_JSON
Json parsePythonJson(std::string_view text);

} // namespace dbb::common
