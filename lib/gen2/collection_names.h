/// \file
/// Names of the Gen3 collections that a Gen2 repository becomes, as `butler convert` chose them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dbb::gen2 {

std::string rawRun(std::string const &instrument);
/// The collection that calibrations are certified in.
std::string calibrationCollection(std::string const &instrument);
/// The run of the calibrations of one calibDate, `2018-09-21` or with a time of day; nullopt when the text is
/// no date.
std::optional<std::string> calibrationRun(std::string const &instrument, std::string_view calibDate);
std::string defaultsChain(std::string const &instrument);

/// The chain of a rerun: `private/<x>` becomes u/<x>, all else <instrument>/runs/<x>, without `shared/`.
std::string rerunChain(std::string const &instrument, std::string_view rerun);
/// The run of a rerun's own datasets.
std::string rerunRun(std::string const &instrument, std::string_view rerun);

extern char const *const refcatRun;
extern char const *const refcatChain;
extern char const *const skymapRun;

} // namespace dbb::gen2
