/// \file
/// YAML files as Json values. The only place that knows yaml-cpp.
#pragma once

#include "common/json.h"

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dbb::common {

/// What stands in the place of `!include FILE`.
/// \param key   where it stands: keys and indices joined by points, empty at the top
/// \param file  as it is written; for a list or mapping of files it is called for each
using YamlInclude = std::function<Json(std::string const &key, std::string const &file)>;

/// Where a document's keys and items stand, for messages; keys and indices joined by points, as in `a.0.b`.
struct YamlPlaces {
    std::unordered_map<std::string, int> lines; ///< from 1
    std::vector<std::string> repeated;          ///< keys that one mapping has twice
};

/// Parse one YAML document in UTF-8; no text is null. Plain scalars get the types that PyYAML's safe loader
/// gives them (YAML 1.1: `yes`, `012`, `1_000`, a float needs a point), except that dates and base 60 numbers
/// stay text. A repeated key keeps its last value. Tags are ignored, but for `!!python/name:NAME`, which is
/// read as the text NAME; anchors, aliases and merge keys work.
/// \param name  shown in messages \param include  without one, `!include` is a tag as any other
/// \param places  filled when given
/// \throws Error BAD_YAML with line and column; also when there are several documents, or one nests deeper
///         than 64 levels or aliases make it grow beyond a million nodes
Json parseYaml(std::string const &text, std::string const &name, YamlInclude const &include = {},
               YamlPlaces *places = nullptr);

/// Parse the YAML file at `path`.
/// \throws Error as parseYaml, or as readFile
Json readYaml(std::string const &path);

/// The type that YAML 1.1 gives to a plain (unquoted) scalar.
Json plainScalar(std::string const &text);

} // namespace dbb::common
