/// \file
/// Values of a Gen2 data ID.
#pragma once

#include "common/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dbb::gen2 {

/// What a key of a path stands for: an integer or a text.
using Value = std::variant<std::int64_t, std::string>;

/// Keys and values in the order in which they were found. Few, so a list is quicker than a map.
class Values {
public:
    Value const *find(std::string_view key) const {
        for (auto const &[name, value] : _all)
            if (name == key) return &value;
        return nullptr;
    }
    bool has(std::string_view key) const { return find(key) != nullptr; }
    void set(std::string_view key, Value value);
    /// Forget all but the first ones.
    void shorten(std::size_t count) { _all.resize(count); }
    std::size_t size() const { return _all.size(); }
    auto begin() const { return _all.begin(); }
    auto end() const { return _all.end(); }
    bool operator==(Values const &) const = default;

private:
    std::vector<std::pair<std::string, Value>> _all;
};

/// A value as text, as it would stand in a message.
std::string textOf(Value const &value);
/// Nullptr's is empty.
std::string textOf(Value const *value);

common::Json jsonOf(Value const &value);
common::Json jsonOf(Values const &values);

} // namespace dbb::gen2
