#include "butler/file_template.h"

#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <vector>

namespace dbb::butler {

using common::Error;
using common::Json;

char const *const defaultRawTemplate =
    "{run:/}/{datasetType}.{component:?}/{day_obs|exposure.day_obs}/{exposure.obs_id}/"
    "{datasetType}_{component:?}_"
    "{instrument:?}_{physical_filter}_{exposure.obs_id}_{detector.full_name}_{run}";

char const *const defaultTemplate =
    "{run:/}/{datasetType}.{component:?}/{tract:?}/{patch:?}/{day_obs|visit.day_obs|exposure.day_obs:?}/"
    "{band:?}/"
    "{subfilter:?}/{physical_filter:?}/{visit:?}/{exposure.obs_id|group:?}/{datasetType}_{component:?}_"
    "{instrument:?}_{tract:?}_{patch:?}_{band:?}_{physical_filter:?}_{visit:?}_{exposure.obs_id|group:?}_"
    "{detector.full_name:?}_{skymap:?}_{skypix:?}_{ssp_hypothesis_table:?}_{ssp_hypothesis_bundle:?}_"
    "{ssp_balanced_index:?}_{run}";

namespace {

using Fields = std::map<std::string, std::string>;

Error badTemplate(std::string const &text, std::string const &reason) {
    return Error("BAD_TEMPLATE", "file template \"" + text + "\" can't be used: " + reason);
}

std::string beforePoint(std::string const &name) {
    return name.substr(0, name.find('.'));
}

/// The text before a field and the field, as Python's string.Formatter splits a template.
struct Piece {
    std::string literal;
    bool has_field = false;
    std::string names; ///< `a|b.c`
    std::string conversion;
    std::string spec;
};

class Splitter {
public:
    explicit Splitter(std::string const &text) : _text(text) {}

    std::vector<Piece> pieces() {
        std::vector<Piece> out;
        while (_at < _text.size()) out.push_back(next());
        return out;
    }

private:
    Piece next() {
        Piece out;
        while (_at < _text.size()) {
            char const c = _text[_at++];
            bool const doubled = _at < _text.size() && _text[_at] == c;
            if (c != '{' && c != '}') {
                out.literal += c;
            } else if (doubled) {
                out.literal += c;
                ++_at;
            } else if (c == '}') {
                throw badTemplate(_text, "a closing brace has no opening one");
            } else {
                readField(out);
                return out;
            }
        }
        return out;
    }

    void readField(Piece &piece) {
        auto const end = _text.find('}', _at);
        if (end == std::string::npos) throw badTemplate(_text, "an opening brace has no closing one");
        auto field = _text.substr(_at, end - _at);
        if (field.find('{') != std::string::npos) throw badTemplate(_text, "a field stands inside a field");
        _at = end + 1;
        piece.has_field = true;
        if (auto const colon = field.find(':'); colon != std::string::npos) {
            piece.spec = field.substr(colon + 1);
            field.resize(colon);
        }
        if (auto const mark = field.find('!'); mark != std::string::npos) {
            piece.conversion = field.substr(mark + 1);
            field.resize(mark);
            if (piece.conversion != "s")
                throw badTemplate(_text, "conversion \"!" + piece.conversion + "\" is not known");
        }
        piece.names = field;
        if (field.empty()) throw badTemplate(_text, "a field has no name");
    }

