#include "common/process.h"

#include "common/error.h"
#include "common/file.h"
#include "common/signals.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace dbb::common {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::array inherited{"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"};
constexpr milliseconds grace(2000);
constexpr int lost = -1; // in place of a status

std::vector<char *> pointersTo(std::vector<std::string> &texts) {
    std::vector<char *> out;
    for (auto &text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> environmentOf(Command const &command) {
    std::vector<std::string> out;
    for (auto const *name : inherited) {
        if (auto const *value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
    }
    for (auto const &[name, value] : command.environment) out.push_back(name + "=" + value);
    return out;
}

/// A file without a name that holds the input: a pipe would need somebody who writes while we wait.
UniqueFd inputFile(std::string const &text) {
    UniqueFd out(::memfd_create("input", MFD_CLOEXEC));
    if (!out) throw systemError("make input for", "a command", errno);
    writeAll(out.get(), text, "input of a command");
    ::lseek(out.get(), 0, SEEK_SET);
    return out;
}

pid_t start(Command const &command) {
    auto arguments = command.arguments;
    auto environment = environmentOf(command);
    auto const input = inputFile(command.input);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    for (int const signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGCHLD}) sigaddset(&defaults, signal);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK
                                                             | POSIX_SPAWN_SETSIGDEF));
    pid_t pid = 0;
    auto const error = ::posix_spawnp(&pid, arguments[0].c_str(), &actions, &attributes,
                                      pointersTo(arguments).data(), pointersTo(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        throw Error("IO_ERROR", "could not run \"" + command.arguments[0] + "\": " + std::strerror(error));
    }
    return pid;
}

/// Wait for the end until a time. \return whether it came; the status of waitpid
bool waitUntil(pid_t pid, Clock::time_point end, bool heedSignals, int &status) {
    for (milliseconds pause(1);; pause = std::min(pause * 2, milliseconds(50))) {
        auto const got = ::waitpid(pid, &status, WNOHANG);
        if (got == pid) return true;
        if (got < 0 && errno != EINTR) {
            status = lost;
            return true;
        }
        if (Clock::now() >= end || (heedSignals && stopSignal() != 0)) return false;
        std::this_thread::sleep_for(pause);
    }
}

std::string outcomeOf(int status) {
    if (status == lost) return "ended, but its status is not known";
    if (WIFSIGNALED(status)) return "was killed by signal " + std::to_string(WTERMSIG(status));
    auto const code = WEXITSTATUS(status);
    return code == 0 ? "" : "ended with status " + std::to_string(code);
}

} // namespace

std::vector<std::string> splitWords(std::string_view text) {
    std::vector<std::string> out;
    bool inside = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
            inside = false;
            continue;
        }
        if (!inside) out.emplace_back();
        inside = true;
        if (quote != 0 && c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
        } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
            out.back() += text[++i];
        } else {
            out.back() += c;
        }
    }
    if (quote != 0)
        throw usageError(std::string("a quote ") + quote + " is not closed in: " + std::string(text));
    return out;
}

std::string runCommand(Command const &command) {
    // Who starts us may have children ignored; then nobody would tell how the command ended.
    ::signal(SIGCHLD, SIG_DFL);
    auto const pid = start(command);
    int status = 0;
    if (waitUntil(pid, Clock::now() + command.timeout, true, status)) return outcomeOf(status);
    ::kill(-pid, SIGTERM);
    if (!waitUntil(pid, Clock::now() + grace, false, status)) {
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, &status, 0);
    }
    // What it started may have outlived it.
    ::kill(-pid, SIGKILL);
    if (stopSignal() != 0) return "was stopped";
    return "took longer than " + std::to_string(command.timeout.count() / 1000) + " s and was stopped";
}

} // namespace dbb::common
