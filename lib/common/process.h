/// \file
/// Commands that are run for the user: an argument vector, a clean environment, a time-out, a process group
/// of their own.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dbb::common {

/// Words of a command line as an operator writes it: separated by blanks, '…' and "…" keep them, a backslash
/// keeps the next character outside of '…'. Nothing is expanded. \throws Error USAGE when a quote is not
/// closed
std::vector<std::string> splitWords(std::string_view text);

struct Command {
    std::vector<std::string> arguments; ///< the program first, looked for in PATH
    std::vector<std::pair<std::string, std::string>>
        environment{};   ///< besides PATH, HOME, LANG, LC_ALL, TZ and TMPDIR
    std::string input{}; ///< what it finds on standard input
    std::chrono::milliseconds timeout{60'000};
};

/// Run a command to its end; what it prints goes to standard error. With its time over, or when this process
/// is asked to stop, its process group gets SIGTERM and two seconds later SIGKILL. \return empty when it
/// ended with 0, else what happened: "ended with status 3", "was killed by signal 9" … \throws Error IO_ERROR
/// when it could not be started
std::string runCommand(Command const &command);

} // namespace dbb::common
