/// \file
/// What dbb knows of an instrument: its YAML table (embedded, or from --instrument-dir), see
/// dbb-instrument(5).
#pragma once

#include "instrument/property.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace dbb::instrument {

class Translation;
class Fixes;

struct Detector {
    int id = 0;
    std::string full_name;
    std::string name_in_raft;
    std::string raft; ///< empty: NULL
    std::string purpose;
    std::string serial;
};

struct PhysicalFilter {
    std::string name;
    std::string band;
};

/// A property's rule: a named function and its parameters from the table.
struct Rule {
    /// Works out the property's value. \throws Error when the header does not allow it
    using Function = PropertyValue (*)(Translation &, Rule const &);

    std::string name;
    Function function = nullptr;
    std::vector<std::string> cards; ///< parameter `cards`
    std::optional<Property> of;     ///< parameter `of`: another property
    common::Json parameters;        ///< all parameters

    /// A parameter that the rule needs. \throws Error BAD_TABLE when the table lacks it
    common::Json const &parameter(std::string_view key) const;
};

/// How a header is recognised as this instrument's: any of the tests.
struct RecognitionTest {
    std::string name;
    bool (*function)(fits::Header const &, common::Json const &parameters) = nullptr;
    common::Json parameters;
};

struct Table {
    std::string name;
    std::string translator; ///< what upstream calls the rules of this instrument
    std::string class_name;
    std::int64_t visit_max = 0;
    std::int64_t exposure_max = 0;
    int detector_max = 0;
    int visit_system = 0;
    std::string dataset_type;
    std::vector<std::string> dimensions;
    std::string storage_class;
    std::string default_run;
    std::string raw_formatter;
    std::map<int, std::string> formatter_by_detector; ///< exceptions from raw_formatter
    std::vector<Detector> const &detectors() const;   ///< \throws Error BAD_TABLE
    std::vector<PhysicalFilter> filters() const;      ///< \throws Error BAD_TABLE

    bool merges_extension = false;         ///< the first extension belongs to the header
    void (*fix)(Fixes &) = nullptr;        ///< header fixes of the whole class, nullptr: none
    std::array<Rule, propertyCount> rules; ///< a rule without function has no value

    std::string const &formatterOf(int detector) const;
    /// nullptr when the camera has no detector of that name
    Detector const *detectorNamed(std::string const &fullName) const;
    /// The first of that serial number, nullptr when there is none
    Detector const *detectorOfSerial(std::string const &serial) const;

    std::string detector_text; ///< YAML documents that are read only when they are needed
    std::string filter_text;

private:
    struct Detectors {
        std::vector<Detector> all;
        std::unordered_map<std::string, std::size_t> by_name;
    };
    Detectors const &readDetectors() const;

    mutable std::once_flag _detectors_read;
    mutable Detectors _detectors;
};

/// Take tables from a folder besides the embedded ones: <NAME>.yaml, which replaces an embedded table of that
/// name. To be called before any other function here, once, by a program that is told to (--instrument-dir).
/// \throws Error USAGE when it is no folder that can be read
void addTableFolder(std::string const &folder);

/// Names of all instruments, sorted.
std::vector<std::string> tableNames();

/// The table of an instrument; read once, lives as long as the process.
/// \throws Error UNKNOWN_INSTRUMENT with the nearest known name; BAD_TABLE when the table is wrong
Table const &tableOf(std::string const &name);

/// Instruments whose headers can be read, in the order in which they are asked.
std::vector<std::string> recognisableNames();

/// The table of the instrument whose tests accept a header, nullptr when none does. Tables that are not
/// wanted are not read, but for their tests.
Table const *recognise(fits::Header const &header);

} // namespace dbb::instrument
