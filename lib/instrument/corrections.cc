#include "instrument/corrections.h"

#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/yaml.h"
#include "instrument/embedded.h"
#include "instrument/translation.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace dbb::instrument {

using common::Error;
using common::Json;

CorrectionSources CorrectionSources::from(std::string const &folder) {
    CorrectionSources out;
    if (!folder.empty()) out.folders.push_back(folder);
    if (auto const *path = std::getenv("METADATA_CORRECTIONS_PATH")) {
        for (auto &piece : common::split(path, ':')) {
            if (!piece.empty()) out.folders.push_back(std::move(piece));
        }
    }
    return out;
}

namespace {

/// The object behind `key ` at the start of a line of a text whose lines are sorted bytewise; null when
/// absent.
Json findSorted(std::string_view text, std::string const &key) {
    std::size_t low = 0;
    std::size_t high = text.size();
    while (low < high) {
        auto const middle = low + (high - low) / 2;
        auto const before = middle == 0 ? std::string_view::npos : text.rfind('\n', middle - 1);
        auto const start = before == std::string_view::npos ? 0 : before + 1;
        auto const end = std::min(text.find('\n', start), text.size());
        auto const line = text.substr(start, end - start);
        auto const name = line.substr(0, line.find(' '));
        if (name == key) return Json::parse(line.substr(name.size() + 1));
        if (name < key) {
            low = end + 1;
        } else {
            high = start;
        }
    }
    return {};
}

bool isSafeName(std::string const &name) {
    return name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

struct Found {
    std::string file;
    Json cards;
};

Found findCorrection(Table const &table, std::string const &observation, CorrectionSources const &sources,
                     Corrected &out) {
    auto const name = table.name + "-" + observation + ".yaml";
    // An observation id comes out of the header and may not lead out of the folder.
    if (!isSafeName(observation)) return {};
    for (auto const &folder : sources.folders) {
        auto const path = folder + "/" + name;
        if (::access(path.c_str(), F_OK) != 0) continue;
        try {
            auto const cards = common::readYaml(path);
            if (cards.isObject()) return {path, cards};
            out.warnings.push_back("correction file \"" + path + "\" is no mapping and was skipped");
        } catch (Error const &e) {
            out.warnings.push_back("correction file skipped: " + e.message());
        }
        return {};
    }
    return {name, findSorted(embeddedFile("corrections-" + table.name + ".txt"), observation)};
}

void applyFile(Found const &found, fits::Header &header, Corrected &out) {
    if (!found.cards.isObject()) return;
    out.file = found.file;
    fits::Header const cards = fits::fromDump(found.cards, found.file);
    for (auto const &card : cards.cards()) {
        auto const *old = header.find(card.key);
        if (old && *old == card.value) continue;
        out.changes.push_back(
            {card.key, old ? *old : fits::Value(), card.value, old == nullptr, "file " + found.file});
        header.set(card.key, card.value);
    }
}

} // namespace

bool holdsCorrections(std::string const &folder) {
    auto const instruments = tableNames();
    std::error_code error; // a folder that can't be listed holds nothing that could be said of it
    for (auto const &entry : std::filesystem::directory_iterator(folder, error)) {
        auto const name = entry.path().filename().string();
        bool const known =
            std::any_of(instruments.begin(), instruments.end(),
                        [&](std::string const &instrument) { return name.starts_with(instrument + "-"); });
        if (known && name.ends_with(".yaml")) return true;
    }
    return false;
}

Corrected correct(Table const &table, fits::Header &header, CorrectionSources const &sources) {
    Corrected out;
    if (header.find("ASTRO METADATA FIX MODIFIED") || header.find("HIERARCH ASTRO METADATA FIX MODIFIED"))
        return out;
    std::string observation;
    try {
        Translation uncorrected(table, header);
        auto const &id = uncorrected.get(Property::observation_id);
        observation = isNull(id) ? std::string() : std::get<std::string>(id);
    } catch (Error const &) {
        return out; // upstream, too, leaves a header alone whose observation it can't tell
    }
    if (!observation.empty()) applyFile(findCorrection(table, observation, sources, out), header, out);
    if (table.fix) {
        Fixes fixes(table, header, observation, out);
        try {
            table.fix(fixes);
        } catch (Error const &e) {
            // What was fixed so far stays, the rest is lost, exactly as upstream.
            out.warnings.push_back("header fixes stopped early: " + e.message());
        }
    }
    return out;
}

bool Fixes::isDefined(std::string_view key) const {
    auto const *value = find(key);
    return value && !std::holds_alternative<std::monostate>(*value);
}

bool Fixes::is(std::string_view key, std::string_view text) const {
    auto const *value = find(key);
    auto const *string = value ? std::get_if<std::string>(value) : nullptr;
    return string && *string == text;
}

double Fixes::number(std::string_view key) const {
    auto const *value = find(key);
    if (!value) throw missingCards({std::string(key)});
    if (std::holds_alternative<std::string>(*value) || !numberOf(*value)) {
        throw badValue(std::string(key), *value, "a number");
    }
    return *numberOf(*value);
}

std::int64_t Fixes::integer(std::string_view key) const {
    auto const *value = find(key);
    if (!value) throw missingCards({std::string(key)});
    auto const number = integerOf(*value);
    if (!number) throw badValue(std::string(key), *value, "an integer");
    return *number;
}

std::string Fixes::text(std::string_view key) const {
    auto const *value = find(key);
    if (!value) throw missingCards({std::string(key)});
    auto const *string = std::get_if<std::string>(value);
    if (!string) throw badValue(std::string(key), *value, "a text");
    return *string;
}

astro::JulianDate Fixes::dateIn(std::string_view key, astro::Scale scale) const {
    auto const value = text(key);
    auto const date = astro::parseIso(value, scale, false);
    if (!date) throw badValue(std::string(key), value, "a date like 2025-04-23T04:06:33.702", "BAD_DATE");
    return *date;
}

void Fixes::set(std::string const &key, fits::Value value) {
    auto const *old = find(key);
    if (old && *old == value) return;
    _out.changes.push_back({key, old ? *old : fits::Value(), value, old == nullptr, "fix " + _name});
    _header.set(key, std::move(value));
}

astro::JulianDate Fixes::begin() const {
    Translation t(_table, _header);
    return t.time(Property::datetime_begin);
}

} // namespace dbb::instrument
