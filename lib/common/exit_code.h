/// \file
/// The exit statuses of every program, documented in dbb(7).
#pragma once

namespace dbb::common {

/// What a program's exit status says. A program's own codes start at 10; 128+n means ended by signal n.
enum class ExitCode : int {
    Done = 0,       ///< all done, or already done
    SomeFailed = 1, ///< ran to the end, some items failed for good
    Usage = 2,      ///< usage or configuration error, nothing touched
    Incomplete = 3, ///< ran to the end, something is incomplete, undecided or not yet possible
    Backend = 4,    ///< a backend (database, file system of the output) can't be used
    Damaged = 5,    ///< a journal or repository is damaged or of an unsupported version
    TryAgain = 75,  ///< another instance runs, or try again later
};

/// The more serious of two statuses: 5 > 4 > 1 > 3 > 0. Usage and TryAgain end a program at once and never
/// meet here.
ExitCode worse(ExitCode a, ExitCode b);

} // namespace dbb::common
