/// \file
/// Files of guider sensors: stamps taken beside an exposure, which become datasets of their own.
#pragma once

#include <string>

namespace dbb::intake {

/// What a guider's file becomes (obs_lsst, _ingest_guider.py).
inline constexpr char const *guiderType = "guider_raw";
inline constexpr char const *guiderStorageClass = "Stamps";
inline constexpr char const *guiderFormatter = "lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter";
/// Purpose of a detector that can have one.
inline constexpr char const *guiderPurpose = "GUIDER";

/// Guider files tell themselves apart by their names alone: …SG0_guider.fits.
bool isGuiderName(std::string const &path);

/// <instrument>/raw/guider
std::string guiderRun(std::string const &instrument);

} // namespace dbb::intake
