#include "butler/stored_path.h"

#include "common/text.h"
#include "common/uri.h"

#include <algorithm>
#include <string_view>

namespace dbb::butler {

namespace {

constexpr std::string_view memberMark = "#zip-path=";

/// A path without what follows a `#` in its last part.
std::string withoutFragment(std::string const &path) {
    auto const hash = path.rfind('#');
    return hash == std::string::npos || path.find('/', hash) != std::string::npos ? path
                                                                                  : path.substr(0, hash);
}

} // namespace

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

bool isReadAsWritten(std::string const &path) {
    return butlerFile("", path) == "/" + path;
}

std::string butlerFile(std::string const &root, std::string const &path) {
    if (path.starts_with('~') || path.starts_with("file:")) return {};
    return root + "/" + common::decodedUri(withoutFragment(path));
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
