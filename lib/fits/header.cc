#include "fits/header.h"

#include "common/error.h"

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

Value const *Header::find(std::string_view key) const {
    auto const at = _index.find(key);
    return at == _index.end() ? nullptr : &_cards[at->second].value;
}

void Header::set(std::string_view key, Value value) {
    if (auto const at = _index.find(key); at != _index.end()) {
        _cards[at->second].value = std::move(value);
        return;
    }
    _index.emplace(std::string(key), _cards.size());
    _cards.push_back({std::string(key), std::move(value)});
}

void Header::erase(std::string_view key) {
    auto const at = _index.find(key);
    if (at == _index.end()) return;
    _cards.erase(_cards.begin() + static_cast<std::ptrdiff_t>(at->second));
    _index.clear();
    for (std::size_t i = 0; i < _cards.size(); ++i) _index.emplace(_cards[i].key, i);
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
