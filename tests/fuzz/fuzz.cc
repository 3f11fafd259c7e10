// Hands changed inputs to everything that reads foreign bytes. Only common::Error may come out.
//     fuzz SECONDS SEED [TARGET…]    look for new finds, the time shared by the targets (default: all)
//     fuzz --replay FILE…            run inputs again, each with the target whose name its folder has
//     fuzz --list                    names of the targets
// Environment: DBB_TEST_DATA tests/data; FUZZ_REPO a filled repository for targets that damage one;
// FUZZ_CORPUS a folder with inputs in folders named after their targets, where inputs that reached something
// new are left, too.
//
// Built with the address and undefined-behaviour sanitizers. A find is a crash, a report of theirs, a foreign
// exception or an input that takes more than five seconds or, by the sanitizer's own limit, too much memory.
// It is left in fuzz-find/TARGET/. Where the code was compiled with -fsanitize-coverage=trace-pc, inputs that
// reach something new become inputs to begin from.
#include "common/error.h"
#include "common/file.h"
#include "fuzz/coverage.h"
#include "fuzz/mutator.h"
#include "fuzz/targets.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/time.h>
#include <unistd.h>

using namespace dbb;
namespace fs = std::filesystem;

namespace {

constexpr int mostCpuSeconds = 5;
constexpr int mostSeconds = 60; // of a machine that has other things to do

void takesTooLong(int) {
    constexpr std::array words{"FAIL takes too long\n"};
    (void)!::write(STDOUT_FILENO, words[0], std::strlen(words[0]));
    ::_exit(98);
}

void startClock(bool on) {
    itimerval const cpu{{0, 0}, {on ? mostCpuSeconds : 0, 0}};
    ::setitimer(ITIMER_PROF, &cpu, nullptr);
    ::alarm(on ? mostSeconds : 0);
}

void writeFile(fs::path const &path, std::string const &text) {
    fs::create_directories(path.parent_path());
    common::UniqueFd const fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666));
    common::writeAll(fd.get(), text, path);
}

std::string environment(char const *name, char const *fallback) {
    auto const *value = std::getenv(name);
    return value ? value : fallback;
}

/// False for a find.
bool survives(fuzz::Target const &target, std::string const &input) {
    auto const find = fs::path("fuzz-find") / target.name / "find";
    // There when the process dies.
    writeFile(find, input);
    std::string problem;
    fuzz::beginCoverage();
    startClock(true);
    try {
        target.run(input);
    } catch (common::Error const &) {
    } catch (std::exception const &e) {
        problem = e.what();
    }
    startClock(false);
    if (problem.empty()) return true;
    std::printf("FAIL %s: exception: %s\n", target.name.c_str(), problem.c_str());
    return false;
}

std::vector<std::string> inputsIn(fs::path const &folder) {
    std::vector<std::string> out;
    if (!fs::is_directory(folder)) return out;
    for (auto const &entry : fs::directory_iterator(folder)) out.push_back(common::readFile(entry.path()));
    std::sort(out.begin(), out.end(), [](auto const &a, auto const &b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return out;
}

/// One target for some time.
bool explore(fuzz::Target target, fuzz::Mutator &mutator, double seconds, fs::path const &corpus) {
    auto const end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    auto const before = fuzz::placesReached();
    long runs = 0;
    long kept = 0;
    for (auto const &input : inputsIn(corpus / target.name)) target.corpus.push_back(input);
    for (auto const &input : target.corpus) {
        if (!survives(target, input)) return false;
        (void)fuzz::reachedNew();
    }
    for (; std::chrono::steady_clock::now() < end; ++runs) {
        auto const &seed = target.corpus[mutator.below(target.corpus.size())];
        auto input = mutator.mutate(seed, target.corpus, target.unit);
        if (!survives(target, input)) return false;
        if (!fuzz::reachedNew()) continue;
        if (!corpus.empty())
            writeFile(corpus / target.name / std::to_string(std::hash<std::string>{}(input)), input);
        target.corpus.push_back(std::move(input));
        ++kept;
    }
    std::printf("ok %s: %ld inputs", target.name.c_str(), runs);
    if (auto const places = fuzz::placesReached(); places > 0)
        std::printf(", %ld places, %ld inputs reached something new", places - before, kept);
    std::printf("\n");
    std::fflush(stdout);
    return true;
}

int replay(std::vector<fuzz::Target> const &targets, std::vector<std::string> const &files) {
    int failed = 0;
    for (auto const &file : files) {
        auto const name = fs::path(file).parent_path().filename().string();
        auto const target =
            std::find_if(targets.begin(), targets.end(), [&](auto const &t) { return t.name == name; });
        if (target == targets.end()) {
            std::printf("FAIL there is no target \"%s\"\n", name.c_str());
            ++failed;
        } else {
            failed += survives(*target, common::readFile(file)) ? 0 : 1;
        }
    }
    return failed;
}

} // namespace

int main(int argc, char **argv) {
    std::signal(SIGPROF, takesTooLong);
    std::signal(SIGALRM, takesTooLong);
    auto const targets =
        fuzz::targets(environment("DBB_TEST_DATA", "tests/data"), environment("FUZZ_REPO", ""));
    std::vector<std::string> arguments(argv + 1, argv + argc);
    if (!arguments.empty() && arguments[0] == "--list") {
        for (auto const &target : targets) std::printf("%s\n", target.name.c_str());
        return 0;
    }
    if (!arguments.empty() && arguments[0] == "--replay") {
        return replay(targets, {arguments.begin() + 1, arguments.end()}) == 0 ? 0 : 1;
    }
    if (arguments.size() < 2) {
        std::fprintf(stderr, "fuzz: SECONDS and SEED, --replay or --list\n");
        return 2;
    }
    auto const chosen = [&](fuzz::Target const &target) {
        return arguments.size() == 2
               || std::find(arguments.begin() + 2, arguments.end(), target.name) != arguments.end();
    };
    auto const share =
        std::stod(arguments[0]) / static_cast<double>(std::count_if(targets.begin(), targets.end(), chosen));
    fuzz::Mutator mutator(static_cast<unsigned>(std::stoul(arguments[1])));
    bool good = true;
    for (auto const &target : targets) {
        if (chosen(target)) good = explore(target, mutator, share, environment("FUZZ_CORPUS", "")) && good;
    }
    return good ? 0 : 1;
}
