#include "fits/header.h"

#include "common/error.h"

#include <algorithm>

namespace dbb::fits {

using common::Error;
using common::Json;

Json toJson(Value const &value) {
    return std::visit(
        [](auto const &v) -> Json {
            if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) {
                return {};
            } else {
                return Json(v);
            }
        },
        value);
}

/// The slot that holds `key`, or the free one where it would go. There is always a free one.
std::size_t Header::slotOf(std::string_view key) const {
    std::uint32_t hash = 2166136261U; // FNV-1a
    for (char const c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    auto const mask = _slots.size() - 1;
    auto at = hash & mask;
    while (_slots[at] != 0 && _cards[_slots[at] - 1].key != key) at = (at + 1) & mask;
    return at;
}

void Header::reindex(std::size_t slots) {
    _slots.assign(slots, 0);
    for (std::size_t i = 0; i < _cards.size(); ++i)
        _slots[slotOf(_cards[i].key)] = static_cast<std::uint32_t>(i + 1);
}

Value const *Header::find(std::string_view key) const {
    if (_slots.empty()) return nullptr;
    auto const place = _slots[slotOf(key)];
    return place == 0 ? nullptr : &_cards[place - 1].value;
}

void Header::set(std::string_view key, Value value) {
    if (_slots.size() < 2 * (_cards.size() + 1)) reindex(std::max<std::size_t>(512, 2 * _slots.size()));
    auto &slot = _slots[slotOf(key)];
    if (slot != 0) {
        _cards[slot - 1].value = std::move(value);
        return;
    }
    if (_cards.empty()) _cards.reserve(200);
    _cards.push_back({std::string(key), std::move(value)});
    slot = static_cast<std::uint32_t>(_cards.size());
}

void Header::erase(std::string_view key) {
    if (!find(key)) return;
    std::erase_if(_cards, [&](Card const &card) { return card.key == key; });
    reindex(_slots.size());
}

void Header::merge(Header const &other) {
    for (auto const &card : other.cards()) set(card.key, card.value);
}

namespace {

Value fromJson(Json const &value) {
    if (value.isBool()) return value.boolean();
    if (value.isInt()) return value.integer();
    if (value.isDouble()) return value.number();
    if (value.isString()) return value.string();
    if (value.isArray() && !value.array().empty()) return fromJson(value.array().back());
    return {};
}

} // namespace

Header fromDump(Json const &dump, std::string const &name) {
    Header out;
    if (dump.isObject()) {
        if (dump["__CONTENT__"].isString() && dump["__CONTENT__"].string() == "translated") {
            throw Error("NOT_A_HEADER", "\"" + name + "\" holds translated properties, not a header");
        }
        for (auto const &[key, value] : dump.object()) {
            if (key != "__CONTENT__") out.set(key, fromJson(value));
        }
    } else if (dump.isArray()) {
        for (auto const &card : dump.array()) {
            if (!card.isArray() || card.array().size() < 3 || !card.array()[0].isString()) {
                throw Error("NOT_A_HEADER",
                            "\"" + name + "\": an entry of the list is no [keyword, type, value]");
            }
            out.set(card.array()[0].string(), fromJson(card.array()[2]));
        }
    }
    if (out.empty()) throw Error("NOT_A_HEADER", "\"" + name + "\" holds no header");
    return out;
}

} // namespace dbb::fits
