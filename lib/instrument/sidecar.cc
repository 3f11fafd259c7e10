#include "instrument/sidecar.h"

#include "common/error.h"
#include "instrument/translated.h"

#include <algorithm>
#include <array>

namespace dbb::instrument {

using common::Error;
using common::Json;

namespace {

constexpr std::string_view contentKey = "__CONTENT__";
constexpr std::string_view commonKey = "__COMMON__";

void erase(Json::Object &object, std::string_view key) {
    std::erase_if(object, [&](auto const &member) { return member.first == key; });
}

/// Which of the two a text says it holds; nullopt when it does not say. \throws Error with `code`
std::optional<bool> saysTranslated(Json const &object, std::string const &code) {
    auto const *content = object.find(contentKey);
    if (!content || content->isNull()) return std::nullopt;
    if (*content == Json("translated")) return true;
    if (*content == Json("metadata")) return false;
    throw Error(code, std::string(contentKey) + " is " + content->dump()
                          + ", expected \"translated\" or \"metadata\"");
}

Json parseObject(std::string_view text, std::string const &code) {
    Json out;
    try {
        out = common::parsePythonJson(text);
    } catch (Error const &e) {
        throw Error(code, e.message());
    }
    if (!out.isObject()) throw Error(code, "it holds no JSON object");
    return out;
}

template<typename Use>
auto withHeader(Content const &content, Use const &use) {
    auto header = fits::fromDump(content.values, "");
    auto const *table = recognise(header);
    // What does not say that it is a header may be anything.
    if (!table && content.guessed)
        throw Error("BAD_SIDECAR", "it does not say what it holds, and is no header");
    if (!table) throw Error("UNKNOWN_INSTRUMENT", "no instrument recognises the header");
    return use(*table, header);
}

template<typename Use>
auto withProperties(Content const &content, Use const &use) {
    auto values = propertiesOf(content.values, content.common);
    auto const &name = content.values["instrument"];
    if (!name.isString()) throw Error("MISSING_PROPERTY", "instrument: it is required and not there");
    return use(tableOf(name.string()), std::move(values));
}

/// As a header, or as properties. A guess that proves wrong is taken the other way.
template<typename UseHeader, typename UseProperties>
auto withContent(Content const &content, UseHeader const &useHeader, UseProperties const &useProperties) {
    if (!content.translated) return withHeader(content, useHeader);
    try {
        return withProperties(content, useProperties);
    } catch (Error const &e) {
        if (!content.guessed || e.code() != "BAD_SIDECAR") throw;
        return withHeader(content, useHeader);
    }
}

/// Whether an entry may be the path of a file below the folder of its index.
bool isBelowIndex(std::string const &name) {
    return !name.empty() && name[0] != '/' && ("/" + name + "/").find("/../") == std::string::npos;
}

} // namespace

std::string sidecarPath(std::string const &file) {
    constexpr std::array<std::string_view, 4> compressed{".fz", ".gz", ".bz2", ".xz"};
    auto const name = file.rfind('/') == std::string::npos ? 0 : file.rfind('/') + 1;
    auto const dotBefore = [&](std::size_t end) {
        auto const dot = end == 0 ? std::string::npos : file.rfind('.', end - 1);
        return dot == std::string::npos || dot <= name ? end : dot;
    };
    auto cut = dotBefore(file.size());
    if (std::find(compressed.begin(), compressed.end(), std::string_view(file).substr(cut))
        != compressed.end())
        cut = dotBefore(cut);
    return file.substr(0, cut) + ".json";
}

Content parseSidecar(std::string_view text) {
    Content out;
    out.values = parseObject(text, "BAD_SIDECAR");
    auto const says = saysTranslated(out.values, "BAD_SIDECAR");
    erase(out.values.object(), contentKey);
    out.guessed = !says;
    out.translated = says.value_or(out.values.find("observation_id") && out.values.find("instrument"));
    return out;
}

Observation observeContent(Content const &content, CorrectionSources const &sources, Wanted const &wanted) {
    return withContent(
        content,
        [&](Table const &table, fits::Header &header) { return observe(table, header, sources, wanted); },
        [&](Table const &table, PropertyValues values) {
            auto out = observeTranslated(table, values);
            if (wanted.properties) out.properties = std::move(values);
            return out;
        });
}

Identity identifyContent(Content const &content, CorrectionSources const &sources) {
    return withContent(
        content, [&](Table const &table, fits::Header &header) { return identify(table, header, sources); },
        [&](Table const &table, PropertyValues const &values) { return identifyTranslated(table, values); });
}

bool isUnreadable(Error const &e) {
    return e.code() == "BAD_SIDECAR" || e.code() == "NOT_A_HEADER";
}

HeaderIndex HeaderIndex::parse(std::string_view text) {
    std::string const code = "BAD_INDEX";
    auto object = parseObject(text, code);
    HeaderIndex out;
    auto const says = saysTranslated(object, code);
    out._translated = says.value_or(false);
    out._saysContent = says.has_value();
    auto const *all = object.find(commonKey);
    if (!all) throw Error(code, "it has no " + std::string(commonKey) + ", as every index has");
    if (!all->isObject()) throw Error(code, std::string(commonKey) + " is no object");
    out._common = *all;
    try {
        if (out._translated) out._properties = propertiesOf(out._common, {});
    } catch (Error const &e) {
        throw Error(code, std::string(commonKey) + ": " + e.message());
    }
    erase(object.object(), contentKey);
    erase(object.object(), commonKey);
    out._entries = std::move(object.object());
    for (auto const &[name, entry] : out._entries) {
        if (!entry.isObject()) throw Error(code, "the entry of \"" + name + "\" is no object");
        if (!isBelowIndex(name))
            throw Error(code, "\"" + name + "\" is no path below the folder of the index");
        out._places.emplace(name, out._places.size());
    }
    return out;
}

std::optional<Content> HeaderIndex::find(std::string const &name) const {
    auto const at = _places.find(name);
    if (at == _places.end()) return std::nullopt;
    Content out;
    out.translated = _translated;
    out.common = _properties;
    out.values = merged(_entries[at->second].second.object(), !_translated);
    return out;
}

/// Members of an entry that are not common, and common ones: all, or the instrument alone.
Json HeaderIndex::merged(Json::Object const &own, bool all) const {
    Json::Object out;
    out.reserve(own.size() + (all ? _common.object().size() : 1));
    for (auto const &member : own) {
        if (!_common.find(member.first)) out.push_back(member);
    }
    for (auto const &member : _common.object()) {
        if (all || member.first == "instrument") out.push_back(member);
    }
    return out;
}

Json HeaderIndex::all(std::string const &name) const {
    return merged(_entries[_places.at(name)].second.object(), true);
}

std::vector<std::string> HeaderIndex::names() const {
    std::vector<std::string> out;
    out.reserve(_entries.size());
    for (auto const &[name, entry] : _entries) out.push_back(name);
    return out;
}

std::string sidecarText(Json const &form) {
    auto out = form;
    out.set(contentKey, "translated");
    return common::dumpJson(out, common::JsonStyle::Python);
}

std::string indexText(Json::Object const &forms) {
    // Common is what every file has with the same value, in the order of the first; NaN is never the same.
    Json all{Json::Object{}};
    auto const &first = forms.front().second.object();
    for (auto const &[key, value] : first) {
        bool const same = std::all_of(forms.begin() + 1, forms.end(), [&](auto const &form) {
            auto const *other = form.second.find(key);
            return other && *other == value;
        });
        if (same) all.set(key, value);
    }
    Json out;
    out.set(contentKey, "translated").set(commonKey, all);
    for (auto const &[name, form] : forms) {
        Json own{Json::Object{}};
        for (auto const &[key, value] : form.object()) {
            if (!all.find(key)) own.object().emplace_back(key, value);
        }
        out.object().emplace_back(name, std::move(own));
    }
    return common::dumpJson(out, common::JsonStyle::Python);
}

} // namespace dbb::instrument
