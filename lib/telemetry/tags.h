/// \file
/// Names and tags of InfluxDB, in which a backslash takes its meaning from a character.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace dbb::telemetry {

inline constexpr char const *noTagValue = "a tag has no value";

/// To the first of some characters that no backslash stands before.
inline char const *scanTo(std::string_view stops, char const *p, char const *end) {
    for (; p < end; ++p) {
        if (*p == '\\') {
            if (++p == end) break;
        } else if (stops.find(*p) != std::string_view::npos) {
            break;
        }
    }
    return p;
}

inline std::string unescaped(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '\\' && i + 1 < name.size() && std::strchr(" ,=\\", name[i + 1])) ++i;
        out.push_back(name[i]);
    }
    return out;
}

/// The tags of `k1=v1,k2=v2`, if any. \param take  gets key and value \return false when one has no value
template<typename Take>
bool forEachTag(std::string_view tags, Take const &take) {
    auto const *p = tags.data();
    auto const *const end = p + tags.size();
    for (; !tags.empty(); ++p) {
        auto const *const key = p;
        auto const *const equals = scanTo("=,", p, end);
        if (equals == end || *equals != '=') return false;
        p = scanTo(",", equals + 1, end);
        take(unescaped({key, static_cast<std::size_t>(equals - key)}),
             unescaped({equals + 1, static_cast<std::size_t>(p - equals - 1)}));
        if (p == end) break;
    }
    return true;
}

} // namespace dbb::telemetry
