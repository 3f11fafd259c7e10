/// \file
/// One line of the manifest (dbb-manifest(5)): a JSON object whose unknown keys pass through byte for byte.
#pragma once

#include "common/error.h"
#include "common/json.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::manifest {

/// A line as its top-level keys, each with the text of its value as it was read.
class Record {
public:
    Record() = default;
    /// \param type  file, dataset, end …
    explicit Record(std::string_view type) { set("type", type); }

    /// Read one line. \param assumed  its type when it has none; empty: it must have one
    /// \throws Error NOT_JSON, NOT_AN_OBJECT, NO_TYPE
    static Record parse(std::string_view line, std::string_view assumed = "");

    std::string type() const;
    bool has(std::string_view key) const { return find(key) != nullptr; }
    /// Value of a top-level key; null when absent.
    common::Json get(std::string_view key) const;
    /// JSON text of a key's value as it was read; empty when absent. Valid until the record changes.
    std::string_view raw(std::string_view key) const;
    /// String value of a key. \throws Error MISSING_KEY, BAD_VALUE
    std::string text(std::string_view key) const;
    /// Integer value of a key, also when it stands as text or as a double without fraction; nullopt when
    /// absent or null. \throws Error BAD_VALUE
    std::optional<std::int64_t> integer(std::string_view key) const;

    /// Set a key; a key that exists keeps its place.
    Record &set(std::string_view key, common::Json const &value);
    void erase(std::string_view key);

    /// The line, without a newline.
    std::string line() const;
    /// Length of line() in bytes.
    std::size_t length() const;

private:
    struct Entry {
        std::string key;
        std::string key_text; // with quotes, as it was read
        std::string raw;      // JSON text of the value
    };
    Entry const *find(std::string_view key) const;

    std::vector<Entry> _entries;
};

/// jq makes doubles of integers: from here on they are not exact.
inline constexpr std::int64_t mostExact = std::int64_t{1} << 53;
/// An integer as lines have it: beyond mostExact it is a text.
common::Json numberOrText(std::int64_t number);

/// What Record::text() and Record::integer() say of the value of a key. \throws Error as these
std::string textOf(common::Json const &value, std::string_view key);
std::optional<std::int64_t> integerOf(common::Json const &value, std::string_view key);

/// Where records go.
using RecordSink = std::function<void(Record)>;

/// The `error` object of a reject: code, stage, message, cause, hint, retry, completed from the catalogue.
common::Json errorObject(common::Error const &e);

/// The last line of a program that has read its input to the end and got through.
Record endRecord(std::string_view program);

} // namespace dbb::manifest
