/// \file
/// Which branches an input reached: known when the code was compiled with -fsanitize-coverage=trace-pc.
#pragma once

namespace dbb::fuzz {

/// Forget what was reached by the last input.
void beginCoverage();

/// Whether something was reached since beginCoverage() that no input reached before.
bool reachedNew();

/// Number of places that were ever reached; 0 when the code does not say.
long placesReached();

} // namespace dbb::fuzz
