#include "instrument/translation.h"

#include "common/error.h"
#include "common/text.h"

namespace dbb::instrument {

using common::Error;

namespace {

fits::Header const noHeader;

} // namespace

Translation::Translation(Table const &table, PropertyValues const &values)
    : _table(table), _header(noHeader), _explain(false), _given(true) {
    for (std::size_t i = 0; i < propertyCount; ++i) {
        _slots[i].value = values[i];
        _slots[i].done = true;
    }
}

common::Error missingCards(std::vector<std::string> const &cards, std::string const &code) {
    auto const names = common::join(cards, ", ");
    return Error(code, cards.size() == 1 ? "card " + names + " is missing"
                                         : "none of the cards " + names + " has a value")
        .cause({.card = cards.empty() ? "" : cards.front(), .value = {}, .expected = "a value"});
}

common::Error badValue(std::string const &card, fits::Value const &value, std::string const &expected,
                       std::string const &code) {
    auto const shown =
        std::holds_alternative<std::monostate>(value) ? "undefined" : '"' + textOf(value) + '"';
    return Error(code, "card " + card + " is " + shown + ", expected " + expected)
        .cause({.card = card, .value = textOf(value), .expected = expected});
}

double numberIn(std::string const &card, fits::Value const &value) {
    auto const number = numberOf(value);
    if (!number) throw badValue(card, value, "a number");
    return *number;
}

std::string const &textIn(std::string const &card, fits::Value const &value, std::string const &expected) {
    auto const *text = std::get_if<std::string>(&value);
    if (!text) throw badValue(card, value, expected);
    return *text;
}

PropertyValue const &Translation::get(Property p) {
    auto &slot = _slots[static_cast<std::size_t>(p)];
    if (_current) _current->properties.emplace_back(nameOf(p));
    if (!slot.done) evaluate(p, slot);
    if (slot.error) std::rethrow_exception(slot.error);
    return slot.value;
}

void Translation::evaluate(Property p, Slot &slot) {
    auto const &rule = _table.rules[static_cast<std::size_t>(p)];
    if (slot.running) {
        throw Error("BAD_TABLE",
                    _table.name + ": the rule of " + std::string(nameOf(p)) + " refers to itself");
    }
    auto *const outer = std::exchange(_current, _explain ? &slot.trace : nullptr);
    slot.running = true;
    try {
        if (rule.function) slot.value = rule.function(*this, rule);
    } catch (Error const &e) {
        slot.error = std::current_exception();
        slot.trace.error = e.message();
    } catch (std::bad_variant_access const &) {
        // Values of cards are asked for their kind; parameters of rules are taken at their word.
        slot.trace.error = "instrument table " + _table.name + ": rule " + rule.name + " of "
                           + std::string(nameOf(p)) + " has a parameter of the wrong kind";
        slot.error = std::make_exception_ptr(Error("BAD_TABLE", slot.trace.error, common::ExitCode::Usage));
    }
    slot.running = false;
    slot.done = true;
    _current = outer;
}

PropertyValue const &Translation::optional(Property p) {
    static PropertyValue const null;
    auto const &slot = _slots[static_cast<std::size_t>(p)];
    bool const first = !slot.done;
    try {
        return get(p);
    } catch (Error const &e) {
        if (first) warn(std::string(nameOf(p)) + " left empty: " + e.message());
        return null;
    }
}

namespace {

template<typename T>
T const &as(PropertyValue const &value, Property p) {
    if (auto const *v = std::get_if<T>(&value)) return *v;
    throw Error("NULL_VALUE", std::string(nameOf(p)) + " has no value");
}

} // namespace

bool Translation::boolean(Property p) {
    return as<bool>(get(p), p);
}
std::int64_t Translation::integer(Property p) {
    return as<std::int64_t>(get(p), p);
}
std::string const &Translation::text(Property p) {
    return as<std::string>(get(p), p);
}
astro::JulianDate const &Translation::time(Property p) {
    return as<astro::JulianDate>(get(p), p);
}

double Translation::number(Property p) {
    auto const &value = get(p);
    if (auto const *i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
    return as<double>(value, p);
}

fits::Value const *Translation::present(std::string_view key) {
    auto const *value = _header.find(key);
    if (_current && value) _current->cards.emplace_back(std::string(key), *value);
    if (_current && !value) _current->absent.emplace_back(key);
    return value;
}

fits::Value const *Translation::defined(std::string_view key) {
    auto const *value = present(key);
    return value && !std::holds_alternative<std::monostate>(*value) ? value : nullptr;
}

std::pair<std::string, fits::Value const *> Translation::firstNamed(std::vector<std::string> const &keys) {
    for (auto const &key : keys) {
        if (auto const *value = defined(key)) return {key, value};
    }
    return {"", nullptr};
}

fits::Value const &Translation::needed(std::string_view key) {
    if (auto const *value = present(key)) return *value;
    throw missingCards({std::string(key)});
}

void Translation::because(std::string text) {
    if (_current) _current->because = std::move(text);
}

} // namespace dbb::instrument
