#include "butler/stored_path.h"

#include "common/text.h"
#include "common/uri.h"

#include <algorithm>
#include <string_view>

namespace dbb::butler {

namespace {

constexpr std::string_view memberMark = "#zip-path=";

}

bool isUri(std::string const &stored) {
    auto const at = stored.find("://");
    return at != std::string::npos && stored.find('/') > at;
}

std::string artifactOf(std::string const &stored) {
    return stored.substr(0, stored.find(memberMark));
}

bool staysBelow(std::string const &path) {
    auto const parts = common::split(path, '/');
    return path.find('\0') == std::string::npos
           && std::none_of(parts.begin(), parts.end(), [](std::string const &part) {
                  return part.empty() || part == "." || part == "..";
              });
}

std::string uriOf(std::string const &root, std::string const &stored) {
    auto const artifact = artifactOf(stored);
    if (isUri(artifact)) return stored;
    auto const file = root + "/" + artifact;
    if (artifact.size() == stored.size()) return common::fileUri(file);
    return common::memberUri(file, stored.substr(artifact.size() + memberMark.size()));
}

std::string localFile(std::string const &root, std::string const &stored) {
    auto const artifact = artifactOf(stored);
    if (common::isLocalFileUri(artifact)) return common::pathOfUri(artifact);
    if (isUri(artifact)) return {};
    return artifact.starts_with('/') ? artifact : root + "/" + artifact;
}

} // namespace dbb::butler
