/// \file
/// Paths as file:// URIs and back.
#pragma once

#include <string>

namespace dbb::common {

/// `file://` URI of an absolute path, percent-encoded as the Butler's resource paths are: letters, digits and
/// `_.-~/` stay.
std::string fileUri(std::string const &path);

/// Whether it is a file:// URI of this host; what stands before the path is a host (RFC 8089).
bool isLocalFileUri(std::string const &uri);

/// The local path of a `file://` URI (decoded, without a fragment) or of a plain path (taken as it is).
/// \throws Error BAD_URI for another scheme, for nothing at all, and for a NUL character, where the system
/// would end the path
std::string pathOfUri(std::string const &uri);

} // namespace dbb::common
