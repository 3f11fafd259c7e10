#include "common/options.h"

#include "common/calendar.h"
#include "common/completion.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "common/lines.h"
#include "common/signals.h"
#include "common/text.h"
#include "common/yaml.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <limits>
#include <map>
#include <unistd.h>

#ifndef DBB_VERSION
#define DBB_VERSION "0.0.0"
#endif

namespace dbb::common {

char const *const version = DBB_VERSION;

struct Options::State {
    std::string program;
    std::string summary;
    std::unique_ptr<CLI::App> owned; // the root only; verbs belong to CLI11
    CLI::App *app = nullptr;
    CLI::Option *last = nullptr;
    std::vector<std::pair<std::string, std::string>> examples;
    std::vector<std::unique_ptr<Options>> verbs{};
    std::map<std::string, std::vector<std::string>>
        words{};                            // of choices, by long name or that of a positional
    std::map<std::string, Json> defaults{}; // by long name
    StandardOptions own{};
    StandardOptions *standard = nullptr;
    bool print_version = false;
    std::function<std::string()> version_note{};
    bool print_config = false;
    std::string completion{};
    std::string config{};
    std::string fileOption{}; ///< whose file --config may be given, too
};

namespace {

/// Note what an option is when nobody sets it, for --print-config.
void noteDefault(std::map<std::string, Json> &defaults, CLI::Option const &option, Json const &value) {
    bool const empty = value.isString() && value.string().empty();
    if (!option.get_lnames().empty() && !empty) defaults[option.get_lnames().front()] = value;
}

} // namespace

Options::Options(std::string program, std::string summary) : _state(new State) {
    _state->program = std::move(program);
    _state->summary = std::move(summary);
    _state->owned = std::make_unique<CLI::App>(_state->summary, _state->program);
    _state->app = _state->owned.get();
    _state->standard = &_state->own;
    _state->app->set_help_flag("-h,--help", "Show this help and end");
}

Options::Options(std::unique_ptr<State> state) : _state(std::move(state)) {}

Options::~Options() = default;

Options &Options::flag(std::string const &names, bool &target, std::string const &help) {
    _state->last = _state->app->add_flag(names, target, help);
    noteDefault(_state->defaults, *_state->last, target);
    return *this;
}

Options &Options::toggle(std::string const &name, bool &target, std::string const &help) {
    _state->last = _state->app->add_flag("--" + name + ",!--no-" + name, target,
                                         help + (target ? " (default)" : " (default: no)"));
    noteDefault(_state->defaults, *_state->last, target);
    return *this;
}

Options &Options::value(std::string const &names, std::string &target, std::string const &metavar,
                        std::string const &help) {
    _state->last = _state->app->add_option(names, target, help)->type_name(metavar);
    noteDefault(_state->defaults, *_state->last, target);
    return *this;
}

Options &Options::value(std::string const &names, int &target, std::string const &metavar,
                        std::string const &help, int least, int most) {
    _state->last = _state->app->add_option(names, target, help)->check(CLI::Range(least, most));
    _state->last->type_name(metavar);
    noteDefault(_state->defaults, *_state->last, target);
    return *this;
}

Options &Options::choice(std::string const &names, std::string &target, std::vector<std::string> const &words,
                         std::string const &help) {
    auto check = [words](std::string const &given) -> std::string {
        if (std::find(words.begin(), words.end(), given) != words.end()) return {};
        auto const near = nearest(given, words);
        return "\"" + given + "\" is none of " + join(words, ", ")
               + (near.empty() ? "" : "; did you mean " + near + "?");
    };
    _state->last = _state->app->add_option(names, target, help)->check(CLI::Validator(check, "", "words"));
    _state->last->type_name(join(words, "|"));
    _state->words[_state->last->get_single_name()] = words;
    noteDefault(_state->defaults, *_state->last, target);
    return *this;
}

Options &Options::values(std::string const &names, std::vector<std::string> &target,
                         std::string const &metavar, std::string const &help) {
    _state->last = _state->app->add_option(names, target, help)->type_name(metavar);
    _state->last->expected(1)->take_all()->allow_extra_args(false);
    return *this;
}

Options &Options::positional(std::string const &name, std::string &target, std::string const &help,
                             bool required) {
    _state->last = _state->app->add_option(name, target, help)->type_name("")->required(required);
    return *this;
}

Options &Options::positionals(std::string const &name, std::vector<std::string> &target,
                              std::string const &help, bool required) {
    _state->last = _state->app->add_option(name, target, help)->type_name("")->required(required);
    return *this;
}

Options &Options::versionNote(std::function<std::string()> text) {
    _state->version_note = std::move(text);
    return *this;
}

Options &Options::required() {
    _state->last->required();
    return *this;
}

Options &Options::orConfig() {
    _state->fileOption = _state->last->get_single_name();
    return *this;
}

Options &Options::verb(std::string const &name, std::string const &summary) {
    auto state = std::make_unique<State>();
    state->program = _state->program + " " + name;
    state->summary = summary;
    state->app = _state->app->add_subcommand(name, summary);
    state->standard = _state->standard;
    _state->app->require_subcommand(1);
    return *_state->verbs.emplace_back(new Options(std::move(state)));
}

std::string Options::chosenVerb() const {
    auto const chosen = _state->app->get_subcommands();
    return chosen.empty() ? std::string() : chosen.front()->get_name();
}

Options &Options::example(std::string const &command, std::string const &what) {
    _state->examples.emplace_back(command, what);
    return *this;
}

Options &Options::standard(StandardOptions &target, unsigned which) {
    auto &app = *_state->app;
    _state->standard = &target;
    auto const group = "Common options";
    if (which & Effects) {
        app.add_flag("-n,--dry-run", target.dry_run, "Check everything and change nothing")->group(group);
    }
    if (which & Jobs) {
        app.add_option("-j,--jobs", target.jobs, "Threads that read what comes in")
            ->check(CLI::Range(1, 1024))
            ->type_name("N")
            ->group(group);
    }
    if (which & Rejects) {
        app.add_option("--rejects", target.rejects, "Append lines that fail to this file (or fd:N)")
            ->type_name("PATH")
            ->group(group);
    }
    if (which & Runs) {
        app.add_flag("--stats", target.stats, "Print the summary line also when stderr is no terminal")
            ->group(group);
        app.add_option("--metrics", target.metrics, "Write counters to this file (Prometheus text)")
            ->type_name("FILE")
            ->group(group);
        app.add_option("--max-time", target.max_time, "Stop as on SIGTERM after this time (30s, 5m, 2h)")
            ->type_name("TIME")
            ->group(group);
    }
    return *this;
}

namespace {

/// Long names of all options of an app, without help.
std::vector<std::string> longNames(CLI::App const &app) {
    std::vector<std::string> out;
    for (auto const *option : app.get_options()) {
        for (auto const &name : option->get_lnames()) out.push_back("--" + name);
    }
    return out;
}

/// The same with those of its verbs.
std::vector<std::string> allLongNames(CLI::App const &app) {
    auto out = longNames(app);
    for (auto const *verb : app.get_subcommands({})) {
        auto const more = longNames(*verb);
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

/// Whether `argv` names the option, before any "--".
bool given(CLI::Option const &option, std::vector<std::string> const &args) {
    for (auto const &arg : args) {
        if (arg == "--") break;
        for (auto const &name : option.get_lnames()) {
            if (arg == "--" + name || arg.starts_with("--" + name + "=")) return true;
        }
        for (auto const &name : option.get_snames()) {
            if (arg.size() >= 2 && arg[0] == '-' && arg[1] != '-' && arg.find(name) != std::string::npos) {
                return true;
            }
        }
    }
    return false;
}

std::string environmentName(std::string const &longName) {
    auto out = "DBB_" + toUpper(longName);
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
}

bool isMeta(std::string const &name) {
    return name == "help" || name == "version" || name == "completion" || name == "print-config"
           || name == "config";
}

/// The words that stand for a value of the configuration file or environment on the command line. Never an
/// empty value: CLI11 would take the next word for it.
std::vector<std::string> asArguments(CLI::Option const &option, Json const &value,
                                     std::string const &source) {
    auto const name = option.get_lnames().front();
    auto text = [&](Json const &v) {
        auto out = v.isNull() ? std::string() : v.text();
        if (out.empty()) throw usageError(source + ": " + name + " needs a value", "leave the key out");
        return out;
    };
    bool const isFlag = option.get_expected_max() == 0;
    if (isFlag) {
        auto const v = value.isString() ? plainScalar(value.string()) : value;
        bool const number = v.isInt() && v.integer() >= 0;
        if (!v.isBool() && !number) {
            throw usageError(source + ": " + name + " must be true or false, not \"" + text(value) + "\"");
        }
        auto const count = v.isBool() ? (v.boolean() ? 1 : 0) : static_cast<int>(v.integer());
        if (count == 0 && !option.get_fnames().empty()) return {"--" + option.get_fnames().front()};
        return std::vector<std::string>(static_cast<std::size_t>(count), "--" + name);
    }
    std::vector<std::string> out;
    if (value.isArray()) {
        for (auto const &item : value.array()) out.push_back("--" + name + "=" + text(item));
    } else {
        out.push_back("--" + name + "=" + text(value));
    }
    return out;
}

/// \param fileOption  see orConfig()
Json readConfig(std::string const &path, CLI::App const &app, std::string const &fileOption) {
    if (path.empty()) return {};
    Json config;
    try {
        config = parseYaml(readFileOrPipe(path), path);
    } catch (Error const &e) {
        throw usageError(e.message(), e.hint());
    }
    bool const isList = config.isArray() || (config.isObject() && config[fileOption].isArray());
    if (!fileOption.empty() && isList) return Json(Json::Object{{fileOption, path}});
    if (!config.isObject()) throw usageError("\"" + path + "\" is no YAML mapping of option names to values");
    auto const names = allLongNames(app);
    for (auto const &[key, value] : config.object()) {
        if (std::find(names.begin(), names.end(), "--" + key) != names.end() && !isMeta(key)) continue;
        std::vector<std::string> settable;
        for (auto const &name : names) {
            if (!isMeta(name.substr(2))) settable.push_back(name);
        }
        auto const near = nearest("--" + key, settable);
        throw usageError("\"" + path + "\": unknown key \"" + key + "\"",
                         near.empty() ? "keys are the long option names of this program"
                                      : "did you mean " + near.substr(2) + "?");
    }
    return config;
}

/// The value of an option that stands in `args` as `--name=value` or `--name value`; empty when absent.
std::string findValue(std::vector<std::string> const &args, std::string const &name) {
    for (std::size_t i = 0; i < args.size() && args[i] != "--"; ++i) {
        if (args[i].starts_with(name + "=")) return args[i].substr(name.size() + 1);
        if (args[i] == name && i + 1 < args.size()) return args[i + 1];
    }
    return {};
}

CommandRow commandRow(CLI::App const &app, std::string const &name,
                      std::map<std::string, std::vector<std::string>> const &words) {
    CommandRow out{name, app.get_description(), {}, {}, {}};
    for (auto const *option : app.get_options()) {
        OptionRow row;
        for (auto const &word : option->get_snames()) row.names.push_back("-" + word);
        for (auto const &word : option->get_lnames()) row.names.push_back("--" + word);
        for (auto const &word : option->get_fnames()) {
            if (std::find(row.names.begin(), row.names.end(), "--" + word) == row.names.end()) {
                row.names.push_back("--" + word);
            }
        }
        if (auto const known = words.find(option->get_single_name()); known != words.end())
            row.words = known->second;
        if (row.names.empty()) {
            out.words.insert(out.words.end(), row.words.begin(), row.words.end());
            continue;
        }
        row.help = option->get_description();
        row.takes_value = option->get_expected_max() > 0;
        out.options.push_back(std::move(row));
    }
    return out;
}

struct Sourced {
    std::vector<std::string> args; // environment and file first, so that a verb's words stay last
    std::map<std::string, std::string> sources; // by long name
};

/// What the environment and the configuration file say of options that the command line does not name.
void addDefaults(CLI::App const &app, std::vector<std::string> const &args, Json const &config,
                 std::string const &configPath, Sourced &out) {
    for (auto const *option : app.get_options()) {
        if (option->get_lnames().empty() || isMeta(option->get_lnames().front())) continue;
        auto const name = option->get_lnames().front();
        if (given(*option, args)) {
            out.sources[name] = "command line";
        } else if (auto const env = environmentValue(environmentName(name)); !env.empty()) {
            for (auto &word : asArguments(*option, env, environmentName(name))) out.args.push_back(word);
            out.sources[name] = environmentName(name);
        } else if (auto const *value = config.find(name)) {
            for (auto &word : asArguments(*option, *value, configPath)) out.args.push_back(word);
            out.sources[name] = configPath;
        }
    }
}

/// The verb that the command line names, nullptr when it names none.
CLI::App const *verbIn(CLI::App const &app, std::vector<std::string> const &args) {
    for (auto const *verb : app.get_subcommands({})) {
        if (std::find(args.begin(), args.end(), verb->get_name()) != args.end()) return verb;
    }
    return nullptr;
}

/// The command line with what the environment and the configuration file add to it.
Sourced withDefaults(CLI::App const &app, std::vector<std::string> const &args,
                     std::string const &fileOption) {
    Sourced out;
    auto configPath = findValue(args, "--config");
    if (configPath.empty()) configPath = environmentValue("DBB_CONFIG");
    auto const config = readConfig(configPath, app, fileOption);
    addDefaults(app, args, config, configPath, out);
    auto const *verb = verbIn(app, args);
    if (!verb) {
        out.args.insert(out.args.end(), args.begin(), args.end());
        return out;
    }
    // A verb's options are known behind its name only.
    auto const at = std::find(args.begin(), args.end(), verb->get_name()) + 1;
    out.args.insert(out.args.end(), args.begin(), at);
    addDefaults(*verb, args, config, configPath, out);
    out.args.insert(out.args.end(), at, args.end());
    return out;
}

/// CLI11 would take the next word for the value of `--option=`.
void refuseEmptyAssignments(CLI::App const &app, std::vector<std::string> const &args) {
    auto const known = allLongNames(app);
    for (auto const &arg : args) {
        if (arg == "--") return;
        auto const name = arg.substr(0, arg.find('='));
        if (arg == name + "=" && std::find(known.begin(), known.end(), name) != known.end()) {
            throw usageError(name + " needs a value");
        }
    }
}

/// What a script writes as `--rejects "$FILE"` while FILE is not set means nothing that an option could mean.
void refuseEmptyValues(CLI::App const &app) {
    for (auto const *option : app.get_options()) {
        auto const &values = option->results();
        if (option->nonpositional() && std::find(values.begin(), values.end(), "") != values.end()) {
            throw usageError("--" + option->get_lnames().front() + " needs a value");
        }
    }
}

/// `name: value` lines that --config reads again, each with where the value came from.
std::string configText(CLI::App const &app, std::map<std::string, std::string> const &sources,
                       std::map<std::string, Json> const &defaults) {
    std::string out;
    for (auto const *option : app.get_options()) {
        if (option->get_lnames().empty() || isMeta(option->get_lnames().front())) continue;
        auto const name = option->get_lnames().front();
        auto const source = sources.find(name);
        if (source == sources.end()) {
            auto const value = defaults.find(name);
            out += value == defaults.end() ? "# " + name + " is not set\n"
                                           : name + ": " + value->second.dump() + "  # default\n";
            continue;
        }
        auto const results = option->reduced_results();
        std::string value;
        if (option->get_expected_max() == 0) {
            value = results.empty() ? "false" : results.front();
        } else {
            Json::Array items;
            for (auto const &text : results)
                items.push_back(plainScalar(text).isInt() ? plainScalar(text) : Json(text));
            value = items.size() == 1 ? items.front().dump() : Json(items).dump();
        }
        out += name + ": " + value + "  # " + source->second + "\n";
    }
    return out;
}

/// Print an answer of the program itself on stdout. \throws Error OUTPUT_FAILED
int answer(std::string const &text) {
    Output out(STDOUT_FILENO);
    out.append(text);
    out.flush();
    return static_cast<int>(ExitCode::Done);
}

/// Without this a file that is opened later would become the standard stream that somebody closed, and get
/// what is meant for it.
void occupyClosedStreams() {
    for (int const fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        // The wrong way round: reading the input or writing the output fails as if it were still closed.
        ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

std::string versionText(std::string const &program, std::string const &note) {
    return program + " (dbb) " + version + "\n" + (note.empty() ? "" : note + "\n");
}

/// How mistakes in the command line itself are reported.
log::Format earlyLogFormat(std::vector<std::string> const &args) {
    auto const given = findValue(args, "--log-format");
    return (given.empty() ? environmentValue("DBB_LOG_FORMAT") : given) == "json" ? log::Format::Json
                                                                                  : log::Format::Text;
}

/// The verb in force, or the program itself.
CLI::App const &innermost(CLI::App const &app) {
    return app.get_subcommands().empty() ? app : *app.get_subcommands().front();
}

/// The first long option in `args` that neither the program nor its verb has; empty when all are known.
std::string unknownOption(CLI::App const &app, std::vector<std::string> const &args) {
    auto known = longNames(app);
    auto const ofVerb = longNames(innermost(app));
    known.insert(known.end(), ofVerb.begin(), ofVerb.end());
    for (auto const &arg : args) {
        if (arg == "--") break;
        auto const name = arg.substr(0, arg.find('='));
        if (name.starts_with("--") && std::find(known.begin(), known.end(), name) == known.end()) return name;
    }
    return {};
}

/// A word that nobody expected, with the nearest one that somebody would have.
Error unknownWord(std::string const &word, CLI::App const &app, std::string const &tryHelp) {
    auto known = longNames(innermost(app));
    std::string kind = word.starts_with("-") ? "option" : "argument";
    if (kind == "argument" && app.get_subcommands().empty() && !app.get_subcommands({}).empty()) {
        kind = "verb";
        known.clear();
        for (auto const *verb : app.get_subcommands({})) known.push_back(verb->get_name());
    }
    auto const near = nearest(word, known);
    return usageError("unknown " + kind + " \"" + word + "\"",
                      near.empty() ? tryHelp : "did you mean " + near + "? Else " + tryHelp);
}

/// Turn one of CLI11's messages into ours: lower case, no full stop, a suggestion for a wrong word.
Error translated(CLI::ParseError const &e, CLI::App const &app, std::string const &program,
                 std::vector<std::string> const &args) {
    std::string const tryHelp = "try \"" + program + " --help\"";
    auto const code = static_cast<CLI::ExitCodes>(e.get_exit_code());
    std::string text = e.what();
    if (auto const word = unknownOption(app, args); !word.empty()) return unknownWord(word, app, tryHelp);
    if (code == CLI::ExitCodes::ExtrasError) {
        // CLI11 keeps the words in its sentence only.
        auto const colon = text.rfind(": ");
        return unknownWord(split(text.substr(colon == std::string::npos ? 0 : colon + 2), ' ').front(), app,
                           tryHelp);
    }
    if (code == CLI::ExitCodes::RequiredError && app.get_subcommands().empty()
        && !app.get_subcommands({}).empty()) {
        auto const word =
            std::find_if(args.begin(), args.end(), [](auto const &arg) { return !arg.starts_with("-"); });
        if (word != args.end()) return unknownWord(*word, app, tryHelp);
        text = "a verb is missing";
    }
    if (code == CLI::ExitCodes::ArgumentMismatch) {
        auto const name = text.substr(0, text.find(':'));
        auto const *option = app.get_option_no_throw(name);
        if (!option) option = innermost(app).get_option_no_throw(name);
        // CLI11 has one kind of error for values that are too few and too many.
        bool const twice = option && option->count() > 1;
        text = name + (twice ? " is given twice" : " needs a value");
    }
    while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
    // The first word of a sentence, but not a name in capitals.
    if (text.size() > 1 && toUpper(text.substr(1, 1)) != text.substr(1, 1))
        text[0] = toLower(text.substr(0, 1))[0];
    return usageError(text, tryHelp);
}

void startMaxTime(std::string const &maxTime) {
    if (maxTime.empty()) return;
    auto const seconds = parseDuration(maxTime, "--max-time");
    // The alarm asks in the same way as an operator would.
    struct sigaction action {};
    action.sa_handler = [](int) { requestStop(SIGTERM); };
    ::sigaction(SIGALRM, &action, nullptr);
    ::alarm(std::max(1U, static_cast<unsigned>(seconds)));
}

} // namespace

std::string Options::completion(std::string const &shell) const {
    auto row = commandRow(*_state->app, _state->program, _state->words);
    for (auto const &verb : _state->verbs) {
        auto const &state = *verb->_state;
        row.verbs.push_back(commandRow(*state.app, state.app->get_name(), state.words));
    }
    return completionScript(row, shell);
}

std::optional<int> Options::parse(int argc, char const *const *argv) {
    occupyClosedStreams();
    auto &s = *_state;
    auto &app = *s.app;
    auto &std = *s.standard;
    auto const group = "Common options";
    app.add_flag("-v,--verbose", std.verbose, "Say more (repeatable)")->group(group);
    app.add_flag("-q,--quiet", std.quiet, "Say errors only")->group(group);
    choice("--log-format", std.log_format, {"text", "json"}, "Form of messages on stderr");
    s.last->group(group);
    app.add_option("--config", s.config, "YAML file with values for long options")
        ->type_name("FILE")
        ->group(group);
    app.add_flag("--print-config", s.print_config, "Show the options in force and where they come from")
        ->group(group);
    choice("--completion", s.completion, {"bash", "zsh", "fish"}, "Print a completion script and end");
    s.last->group(group);
    app.add_flag("-V,--version", s.print_version, "Show the version and end")->group(group);

    auto footer = [](State const &state) {
        std::string out = "Examples:\n";
        for (auto const &[command, what] : state.examples) out += "  " + command + "\n      " + what + "\n";
        return out
               + "\nExit status: 0 all done, 1 some items failed, 2 usage, 3 incomplete, 4 backend "
                 "unusable,\n"
                 "5 repository damaged or unsupported, 75 try again. More: man "
               + split(state.program, ' ').front();
    };
    app.footer([&s, footer] { return footer(s); });
    for (auto &verb : s.verbs) {
        auto const &own = *verb->_state;
        own.app->set_help_flag("-h,--help", "Show this help and end");
        own.app->footer([&own, footer] { return footer(own); });
        own.app->fallthrough();
    }

    std::vector<std::string> args(argv + 1, argv + argc);
    log::start(s.program, earlyLogFormat(args), log::Level::Warning);
    try {
        // These answer at once, whatever else is missing.
        auto const shell = findValue(args, "--completion");
        if (shell == "bash" || shell == "zsh" || shell == "fish") {
            return answer(completion(shell));
        }
        for (auto const &arg : args) {
            if (arg == "--") break;
            if (arg == "-V" || arg == "--version") {
                return answer(versionText(s.program, s.version_note ? s.version_note() : std::string()));
            }
        }
        refuseEmptyAssignments(app, args);
        auto sourced = withDefaults(app, args, _state->fileOption);
        std::reverse(sourced.args.begin(), sourced.args.end());
        try {
            app.parse(sourced.args);
        } catch (CLI::CallForHelp const &) {
            return answer(app.help());
        }
        refuseEmptyValues(app);
        refuseEmptyValues(innermost(app));
        log::start(s.program, std.log_format == "json" ? log::Format::Json : log::Format::Text,
                   std.quiet          ? log::Level::Error
                   : std.verbose >= 2 ? log::Level::Debug
                   : std.verbose == 1 ? log::Level::Info
                                      : log::Level::Warning);
        if (s.print_config) return answer(configText(app, sourced.sources, s.defaults));
        startMaxTime(std.max_time);
        return std::nullopt;
    } catch (CLI::ParseError const &e) {
        log::error(translated(e, app, s.program, args));
    } catch (Error const &e) {
        log::error(e);
        return static_cast<int>(e.exitCode());
    } catch (ClosedOutput const &) { // where SIGPIPE was ignored from the start
        dieOf(SIGPIPE);
    }
    return static_cast<int>(ExitCode::Usage);
}

int guarded(std::function<ExitCode()> const &body) {
    catchSignals();
    int status = 0;
    try {
        status = static_cast<int>(body());
    } catch (ClosedOutput const &) {
        dieOf(SIGPIPE);
    } catch (Error const &e) {
        log::error(e);
        status = static_cast<int>(e.exitCode());
    } catch (std::bad_alloc const &) {
        log::error("out of memory");
        status = static_cast<int>(ExitCode::Backend);
    } catch (std::exception const &e) {
        log::error(std::string("internal error: ") + e.what());
        status = static_cast<int>(ExitCode::Backend);
    }
    if (stopSignal() != 0) dieOf(stopSignal());
    return status;
}

std::string environmentValue(std::string const &name) {
    auto const *value = std::getenv(name.c_str());
    return value ? value : "";
}

double parseDuration(std::string const &text, std::string const &option) {
    double value = 0;
    auto const *end = text.data() + text.size();
    auto const [p, ec] = std::from_chars(text.data(), end, value);
    std::string const unit(p, end);
    std::map<std::string, double> const units{{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    auto const found = units.find(unit);
    // from_chars() takes "inf" and "nan", too.
    if (ec == std::errc::invalid_argument || found == units.end() || !std::isfinite(value) || value < 0) {
        throw usageError(option + ": \"" + text + "\" is no duration", "write for example 30s, 5m, 2h or 1d");
    }
    // As much as alarm() can count.
    constexpr double longest = std::numeric_limits<unsigned>::max();
    if (ec != std::errc() || value * found->second > longest) {
        throw usageError(option + ": \"" + text + "\" is too long", "no duration is longer than 49710d");
    }
    return value * found->second;
}

std::pair<std::int64_t, std::int64_t> parseDays(std::string const &text, std::string const &option) {
    auto const out = dayRangeFrom(text);
    if (!out) {
        throw usageError(option + ": \"" + text + "\" is no day and no days A..B",
                         "days are written YYYYMMDD or YYYY-MM-DD, a range 20210105..20210131, either end "
                         "of which may be left out");
    }
    if (out->first > out->second) throw usageError(option + ": \"" + text + "\" ends before it begins");
    return *out;
}

} // namespace dbb::common
