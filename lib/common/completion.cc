#include "common/completion.h"

#include "common/text.h"

#include <algorithm>

namespace dbb::common {

namespace {

std::vector<std::string> allNames(CommandRow const &command) {
    std::vector<std::string> out;
    for (auto const &option : command.options) {
        out.insert(out.end(), option.names.begin(), option.names.end());
    }
    return out;
}

/// What completes the value of an option that has one: `case "$prev" in --transfer) … ;; esac`.
std::string bashValues(CommandRow const &command) {
    std::string branches;
    for (auto const &option : command.options) {
        if (!option.takes_value) continue;
        branches += "      " + join(option.names, "|") + ") COMPREPLY=($(compgen "
                    + (option.words.empty() ? "-f" : "-W '" + join(option.words, " ") + "'")
                    + " -- \"$cur\")); return;;\n";
    }
    return branches.empty() ? "" : "    case \"$prev\" in\n" + branches + "    esac\n";
}

std::string functionName(std::string const &program) {
    auto out = "_" + program;
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
}

std::string bash(CommandRow const &program) {
    auto const function = functionName(program.name);
    std::vector<std::string> verbs;
    std::string cases;
    for (auto const &verb : program.verbs) {
        verbs.push_back(verb.name);
        cases += "  " + verb.name + ")\n" + bashValues(verb) + "    words=\"$words "
                 + join(allNames(verb), " ") + "\"\n    arguments=\"" + join(verb.words, " ") + "\";;\n";
    }
    return "# bash completion of " + program.name + "\n" + function + "() {\n"
           + "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
           + "  local words=\"" + join(allNames(program), " ") + "\" arguments=\"" + join(program.words, " ")
           + "\"\n" + bashValues(program) + "  case \"${COMP_WORDS[1]}\" in\n" + cases + "  esac\n"
           + (verbs.empty() ? "" : "  [ \"$COMP_CWORD\" = 1 ] && arguments=\"" + join(verbs, " ") + "\"\n")
           + "  case \"$cur\" in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"));;\n"
           + "    *) COMPREPLY=($(compgen -W \"$arguments\" -- \"$cur\") $(compgen -f -- \"$cur\"));;\n  "
             "esac\n}\n"
           + "complete -o filenames -F " + function + " " + program.name + "\n";
}

/// Text for single quotes of a shell.
std::string quoted(std::string text) {
    std::string out = "'";
    for (char const c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    return out + "'";
}

/// zsh reads [ ] and : in a specification as its own.
std::string zshHelp(std::string const &help) {
    std::string out;
    for (char const c : help) {
        if (c == '[' || c == ']' || c == ':') out += '\\';
        out += c;
    }
    return out;
}

std::string zshSpecs(CommandRow const &command) {
    std::string out;
    for (auto const &option : command.options) {
        for (auto const &name : option.names) {
            std::string spec = name + "[" + zshHelp(option.help) + "]";
            if (option.takes_value) {
                spec += ":value:" + (option.words.empty() ? "_files" : "(" + join(option.words, " ") + ")");
            }
            out += " \\\n    " + quoted(spec);
        }
    }
    return out;
}

std::string zshArguments(CommandRow const &command) {
    if (command.words.empty()) return "'*:file:_files'";
    return "'*: :_alternative \"words:word:(" + join(command.words, " ") + ")\" \"files:file:_files\"'";
}

std::string zsh(CommandRow const &program) {
    auto const function = functionName(program.name);
    std::string cases;
    std::vector<std::string> verbs;
    for (auto const &verb : program.verbs) {
        verbs.push_back(verb.name);
        cases += "  " + verb.name + ") _arguments" + zshSpecs(program) + zshSpecs(verb) + " "
                 + zshArguments(verb) + "; return;;\n";
    }
    return "#compdef " + program.name + "\n" + function + "() {\n"
           + (verbs.empty() ? "" : "  case \"${words[2]}\" in\n" + cases + "  esac\n") + "  _arguments"
           + zshSpecs(program)
           + (verbs.empty() ? " " + zshArguments(program) : " '1:verb:(" + join(verbs, " ") + ")'") + "\n}\n"
           + "compdef " + function + " " + program.name + "\n";
}

std::string fishLines(CommandRow const &command, std::string const &program, std::string const &condition) {
    std::string out;
    for (auto const &option : command.options) {
        out += "complete -c " + program + condition;
        for (auto const &name : option.names) {
            out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        }
        if (option.takes_value) {
            out += option.words.empty() ? " -r -F" : " -x -a " + quoted(join(option.words, " "));
        }
        out += " -d " + quoted(option.help) + "\n";
    }
    return out;
}

std::string fish(CommandRow const &program) {
    std::string out = "# fish completion of " + program.name + "\n" + fishLines(program, program.name, "");
    for (auto const &verb : program.verbs) {
        auto const seen = " -n '__fish_seen_subcommand_from " + verb.name + "'";
        out += "complete -c " + program.name + " -n __fish_use_subcommand -a " + verb.name + " -d "
               + quoted(verb.summary) + "\n" + fishLines(verb, program.name, seen);
        if (!verb.words.empty()) {
            out += "complete -c " + program.name + seen + " -a " + quoted(join(verb.words, " ")) + "\n";
        }
    }
    return out;
}

} // namespace

std::string completionScript(CommandRow const &program, std::string const &shell) {
    if (shell == "zsh") return zsh(program);
    return shell == "fish" ? fish(program) : bash(program);
}

} // namespace dbb::common
