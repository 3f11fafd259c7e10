#include "common/yaml.h"

#include "common/error.h"
#include "common/file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>
#include <yaml-cpp/yaml.h>

namespace dbb::common {

namespace {

constexpr int maxDepth = 64;
constexpr int maxNodes = 1'000'000;

bool isOneOf(std::string_view s, std::initializer_list<char const *> words) {
    return std::any_of(words.begin(), words.end(), [&](char const *w) { return s == w; });
}

std::string withoutUnderscores(std::string_view s) {
    std::string out;
    std::copy_if(s.begin(), s.end(), std::back_inserter(out), [](char c) { return c != '_'; });
    return out;
}

bool allDigits(std::string_view s) {
    return !s.empty() && s.find_first_not_of("0123456789_") == std::string_view::npos && s[0] != '_';
}

/// YAML 1.1 integers: decimal, 0b…, 0o as 0…, 0x…; false when `s` is none or does not fit.
bool parseInteger(std::string_view s, std::int64_t &out) {
    bool const negative = s.starts_with('-');
    if (negative || s.starts_with('+')) s.remove_prefix(1);
    if (s.empty()) return false;
    int base = 10;
    std::string digits;
    if (s.starts_with("0b")) {
        base = 2;
        digits = withoutUnderscores(s.substr(2));
    } else if (s.starts_with("0x")) {
        base = 16;
        digits = withoutUnderscores(s.substr(2));
    } else if (allDigits(s)) {
        digits = withoutUnderscores(s);
        if (digits.size() > 1 && digits[0] == '0') base = 8;
    } else {
        return false;
    }
    if (negative) digits.insert(0, "-");
    auto const *end = digits.data() + digits.size();
    auto const [p, ec] = std::from_chars(digits.data(), end, out, base);
    return ec == std::errc() && p == end && !digits.empty();
}

/// YAML 1.1 floats: a point is required and an exponent needs its sign, so that 1e5 is text.
bool parseFloat(std::string_view s, double &out) {
    std::string_view body = s;
    bool const negative = body.starts_with('-');
    if (negative || body.starts_with('+')) body.remove_prefix(1);
    if (isOneOf(body, {".inf", ".Inf", ".INF"})) {
        out = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
        return true;
    }
    if (isOneOf(s, {".nan", ".NaN", ".NAN"})) {
        out = std::numeric_limits<double>::quiet_NaN();
        return true;
    }
    auto const point = body.find('.');
    if (point == std::string_view::npos) return false;
    auto const e = body.find_first_of("eE");
    if (e != std::string_view::npos && (e + 1 >= body.size() || (body[e + 1] != '+' && body[e + 1] != '-'))) {
        return false;
    }
    if (body.find_first_not_of("0123456789_.eE+-") != std::string_view::npos) return false;
    std::string const digits = withoutUnderscores(s.starts_with('+') ? s.substr(1) : s);
    auto const *end = digits.data() + digits.size();
    auto const [p, ec] = std::from_chars(digits.data(), end, out);
    return ec == std::errc() && p == end;
}

class Converter {
public:
    Converter(std::string const &name, YamlInclude const &include, YamlPlaces *places)
        : _name(name), _include(include), _places(places) {}

    Json convert(YAML::Node const &node, int depth = 0) {
        if (depth > maxDepth || ++_nodes > maxNodes) {
            throw Error("BAD_YAML", "could not read \"" + _name + "\": nested too deep or too large")
                .hint("YAML files may nest 64 levels and hold a million values, aliases expanded");
        }
        if (_include && node.Tag() == "!include") return included(node);
        switch (node.Type()) {
        case YAML::NodeType::Scalar:
            return node.Tag() == "?" || node.Tag().empty() ? plainScalar(node.Scalar()) : tagged(node);
        case YAML::NodeType::Sequence: {
            Json::Array out;
            for (auto const &item : node) out.push_back(below(std::to_string(out.size()), item, item, depth));
            return out;
        }
        case YAML::NodeType::Map: return mapping(node, depth);
        default: return {};
        }
    }

private:
    static Json tagged(YAML::Node const &node) {
        if (node.Tag().ends_with(":str") || node.Tag() == "!") return node.Scalar();
        // What PyYAML writes for a class or function: the tag has its name, the scalar nothing.
        constexpr std::string_view pythonName = ":python/name:";
        if (auto const at = node.Tag().find(pythonName); at != std::string::npos && node.Scalar().empty())
            return node.Tag().substr(at + pythonName.size());
        return node.Tag().find("yaml.org,2002") == std::string::npos ? Json(node.Scalar())
                                                                     : plainScalar(node.Scalar());
    }

