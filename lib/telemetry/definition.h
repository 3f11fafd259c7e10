/// \file
/// What makes a column the one that it is, and the digest that tells its values from those of another.
#pragma once

#include "telemetry/column.h"

namespace dbb::telemetry {

/// The arguments of a column's function, the shifts of its window and the choice of its samples: those that
/// are not as they are by default, an object by name; durations are nanoseconds. Without topic, fields, index
/// and function.
common::Json argumentsOf(Column const &column);

/// Which instance of a component, as a configuration has it: null, "any", an integer or a list.
common::Json indexOf(Column const &column);

/// 16 hexadecimal digits of the SHA-256 of all that a value depends on: topic, fields, index, function and
/// arguments. Name, unit, UCD and description have no say in it.
std::string configHash(Column const &column);

} // namespace dbb::telemetry
