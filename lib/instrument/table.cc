#include "instrument/table.h"

#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/yaml.h"
#include "instrument/embedded.h"
#include "instrument/rules.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <mutex>
#include <set>
#include <stdexcept>

namespace dbb::instrument {

using common::Error;
using common::Json;

namespace {

Error badTable(std::string const &name, std::string const &why) {
    return Error("BAD_TABLE", "instrument table " + name + ": " + why, common::ExitCode::Usage);
}

/// A string of a mapping. \throws Error BAD_TABLE
std::string stringIn(Json const &map, std::string_view key, std::string const &table) {
    if (!map[key].isString() || map[key].string().empty())
        throw badTable(table, std::string(key) + " must be a text");
    return map[key].string();
}

std::int64_t integerIn(Json const &map, std::string_view key, std::string const &table) {
    if (!map[key].isInt()) throw badTable(table, std::string(key) + " must be an integer");
    return map[key].integer();
}

std::vector<std::string> strings(Json const &list) {
    std::vector<std::string> out;
    if (!list.isArray()) return out;
    for (auto const &item : list.array()) {
        if (item.isString()) out.push_back(item.string());
    }
    return out;
}

std::string textAt(Json const &row, std::size_t i) {
    return row.array()[i].isString() ? row.array()[i].string() : std::string();
}

Rule readRule(Json const &entry, std::string const &property, std::string const &table) {
    Rule out;
    out.name = stringIn(entry, "rule", table);
    auto const *kind = ruleNamed(out.name);
    if (!kind) {
        auto const near = common::nearest(out.name, ruleNames());
        throw badTable(table, property + " names the rule \"" + out.name + "\", which there is not"
                                  + (near.empty() ? "" : "; did you mean " + near + "?"));
    }
    out.function = kind->function;
    out.cards = strings(entry["cards"]);
    if (auto const *cards = entry.find("cards");
        cards && (!cards->isArray() || cards->array().size() != out.cards.size()))
        throw badTable(table, property + ": cards must be a list of texts");
    if (out.cards.size() < kind->cards) {
        throw badTable(table, property + ": rule " + out.name + " needs " + std::to_string(kind->cards)
                                  + (kind->cards == 1 ? " card" : " cards"));
    }
    if (kind->of && !entry.find("of"))
        throw badTable(table, property + ": rule " + out.name + " needs \"of\"");
    if (auto const *of = entry.find("of")) {
        out.of = of->isString() ? propertyNamed(of->string()) : std::nullopt;
        if (!out.of) throw badTable(table, property + ": \"of\" must name a property");
    }
    out.parameters = entry;
    return out;
}

void readRules(Json const &properties, Table &table) {
    if (properties.isNull()) return;
    for (auto const &[name, entry] : properties.object()) {
        auto const property = propertyNamed(name);
        if (!property) throw badTable(table.name, "there is no property \"" + name + "\"");
        table.rules[static_cast<std::size_t>(*property)] = readRule(entry, name, table.name);
    }
}

/// Tables of the folder by name, as text.
std::map<std::string, std::string> &folderTables() {
    static std::map<std::string, std::string> tables;
    return tables;
}

/// Rules of a family, those of the family that it belongs to itself first.
void readFamily(Json const &name, Table &table, int depth) {
    constexpr int deepest = 8;
    if (!name.isString()) return;
    auto const family = "family-" + name.string();
    auto const own = folderTables().find(family);
    auto const content =
        own == folderTables().end() ? embeddedFile(family + ".yaml") : std::string_view(own->second);
    if (content.empty()) throw badTable(table.name, "there is no family \"" + name.string() + "\"");
    if (depth == deepest) throw badTable(table.name, "family \"" + name.string() + "\" belongs to itself");
    auto const yaml = common::parseYaml(std::string(content), family + ".yaml");
    readFamily(yaml["family"], table, depth + 1);
    readRules(yaml["properties"], table);
}

/// Instruments whose headers can be read, in the order in which they are asked; tables of a folder come
/// behind.
constexpr std::array recognisable{"HSC",        "LSSTCam",       "LSSTCam-PhoSim", "LSST-TS3",
                                  "LSST-TS8",   "LSSTCam-imSim", "LATISS",         "LSST-UCDCam",
                                  "LSSTComCam", "LSSTComCamSim", "LSSTCamSim"};

std::string tableText(std::string const &name) {
    if (name.starts_with("family-")) return {};
    if (auto const at = folderTables().find(name); at != folderTables().end()) return at->second;
    return std::string(embeddedFile(name + ".yaml"));
}

/// The YAML documents of a table: instrument and rules, detectors, filters. They are parsed one by one,
/// because most runs need a part of them only.
std::array<std::string, 3> documentsOf(std::string_view text, std::string const &name) {
    constexpr std::string_view separator = "\n---\n";
    std::array<std::string, 3> out;
    std::size_t at = 0;
    for (auto &document : out) {
        if (at == std::string_view::npos) throw badTable(name, "it must consist of three YAML documents");
        auto const end = text.find(separator, at);
        document = text.substr(at, end - at);
        at = end == std::string_view::npos ? end : end + separator.size();
    }
    return out;
}

/// An instrument's tests.
struct Recogniser {
    std::string instrument;
    std::vector<RecognitionTest> tests;
};

/// What a table holds in a place for something else makes the accessors of JSON fail. \throws Error BAD_TABLE
template<typename F>
auto readingTable(std::string const &name, F read) {
    try {
        return read();
    } catch (std::logic_error const &) { // no number where one is expected
        throw badTable(name, "a number of a detector is none");
    } catch (std::bad_variant_access const &) {
        throw badTable(
            name, "something is of the wrong kind, for example a text where a list or mapping is expected");
    }
}

Recogniser recogniserOf(std::string const &name) {
    Recogniser out{name, {}};
    auto const head = common::parseYaml(documentsOf(tableText(name), name)[0], name + ".yaml");
    if (!head["recognise"].isArray()) return out;
    for (auto const &test : head["recognise"].array()) {
        auto const rule = stringIn(test, "rule", name);
        auto const function = recognitionNamed(rule);
        if (!function) throw badTable(name, "there is no recognition rule \"" + rule + "\"");
        out.tests.push_back({rule, function, test});
    }
    return out;
}

Recogniser readRecogniser(std::string const &name) {
    return readingTable(name, [&] { return recogniserOf(name); });
}

/// What dbb can store of a raw image: the data ID of a line has these.
void requireRawDimensions(Table const &table) {
    std::set<std::string> const dimensions(table.dimensions.begin(), table.dimensions.end());
    if (dimensions != std::set<std::string>{"instrument", "detector", "exposure"}
        || table.dimensions.size() != 3)
        throw badTable(table.name, "the dimensions of raw images are instrument, detector and exposure");
}

std::unique_ptr<Table> tableFrom(std::string const &text, std::string const &name) {
    auto const documents = documentsOf(text, name);
    auto const yaml = common::parseYaml(documents[0], name + ".yaml");
    auto out = std::make_unique<Table>();
    out->name = name;
    auto const &instrument = yaml["instrument"];
    if (stringIn(instrument, "name", name) != name)
        throw badTable(name, "its name is \"" + instrument["name"].string() + "\", unlike that of its file");
    out->translator = yaml.find("translator") ? stringIn(yaml, "translator", name) : name;
    out->class_name = stringIn(instrument, "class_name", name);
    out->visit_system = static_cast<int>(integerIn(instrument, "visit_system", name));
    out->visit_max = integerIn(instrument, "visit_max", name);
    out->exposure_max = integerIn(instrument, "exposure_max", name);
    out->detector_max = static_cast<int>(integerIn(instrument, "detector_max", name));
    auto const &raw = yaml["raw"];
    out->dataset_type = stringIn(raw, "dataset_type", name);
    out->dimensions = strings(raw["dimensions"]);
    requireRawDimensions(*out);
    out->storage_class = stringIn(raw, "storage_class", name);
    out->default_run = stringIn(raw, "run", name);
    out->raw_formatter = stringIn(raw, "formatter", name);
    if (auto const *exceptions = raw.find("formatter_by_detector")) {
        for (auto const &[detector, formatter] : exceptions->object()) {
            out->formatter_by_detector[std::stoi(detector)] = formatter.string();
        }
    }
    out->detector_text = documents[1];
    out->filter_text = documents[2];
    if (yaml["fix"].isString()) {
        out->fix = fixNamed(yaml["fix"].string());
        if (!out->fix) throw badTable(name, "there is no fix \"" + yaml["fix"].string() + "\"");
    }
    if (yaml["extension"].isString()) {
        if (yaml["extension"].string() != "merged") throw badTable(name, "extension can only be merged");
        out->merges_extension = true;
    }
    readFamily(yaml["family"], *out, 0);
    readRules(yaml["properties"], *out);
    return out;
}

std::unique_ptr<Table> readTable(std::string const &text, std::string const &name) {
    return readingTable(name, [&] { return tableFrom(text, name); });
}

} // namespace

Json const &Rule::parameter(std::string_view key) const {
    if (auto const *value = parameters.find(key)) return *value;
    throw Error("BAD_TABLE", "rule " + name + " needs the parameter " + std::string(key),
                common::ExitCode::Usage);
}

std::string const &Table::formatterOf(int detector) const {
    auto const at = formatter_by_detector.find(detector);
    return at == formatter_by_detector.end() ? raw_formatter : at->second;
}

Table::Detectors const &Table::readDetectors() const {
    std::call_once(_detectors_read, [this] {
        auto const rows = common::parseYaml(detector_text, name + ".yaml")["detectors"];
        if (!rows.isArray()) throw badTable(name, "detectors must be a list");
        Detectors read;
        for (auto const &row : rows.array()) {
            if (!row.isArray() || row.array().size() != 6 || !row.array()[0].isInt()) {
                throw badTable(name, "a detector is [id, full name, name in raft, raft, purpose, serial]");
            }
            read.by_name.emplace(textAt(row, 1), read.all.size());
            read.all.push_back({static_cast<int>(row.array()[0].integer()), textAt(row, 1), textAt(row, 2),
                                textAt(row, 3), textAt(row, 4), textAt(row, 5)});
        }
        _detectors = std::move(read);
    });
    return _detectors;
}

std::vector<Detector> const &Table::detectors() const {
    return readDetectors().all;
}

Detector const *Table::detectorNamed(std::string const &fullName) const {
    auto const &detectors = readDetectors();
    auto const at = detectors.by_name.find(fullName);
    return at == detectors.by_name.end() ? nullptr : &detectors.all[at->second];
}

Detector const *Table::detectorOfSerial(std::string const &serial) const {
    auto const &all = detectors();
    auto const at =
        std::find_if(all.begin(), all.end(), [&](Detector const &d) { return d.serial == serial; });
    return at == all.end() ? nullptr : &*at;
}

std::vector<PhysicalFilter> Table::filters() const {
    std::vector<PhysicalFilter> out;
    auto const rows = common::parseYaml(filter_text, name + ".yaml")["physical_filters"];
    if (!rows.isArray()) throw badTable(name, "physical_filters must be a list");
    for (auto const &row : rows.array()) {
        if (!row.isArray() || row.array().size() != 2)
            throw badTable(name, "a physical filter is [name, band]");
        out.push_back({textAt(row, 0), textAt(row, 1)});
    }
    return out;
}

std::vector<std::string> tableNames() {
    std::vector<std::string> out;
    for (auto const &name : embeddedNames()) {
        if (name.ends_with(".yaml") && !name.starts_with("family-"))
            out.push_back(name.substr(0, name.size() - 5));
    }
    for (auto const &[name, text] : folderTables()) {
        if (!name.starts_with("family-")) out.push_back(name);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

void addTableFolder(std::string const &folder) {
    std::error_code error;
    for (auto const &entry : std::filesystem::directory_iterator(folder, error)) {
        auto const name = entry.path().stem().string();
        if (entry.path().extension() != ".yaml") continue;
        try {
            folderTables()[name] = common::readFile(entry.path().string());
        } catch (Error const &e) {
            throw common::usageError("--instrument-dir: " + e.message(), e.hint());
        }
    }
    if (error)
        throw common::usageError("--instrument-dir: can't read the folder \"" + folder
                                 + "\": " + error.message());
}

Table const &tableOf(std::string const &name) {
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<Table>> tables;
    std::lock_guard const lock(mutex);
    auto &slot = tables[name];
    if (!slot) {
        auto const text = tableText(name);
        if (text.empty()) {
            auto const near = common::nearest(name, tableNames());
            throw Error("UNKNOWN_INSTRUMENT", "unknown instrument \"" + name + "\"")
                .hint(near.empty() ? "known are " + common::join(tableNames(), ", ")
                                   : "did you mean " + near + "?");
        }
        slot = readTable(text, name);
    }
    return *slot;
}

std::vector<std::string> recognisableNames() {
    std::vector<std::string> out(recognisable.begin(), recognisable.end());
    for (auto const &[name, text] : folderTables()) {
        if (!name.starts_with("family-") && std::find(out.begin(), out.end(), name) == out.end())
            out.push_back(name);
    }
    return out;
}

Table const *recognise(fits::Header const &header) {
    struct Slot {
        std::string name;
        std::once_flag once;
        Recogniser recogniser;
    };
    // Read when they are asked, as most headers are those of one of the first.
    static std::deque<Slot> slots = [] {
        std::deque<Slot> out;
        for (auto const &name : recognisableNames()) out.emplace_back().name = name;
        return out;
    }();
    for (auto &[name, once, recogniser] : slots) {
        std::call_once(once, [&] { recogniser = readRecogniser(name); });
        for (auto const &test : recogniser.tests) {
            if (readingTable(name, [&] { return test.function(header, test.parameters); }))
                return &tableOf(name);
        }
    }
    return nullptr;
}

} // namespace dbb::instrument
