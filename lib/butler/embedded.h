/// \file
/// Texts of a fresh repository, embedded from lib/butler/data; where they come from: lib/butler/ORIGIN.md.
#pragma once

#include <string_view>

extern "C" {
extern char const dbb_data_butler_yaml_start[];
extern char const dbb_data_butler_yaml_end[];
extern char const dbb_data_butler_attributes_json_start[];
extern char const dbb_data_butler_attributes_json_end[];
extern char const dbb_data_dimensions_universe8_json_start[];
extern char const dbb_data_dimensions_universe8_json_end[];
}

namespace dbb::butler::embedded {

inline std::string_view butlerYaml() {
    return {dbb_data_butler_yaml_start, dbb_data_butler_yaml_end};
}

/// The rows of butler_attributes besides config:dimensions.json, as a JSON object.
inline std::string_view butlerAttributes() {
    return {dbb_data_butler_attributes_json_start, dbb_data_butler_attributes_json_end};
}

/// config:dimensions.json of the default universe.
inline std::string_view dimensionsJson() {
    return {dbb_data_dimensions_universe8_json_start, dbb_data_dimensions_universe8_json_end};
}

} // namespace dbb::butler::embedded
