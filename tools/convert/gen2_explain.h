/// \file
/// How the path of a file was understood (dbb-gen2-scan --explain).
#pragma once

#include "convert/gen2_recognition.h"

#include <string>

namespace dbb::convert {

/// A page for people: the elements of the path, the templates that go on after each, and what came out.
/// \param path  of the file, absolute, below the source's folder
std::string explainPath(Recognition &recognition, Gen2Source const &source, std::string const &path);

} // namespace dbb::convert