    /// An object under construction, whose keys are looked up in constant time.
    struct Members {
        Json::Object list;
        std::unordered_map<std::string, std::size_t> places;

        void set(std::string const &key, Json value) {
            auto const [at, isNew] = places.emplace(key, list.size());
            if (isNew) {
                list.emplace_back(key, std::move(value));
            } else {
                list[at->second].second = std::move(value);
            }
        }
        void add(Json const &merged) {
            if (!merged.isObject()) return;
            for (auto const &[key, value] : merged.object()) {
                if (!places.contains(key)) set(key, value);
            }
        }
    };

    Json mapping(YAML::Node const &node, int depth) {
        Members out;
        std::set<std::string> own;
        for (auto const &entry : node) {
            if (entry.first.IsScalar() && entry.first.Scalar() == "<<") {
                Json const merged = convert(entry.second, depth + 1);
                if (merged.isArray()) {
                    for (auto const &item : merged.array()) out.add(item);
                }
                out.add(merged);
            } else {
                auto const &key = entry.first.Scalar();
                if (_places && !own.insert(key).second) _places->repeated.push_back(pathOf(key));
                out.set(key, below(key, entry.first, entry.second, depth));
            }
        }
        return std::move(out.list);
    }

    std::string pathOf(std::string const &step) const { return _key + (_key.empty() ? "" : ".") + step; }

    /// What stands below a key or an index. \param begin  the node with which it begins
    Json below(std::string const &step, YAML::Node const &begin, YAML::Node const &node, int depth) {
        auto const length = _key.size();
        _key = pathOf(step);
        if (_places) _places->lines[_key] = begin.Mark().line + 1;
        auto out = convert(node, depth + 1);
        _key.resize(length);
        return out;
    }

    /// The file, list or mapping of files that a node tagged `!include` names.
    Json included(YAML::Node const &node) {
        auto const fileAt = [&](YAML::Node const &name) {
            if (name.IsScalar()) return _include(_key, name.Scalar());
            throw Error("BAD_YAML", "could not read \"" + _name + "\": " + _key
                                        + " has !include with something else than names of files");
        };
        if (node.IsSequence()) {
            Json::Array out;
            for (auto const &name : node) out.push_back(fileAt(name));
            return out;
        }
        if (node.IsMap()) {
            Members out;
            for (auto const &entry : node) out.set(entry.first.Scalar(), fileAt(entry.second));
            return std::move(out.list);
        }
        return fileAt(node);
    }

    std::string const &_name;
    YamlInclude const &_include;
    YamlPlaces *_places;
    std::string _key; ///< of the node at hand
    int _nodes = 0;
};

/// Whether a markLine of a document's begin or end (at the begin of a line, which no content can have) stands
/// behind content. YAML::LoadAll is no help: it goes on for ever at some texts.
bool hasSeveralDocuments(std::string_view text) {
    bool content = false;
    bool ended = false;
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        bool const markLine = line.size() == 3 || line.find_first_of(" \t\r") == 3;
        if (markLine && line.starts_with("---")) {
            if (content || ended) return true;
            content = line.find_first_not_of(" \t\r", 3) != std::string_view::npos;
        } else if (markLine && line.starts_with("...")) {
            ended = true;
        } else if (line.find_first_not_of(" \t\r") != std::string_view::npos && !line.starts_with('#')
                   && !line.starts_with('%')) {
            if (ended) return true;
            content = true;
        }
    }
    return false;
}

} // namespace

Json plainScalar(std::string const &text) {
    if (isOneOf(text, {"", "~", "null", "Null", "NULL"})) return {};
    if (isOneOf(text, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
    if (isOneOf(text, {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return false;
    if (std::int64_t i = 0; parseInteger(text, i)) return i;
    if (double d = 0; parseFloat(text, d)) return d;
    return text;
}

Json parseYaml(std::string const &text, std::string const &name, YamlInclude const &include,
               YamlPlaces *places) {
    auto bad = [&](std::string const &what) {
        return Error("BAD_YAML", "could not read \"" + name + "\": " + what);
    };
    if (!isUtf8(text)) throw bad("it is not encoded in UTF-8").hint("write the file again in UTF-8");
    try {
        if (hasSeveralDocuments(text)) {
            throw bad("it holds several documents where one is expected")
                .hint("keep one of them; the others need files of their own");
        }
        return Converter(name, include, places).convert(YAML::Load(text));
    } catch (YAML::Exception const &e) {
        throw bad("line " + std::to_string(e.mark.line + 1) + ", column " + std::to_string(e.mark.column + 1)
                  + ": " + e.msg);
    }
}

Json readYaml(std::string const &path) {
    return parseYaml(readFile(path), path);
}

} // namespace dbb::common
