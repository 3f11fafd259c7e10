#include "gen2/values.h"

namespace dbb::gen2 {

using common::Json;

void Values::set(std::string_view key, Value value) {
    for (auto &[name, known] : _all) {
        if (name != key) continue;
        known = std::move(value);
        return;
    }
    _all.emplace_back(std::string(key), std::move(value));
}

std::string textOf(Value const &value) {
    auto const *number = std::get_if<std::int64_t>(&value);
    return number ? std::to_string(*number) : std::get<std::string>(value);
}

std::string textOf(Value const *value) {
    return value ? textOf(*value) : std::string();
}

Json jsonOf(Value const &value) {
    auto const *number = std::get_if<std::int64_t>(&value);
    return number ? Json(*number) : Json(std::get<std::string>(value));
}

Json jsonOf(Values const &values) {
    Json out{Json::Object{}};
    for (auto const &[key, value] : values) out.set(key, jsonOf(value));
    return out;
}

} // namespace dbb::gen2
