/// \file
/// Working out the properties of one header by the rules of one table, each at most once.
#pragma once

#include "common/error.h"
#include "instrument/table.h"

#include <array>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::instrument {

/// What --explain tells of a property.
struct Trace {
    std::vector<std::pair<std::string, fits::Value>> cards; ///< cards that were looked at and are there
    std::vector<std::string> absent;                        ///< cards that were looked for in vain
    std::vector<std::string> properties;                    ///< other properties that were used
    std::string because;                                    ///< the branch of the rule that decided
    std::string error;                                      ///< why there is no value
};

/// Refers to a table and a header, which must outlive it.
class Translation {
public:
    Translation(Table const &table, fits::Header const &header, bool explain = false)
        : _table(table), _header(header), _explain(explain) {}
    /// With values that were worked out before: rules are not asked.
    Translation(Table const &table, PropertyValues const &values);

    /// Value of a property, null when the rule says so.
    /// \throws Error of the rule, again on every call
    PropertyValue const &get(Property p);
    /// As get(), but null and a warning instead of an error.
    PropertyValue const &optional(Property p);

    /// Shorthands; the property must have that kind. `number` converts integers. \throws Error as get(),
    /// NULL_VALUE when the property is null
    bool boolean(Property p);
    std::int64_t integer(Property p);
    double number(Property p);
    std::string const &text(Property p);
    astro::JulianDate const &time(Property p);

    /// A card that is present, whatever its value; nullptr else.
    fits::Value const *present(std::string_view key);
    /// A card that is present and not undefined; nullptr else.
    fits::Value const *defined(std::string_view key);
    /// The first defined card of a list and its name; nullptr and an empty name when there is none.
    std::pair<std::string, fits::Value const *> firstNamed(std::vector<std::string> const &keys);
    fits::Value const *firstDefined(std::vector<std::string> const &keys) { return firstNamed(keys).second; }
    /// A card that must be present. \throws Error MISSING_CARD
    fits::Value const &needed(std::string_view key);

    /// Say which branch of the rule decided.
    void because(std::string text);
    void warn(std::string text) { _warnings.push_back(std::move(text)); }

    Table const &table() const { return _table; }
    fits::Header const &header() const { return _header; }
    std::vector<std::string> const &warnings() const { return _warnings; }
    Trace const &trace(Property p) const { return _slots[static_cast<std::size_t>(p)].trace; }
    /// Whether the values were given.
    bool isGiven() const { return _given; }
    bool known(Property p) const { return _slots[static_cast<std::size_t>(p)].done; }

private:
    struct Slot {
        bool done = false;
        bool running = false;
        PropertyValue value;
        std::exception_ptr error;
        Trace trace;
    };
    void evaluate(Property p, Slot &slot);

    Table const &_table;
    fits::Header const &_header;
    bool _explain;
    bool _given = false;
    std::array<Slot, propertyCount> _slots;
    Trace *_current = nullptr;
    std::vector<std::string> _warnings;
};

/// MISSING_CARD for the cards of a rule, none of which is defined.
common::Error missingCards(std::vector<std::string> const &cards, std::string const &code = "MISSING_CARD");
/// The number of a card, the text of a card. \throws Error BAD_CARD_VALUE when it holds something else
double numberIn(std::string const &card, fits::Value const &value);
std::string const &textIn(std::string const &card, fits::Value const &value, std::string const &expected);
/// BAD_CARD_VALUE: a card whose value a rule can't use.
common::Error badValue(std::string const &card, fits::Value const &value, std::string const &expected,
                       std::string const &code = "BAD_CARD_VALUE");

} // namespace dbb::instrument
