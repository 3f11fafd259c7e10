/// \file
/// The tables of lib/gen2/data, embedded in the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dbb::gen2 {

/// Content of an embedded file, empty when there is none of that name.
std::string_view embeddedFile(std::string_view name);

/// Names of the tables of mappers, without suffix.
std::vector<std::string> embeddedFamilies();

} // namespace dbb::gen2
