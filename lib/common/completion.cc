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

/// `--transfer) … ;;` branches for options with a value.
std::string bashValueBranches(CommandRow const &command) {
    std::string out;
    for (auto const &option : command.options) {
        if (!option.takes_value) continue;
        out += "    " + join(option.names, "|") + ") COMPREPLY=($(compgen "
               + (option.words.empty() ? "-f" : "-W '" + join(option.words, " ") + "'")
               + " -- \"$cur\")); return;;\n";
    }
    return out;
}

std::string functionName(std::string const &program) {
    auto out = "_" + program;
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
}

std::string bash(CommandRow const &program) {
    auto const function = functionName(program.name);
    std::vector<std::string> verbs;
    std::string branches = bashValueBranches(program);
    std::string cases;
    for (auto const &verb : program.verbs) {
        verbs.push_back(verb.name);
        branches += bashValueBranches(verb);
        cases += "    " + verb.name + ") words=\"$words " + join(allNames(verb), " ") + "\";;\n";
    }
    return "# bash completion of " + program.name + "\n" + function + "() {\n"
           + "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
           + "  local words=\"" + join(allNames(program), " ") + "\"\n" + "  case \"$prev\" in\n" + branches
           + "  esac\n" + "  case \"${COMP_WORDS[1]}\" in\n" + cases + "  esac\n"
           + (verbs.empty() ? "" : "  [ \"$COMP_CWORD\" = 1 ] && words=\"$words " + join(verbs, " ") + "\"\n")
           + "  case \"$cur\" in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"));;\n"
           + "    *) COMPREPLY=($(compgen -W \"" + join(verbs, " ")
           + "\" -- \"$cur\") $(compgen -f -- \"$cur\"));;\n  esac\n}\n" + "complete -o filenames -F "
           + function + " " + program.name + "\n";
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

std::string zsh(CommandRow const &program) {
    auto const function = functionName(program.name);
    std::string cases;
    std::vector<std::string> verbs;
    for (auto const &verb : program.verbs) {
        verbs.push_back(verb.name);
        cases += "  " + verb.name + ") _arguments" + zshSpecs(program) + zshSpecs(verb)
                 + " '*:file:_files'; return;;\n";
    }
    return "#compdef " + program.name + "\n" + function + "() {\n"
           + (verbs.empty() ? "" : "  case \"${words[2]}\" in\n" + cases + "  esac\n") + "  _arguments"
           + zshSpecs(program) + (verbs.empty() ? " '*:file:_files'" : " '1:verb:(" + join(verbs, " ") + ")'")
           + "\n}\n" + "compdef " + function + " " + program.name + "\n";
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
        out += "complete -c " + program.name + " -n __fish_use_subcommand -a " + verb.name + " -d "
               + quoted(verb.summary) + "\n"
               + fishLines(verb, program.name, " -n '__fish_seen_subcommand_from " + verb.name + "'");
    }
    return out;
}

} // namespace

std::string completionScript(CommandRow const &program, std::string const &shell) {
    if (shell == "zsh") return zsh(program);
    return shell == "fish" ? fish(program) : bash(program);
}

} // namespace dbb::common
