/// \file
/// Paths as file_datastore_records has them: relative to the datastore's root, or URIs; `#zip-path=…` names a
/// member of a file with several datasets.
#pragma once

#include <string>

namespace dbb::butler {

/// Whether a stored path is a URI (file://, s3:// …) and not relative to the root.
bool isUri(std::string const &stored);

/// The file itself: the stored path without what names a member.
std::string artifactOf(std::string const &stored);

/// Whether a relative path stays below the folder that it starts from, by its words alone: no empty, `.` or
/// `..` part, no slash at its beginning, no NUL.
bool staysBelow(std::string const &path);

/// Whether the Butler takes a relative path for the file of that name. It does not where a part looks like an
/// encoded character (`%20`), where the last part has a `#`, and where the path begins with `~` or `file:`.
bool isReadAsWritten(std::string const &path);

/// The file that the Butler takes a relative path for, which need not be there; empty when none below the
/// root.
std::string butlerFile(std::string const &root, std::string const &path);

/// URI of a stored path, with the member that it names.
std::string uriOf(std::string const &root, std::string const &stored);

/// Absolute path of the file of a stored path; empty when it is not a local one.
std::string localFile(std::string const &root, std::string const &stored);

} // namespace dbb::butler
