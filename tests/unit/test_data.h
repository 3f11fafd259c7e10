/// \file
/// Where unit tests find their input.
#pragma once

#include <cstdlib>
#include <string>

namespace dbb::tests {

/// Path of a file below tests/data (or $DBB_TEST_DATA).
inline std::string data(std::string const &name) {
    auto const *root = std::getenv("DBB_TEST_DATA");
    return std::string(root ? root : "tests/data") + "/" + name;
}

} // namespace dbb::tests
