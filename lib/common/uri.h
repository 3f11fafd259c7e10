/// \file
/// Paths as file:// URIs and back.
#pragma once

#include <string>

namespace dbb::common {

/// `file://` URI of an absolute path, percent-encoded as the Butler's resource paths are: letters, digits and
/// `_.-~/` stay.
std::string fileUri(std::string const &path);

/// URI of a member of a zip file, as the Butler's resource paths name it: `file:///…#zip-path=<member>`.
std::string memberUri(std::string const &zip, std::string const &member);

/// The member that a file:// URI names; empty when it names a whole file.
std::string memberOfUri(std::string const &uri);

/// A zip file's path with the name of a member, for people and as file_datastore_records has it.
std::string memberPath(std::string const &zip, std::string const &member);

/// A URI or path as it is shown: the path, and the member. \throws Error as pathOfUri()
std::string shownUri(std::string const &uri);

/// What stands before `://` at the beginning of a URI; empty for a path.
std::string schemeOf(std::string const &text);

/// Text with its percent-encoding taken off.
std::string decodedUri(std::string const &text);

/// Whether it is a file:// URI of this host; what stands before the path is a host (RFC 8089).
bool isLocalFileUri(std::string const &uri);

/// The local path of a `file://` URI (decoded, without a fragment) or of a plain path (taken as it is).
/// \throws Error BAD_URI for another scheme, for nothing at all, and for a NUL character, where the system
/// would end the path
std::string pathOfUri(std::string const &uri);

} // namespace dbb::common
