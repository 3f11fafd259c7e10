/// \file
/// Where those who read samples hand rows that somebody only learns from.
#pragma once

#include "telemetry/joiner.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dbb::efd {

/// A sink that hands rows with their fields' names to a pass that only learns.
class FactLearner {
public:
    class Topic {
    public:
        explicit Topic(FactLearner &owner) : _owner(owner) {}
        std::size_t placeOf(std::string_view field) {
            auto const [at, isNew] = _places.try_emplace(std::string(field), _names.size());
            if (isNew) _names.emplace_back(field);
            return at->second;
        }
        void begin() { _row.clear(); }
        void set(std::size_t place, telemetry::Value const &value) {
            _row.emplace_back(_names[place], value);
        }
        void commit(std::int64_t, telemetry::SourceScale) { _owner._facts.add(name, _row, _owner._texts); }
        std::string name{};

    private:
        FactLearner &_owner;
        std::map<std::string, std::size_t> _places;
        std::vector<std::string> _names;
        std::vector<std::pair<std::string, telemetry::Value>> _row;
    };

    explicit FactLearner(telemetry::PackedFacts &facts) : _facts(facts) {}
    Topic *topic(std::string_view name) {
        if (!_facts.wants(name)) return nullptr;
        auto const [at, isNew] = _topics.try_emplace(std::string(name), *this);
        if (isNew) at->second.name = name;
        return &at->second;
    }
    telemetry::TextPool &texts() { return _texts; }

private:
    telemetry::PackedFacts &_facts;
    telemetry::TextPool _texts;
    std::map<std::string, Topic> _topics;
};

} // namespace dbb::efd
