/// \file
/// The data files of lib/instrument/data, embedded in the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dbb::instrument {

/// Content of an embedded file, empty when there is none of that name.
std::string_view embeddedFile(std::string_view name);

std::vector<std::string> embeddedNames();

} // namespace dbb::instrument
