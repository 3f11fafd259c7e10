/// \file
/// Path templates of the file datastore (where a new file goes) and file extensions.
#pragma once

#include "butler/universe.h"
#include "common/json.h"

#include <map>
#include <string>

namespace dbb::butler {

/// Templates of the Butler's own configuration: for raw datasets, the entry
/// `physical_filter+detector+exposure`; for all others, the entry `default`.
extern char const *const defaultRawTemplate;
extern char const *const defaultTemplate;

/// The template that the Butler would use for a dataset: looked for by dataset type, dimensions and storage
/// class, first for the instrument, then for all, in the configured templates and then in the Butler's own.
/// \param configured  Config::templates
/// \throws Error BAD_TEMPLATE when the configured ones are no mapping of texts
std::string templateFor(common::Json const &configured, Universe const &universe,
                        std::string const &datasetType, DimensionGroup const &dimensions,
                        std::string const &storageClass, std::string const &instrument);

/// Path of a new file, relative to the datastore root.
/// \param fields  values by template name: run, datasetType, instrument, physical_filter, exposure.obs_id,
///                detector.full_name, day_obs …; a value that is absent makes an optional field vanish. Of
///                `{a.b|c}` the first is taken that is there, or whose part before the point is
/// \param extension  of the source file, ".fits", ".fits.fz", ".fits.gz"
/// Rules: file templates of the Butler since release 30.0.8: `a|b`, `:?` optional, `:/` keeps slashes,
/// replaced characters, `.` and `#` in the last part; of Python's format specifications fill, alignment, `0`,
/// width, `d`, `s`. \throws Error BAD_TEMPLATE when a field that is not optional has no value, for a template
/// that can't be read, and
///         for a result that would leave the root
std::string formatTemplate(std::string const &text, std::map<std::string, std::string> const &fields,
                           std::string const &extension);

/// Extension of a file name as the Butler sees it: with a compression suffix both parts (.fits.gz, .fits.fz).
std::string extensionOf(std::string const &name);

} // namespace dbb::butler
