/// \file
/// Shell completion scripts from a plain copy of a program's option table.
#pragma once

#include <string>
#include <vector>

namespace dbb::common {

struct OptionRow {
    std::vector<std::string> names; ///< with dashes
    std::string help;
    bool takes_value = false;
    std::vector<std::string> words; ///< what the value can be; empty: a file name
};

struct CommandRow {
    std::string name;
    std::string summary;
    std::vector<OptionRow> options;
    std::vector<std::string> words; ///< what its arguments can be, besides file names
    std::vector<CommandRow> verbs;
};

/// The script for `shell` (bash, zsh or fish) that completes verbs, options, words of options and file names.
std::string completionScript(CommandRow const &program, std::string const &shell);

} // namespace dbb::common
