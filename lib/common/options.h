/// \file
/// Command lines: one option table per program, from which parsing, --help, --completion and --print-config
/// come. Values come from the command line, else from the environment (DBB_<OPTION>), else from the YAML file
/// of
/// --config, else from the default. The only place with CLI11.
#pragma once

#include "common/exit_code.h"
#include "common/log.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dbb::common {

/// Options that mean the same in every program. A program shows those that it asks for.
struct StandardOptions {
    int verbose = 0;        ///< -v, repeatable
    bool quiet = false;     ///< -q: errors only
    bool dry_run = false;   ///< -n
    bool stats = false;     ///< summary on stderr even when it is no terminal
    int jobs = 1;           ///< -j
    std::string rejects{};  ///< path or fd:N
    std::string metrics{};  ///< file that gets counters in Prometheus' text form
    std::string max_time{}; ///< duration like 30s, 5m, 2h
    std::string log_format = "text";
};

/// The option table of a program or of one of its verbs.
class Options {
public:
    /// \param program  name as typed, "dbb-scan"
    /// \param summary  one sentence, imperative, no full stop
    Options(std::string program, std::string summary);
    ~Options();
    Options(Options const &) = delete;
    Options &operator=(Options const &) = delete;

    /// \param names  as CLI11 takes them: "-r,--regex". The variable holds the default and outlives the
    /// table.
    Options &flag(std::string const &names, bool &target, std::string const &help);
    /// A pair --name / --no-name.
    Options &toggle(std::string const &name, bool &target, std::string const &help);
    Options &value(std::string const &names, std::string &target, std::string const &metavar,
                   std::string const &help);
    Options &value(std::string const &names, int &target, std::string const &metavar, std::string const &help,
                   int least, int most);
    /// A value out of a list of words.
    Options &choice(std::string const &names, std::string &target, std::vector<std::string> const &words,
                    std::string const &help);
    /// May be given several times.
    Options &values(std::string const &names, std::vector<std::string> &target, std::string const &metavar,
                    std::string const &help);
    Options &positional(std::string const &name, std::string &target, std::string const &help,
                        bool required = true);
    Options &positionals(std::string const &name, std::vector<std::string> &target, std::string const &help,
                         bool required = false);
    /// Make the option that was added last required.
    Options &required();
    /// The option that was added last names a file: a list, or a mapping with a list under the option's name.
    /// Such a file given to --config is meant for it.
    Options &orConfig();

    /// A verb (`dbb-repo create`). Its table is owned by this one.
    Options &verb(std::string const &name, std::string const &summary);
    /// Name of the verb that was given, empty when none.
    std::string chosenVerb() const;

    /// A further line for --version, asked for only then.
    Options &versionNote(std::function<std::string()> text);
    /// Lines for the EXAMPLES part of --help: a command and what it does.
    Options &example(std::string const &command, std::string const &what);

    /// Which of the standard options this program has besides -h, -V, -v, -q, --log-format, --config,
    /// --print-config and --completion.
    enum Standard : unsigned { Effects = 1, Rejects = 2, Jobs = 4, Runs = 8 };
    /// Effects: -n; Rejects: --rejects; Jobs: -j; Runs: --stats, --metrics, --max-time.
    Options &standard(StandardOptions &target, unsigned which);

    /// Parse the command line, start the log and the --max-time clock.
    /// \return exit status when the program shall end now (help, version, completion, a mistake that was
    /// reported)
    std::optional<int> parse(int argc, char const *const *argv);

private:
    struct State;
    std::string completion(std::string const &shell) const;
    explicit Options(std::unique_ptr<State> state);
    std::unique_ptr<State> _state;
};

/// Run a program: errors become a message and their exit status, a closed output ends as SIGPIPE would, a
/// stop signal ends the process as that signal. `body` returns the status of a complete run.
int guarded(std::function<ExitCode()> const &body);

/// Value of an environment variable. Empty is as good as not set, so that a wrapper can switch one off.
std::string environmentValue(std::string const &name);

/// Seconds of a duration: a number with one of the letters s, m, h, d (none: seconds), up to 49710 days.
/// \throws usageError
double parseDuration(std::string const &text, std::string const &option);

/// The first and the last day, YYYYMMDD, of an option; see dayRangeFrom(). \throws usageError
std::pair<std::int64_t, std::int64_t> parseDays(std::string const &text, std::string const &option);

/// The version that --version shows.
extern char const *const version;

} // namespace dbb::common