    std::string const &_text;
    std::size_t _at = 0;
};

/// Of alternatives the first that the data ID has, else the first.
std::string chosen(std::string const &names, Fields const &fields) {
    auto const alternatives = common::split(names, '|');
    for (auto const &name : alternatives) {
        if (fields.contains(name) || fields.contains(beforePoint(name))) return name;
    }
    return alternatives.front();
}

/// Python's format specification for text and decimal integers: [[fill]align][0][width][d|s].
std::string padded(std::string const &text, std::string value, std::string spec) {
    if (spec.empty()) return value;
    bool const number = value.find_first_not_of("-0123456789") == std::string::npos && !value.empty();
    char fill = ' ';
    char align = number ? '>' : '<';
    auto const isAlign = [](char c) { return c == '<' || c == '>' || c == '^'; };
    if (spec.size() >= 2 && isAlign(spec[1])) {
        fill = spec[0];
        align = spec[1];
        spec.erase(0, 2);
    } else if (isAlign(spec[0])) {
        align = spec[0];
        spec.erase(0, 1);
    }
    bool const zero = spec.size() > 1 && spec[0] == '0';
    if (zero) fill = '0';
    if (!spec.empty() && (spec.back() == 's' || (spec.back() == 'd' && number))) spec.pop_back();
    std::size_t width = 0;
    auto const [rest, error] = std::from_chars(spec.data(), spec.data() + spec.size(), width);
    if ((!spec.empty() && error != std::errc()) || rest != spec.data() + spec.size() || width > 255) {
        throw badTemplate(text, "\"" + spec + "\" is no format of a width");
    }
    if (value.size() >= width) return value;
    auto const missing = width - value.size();
    if (zero && number && value[0] == '-') return "-" + std::string(missing, '0') + value.substr(1);
    auto const left = align == '>' ? missing : align == '^' ? missing / 2 : 0;
    return std::string(left, fill) + value + std::string(missing - left, fill);
}

std::string formatPiece(std::string const &text, Piece const &piece, Fields const &fields) {
    if (!piece.has_field) return piece.literal;
    auto spec = piece.spec;
    bool const optional = std::erase(spec, '?') > 0;
    bool const keepSlashes = std::erase(spec, '/') > 0;
    auto const name = chosen(piece.names, fields);
    auto const at = fields.find(name);
    if (at == fields.end()) {
        if (!optional) throw badTemplate(text, "\"" + name + "\" has no value and is not optional");
        // The text before an absent field goes with it, unless it separates folders.
        return piece.literal.find('/') == std::string::npos ? std::string() : piece.literal;
    }
    auto value = at->second;
    if (value.find('\0') != std::string::npos)
        throw badTemplate(text, "the value of \"" + name + "\" has a NUL character");
    for (char &c : value) {
        if (std::string_view(" <>:\"\\|?*").find(c) != std::string_view::npos || (c == '/' && !keepSlashes))
            c = '_';
    }
    return piece.literal + padded(text, value, spec);
}

/// Without empty parts and `.`; `..` is refused, since values of headers may not choose a folder above.
std::string normalized(std::string const &text, std::string const &path) {
    std::vector<std::string> parts;
    for (auto const &part : common::split(path, '/')) {
        if (part == "..") throw badTemplate(text, "the path \"" + path + "\" would leave its folder");
        if (!part.empty() && part != ".") parts.push_back(part);
    }
    if (parts.empty()) throw badTemplate(text, "the path is empty");
    return common::join(parts, "/");
}

std::string withSafeName(std::string const &path) {
    auto const start = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
    auto out = path.substr(0, start);
    for (char const c : path.substr(start)) {
        if (c == '#') {
            out += "HASH";
        } else {
            out += c == '.' ? '_' : c;
        }
    }
    return out;
}

/// The text that one table of templates has for a dataset, nullopt when none applies.
std::optional<std::string> lookUp(Json const &table, Universe const &universe, std::string const &datasetType,
                                  DimensionGroup const &dimensions, std::string const &storageClass) {
    auto const textOf = [](Json const &value, std::string const &key) {
        if (!value.isString()) throw badTemplate(key, "it is no text");
        return value.string();
    };
    if (!table.isObject()) return std::nullopt;
    if (auto const *found = table.find(datasetType)) return textOf(*found, datasetType);
    for (auto const &[key, value] : table.object()) {
        if (universe.meansDimensions(key, dimensions)) return textOf(value, key);
    }
    if (auto const *found = table.find(storageClass)) return textOf(*found, storageClass);
    return std::nullopt;
}

} // namespace

std::string templateFor(Json const &configured, Universe const &universe, std::string const &datasetType,
                        DimensionGroup const &dimensions, std::string const &storageClass,
                        std::string const &instrument) {
    if (!configured.isNull() && !configured.isObject())
        throw badTemplate("datastore.templates", "it is no mapping");
    auto const &own = configured["instrument<" + instrument + ">"];
    for (auto const *table : {&own, &configured}) {
        if (auto found = lookUp(*table, universe, datasetType, dimensions, storageClass)) return *found;
    }
    auto const rawGroup = universe.group({"physical_filter", "detector", "exposure"});
    if (dimensions.names == rawGroup.names) return defaultRawTemplate;
    for (auto const *table : {&own, &configured}) {
        if ((*table)["default"].isString()) return (*table)["default"].string();
    }
    return defaultTemplate;
}

std::string formatTemplate(std::string const &text, Fields const &fields, std::string const &extension) {
    std::string path;
    for (auto const &piece : Splitter(text).pieces()) path += formatPiece(text, piece, fields);
    return withSafeName(normalized(text, path)) + extension;
}

std::string extensionOf(std::string const &name) {
    auto const base = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
    auto const last = base.rfind('.');
    if (last == std::string::npos) return {};
    auto const extension = base.substr(last);
    static std::set<std::string> const compressions{".gz", ".bz2", ".xz", ".fz"};
    if (!compressions.contains(extension) || last == 0) return extension;
    auto const before = base.rfind('.', last - 1);
    return before == std::string::npos ? extension : base.substr(before);
}

} // namespace dbb::butler
