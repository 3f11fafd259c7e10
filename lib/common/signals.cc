#include "common/signals.h"

#include <csignal>
#include <cstdlib>

namespace dbb::common {

namespace {

volatile std::sig_atomic_t stop = 0;

void onSignal(int signal) {
    stop = signal;
    std::signal(signal, SIG_DFL);
}

} // namespace

void catchSignals() {
    struct sigaction action {};
    action.sa_handler = onSignal;
    // No SA_RESTART: a blocked read must return so that the loop sees the flag.
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a file beyond the limit of ulimit -f is an error of its write
}

int stopSignal() {
    return stop;
}

void requestStop(int signal) {
    stop = signal;
}

void dieOf(int signal) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    std::_Exit(128 + signal);
}

} // namespace dbb::common
