#include "telemetry/value.h"

namespace dbb::telemetry {

bool operator==(Value const &a, Value const &b) {
    if (a.isNumber() && b.isNumber()) {
        return a.kind == b.kind ? (a.kind == Kind::Double ? a.number == b.number : a.integer == b.integer)
                                : a.asLongDouble() == b.asLongDouble();
    }
    return a.kind == b.kind && a.integer == b.integer;
}

std::uint32_t TextPool::add(std::string_view text) {
    auto const known = _numbers.find(text);
    if (known != _numbers.end()) return known->second;
    auto const number = static_cast<std::uint32_t>(_texts.size());
    _texts.emplace_back(text);
    _numbers.emplace(_texts.back(), number);
    return number;
}

} // namespace dbb::telemetry
