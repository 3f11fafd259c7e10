/// \file
/// Asked to stop: SIGTERM and SIGINT set a flag that loops look at; a second one ends the process at once.
#pragma once

namespace dbb::common {

/// Catch SIGTERM and SIGINT, and ignore SIGPIPE and SIGXFSZ, whose place take the errors of writing.
void catchSignals();

/// Number of the signal that asked to stop, 0 when none did.
int stopSignal();

/// Make stopSignal() return `signal`, as when --max-time is over.
void requestStop(int signal);

/// End the process as `signal` would have: default action, raised again.
[[noreturn]] void dieOf(int signal);

} // namespace dbb::common
