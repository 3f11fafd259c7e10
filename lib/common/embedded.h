/// \file
/// Files that mk/rules.mk puts into the programs. A folder lists its own, one line per file:
///     #define DBB_EMBEDDED(X) X("a.yaml", a_yaml) …
///     DBB_EMBEDDED(DBB_DECLARE)
///     common::EmbeddedFile const files[] = {DBB_EMBEDDED(DBB_ROW)};
#pragma once

#include <span>
#include <string_view>

#define DBB_DECLARE(name, symbol)                                                                            \
    extern "C" char const dbb_data_##symbol##_start[];                                                       \
    extern "C" char const dbb_data_##symbol##_end[];
#define DBB_ROW(name, symbol)                                                                                \
    dbb::common::EmbeddedFile{name, dbb_data_##symbol##_start, dbb_data_##symbol##_end},

namespace dbb::common {

struct EmbeddedFile {
    std::string_view name;
    char const *begin;
    char const *end;
};

/// Content of the file of that name, empty when there is none.
inline std::string_view contentOf(std::span<EmbeddedFile const> files, std::string_view name) {
    for (auto const &file : files) {
        if (file.name == name) return {file.begin, file.end};
    }
    return {};
}

} // namespace dbb::common
