/// \file
/// A FITS header as an ordered list of keywords with typed values.
#pragma once

#include "common/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dbb::fits {

/// Characters of a card (FITS standard 4.0, 3.3.1).
constexpr std::size_t cardSize = 80;

/// Value of a card: undefined (`KEY =` with nothing, or null in a dump), logical, integer, real, string.
/// Strings have no trailing blanks. A complex value is kept as its text.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// The value as JSON; undefined is null.
common::Json toJson(Value const &value);

/// Keywords (without "HIERARCH ") and values in the order of first appearance; of a repeated keyword the last
/// value counts.
class Header {
public:
    struct Card {
        std::string key;
        Value value;
    };

    /// nullptr when the keyword is absent
    Value const *find(std::string_view key) const;
    void set(std::string_view key, Value value);
    void erase(std::string_view key);
    /// Set every card of `other` here: later values win, new keywords are appended.
    void merge(Header const &other);

    std::vector<Card> const &cards() const { return _cards; }
    bool empty() const { return _cards.empty(); }

private:
    std::size_t slotOf(std::string_view key) const;
    void reindex(std::size_t slots);

    std::vector<Card> _cards;
    // Open addressing over places in _cards, plus one; 0 is free. A header is looked up about as often as it
    // has cards, so that making the index must cost little.
    std::vector<std::uint32_t> _slots;
};

/// The header that a dump holds: a mapping of keyword to value, or a list of [keyword, type, value, comment]
/// as LSST's PropertyList is written. A list of values stands for a repeated card. \throws Error NOT_A_HEADER
/// when the value has neither form or is a translated sidecar
Header fromDump(common::Json const &dump, std::string const &name);

} // namespace dbb::fits
