#include "efd/check_columns.h"

#include "common/json.h"
#include "common/text.h"
#include "telemetry/cell.h"
#include "telemetry/functions.h"
#include "telemetry/joiner.h"

#include <map>
#include <set>
#include <string>

namespace dbb::efd {

using common::Json;
using telemetry::Column;
using telemetry::FieldType;
using telemetry::TopicSchema;

namespace {

constexpr auto recently = "now() - 6h";

telemetry::Kind kindOf(FieldType type) {
    switch (type) {
    case FieldType::Float: return telemetry::Kind::Double;
    case FieldType::Text: return telemetry::Kind::Text;
    case FieldType::Boolean: return telemetry::Kind::Boolean;
    default: return telemetry::Kind::Integer;
    }
}

std::string wordFor(FieldType type) {
    switch (type) {
    case FieldType::Text: return "texts";
    case FieldType::Boolean: return "truth values";
    default: return "numbers";
    }
}

/// The values of one column of a result.
std::vector<Json> valuesIn(Json const &result, std::size_t column) {
    std::vector<Json> out;
    telemetry::forEachValues(result, [&](Json::Array const &row) {
        if (row.size() > column) out.push_back(row[column]);
    });
    return out;
}

/// One run of it.
class Check {
public:
    Check(telemetry::Influx &influx, std::vector<Column> const &columns, common::Output &output)
        : _influx(influx), _columns(columns), _output(output) {}

    std::int64_t run() {
        std::set<std::string> topics;
        for (auto const &column : _columns) topics.insert(column.topic);
        _schemas = _influx.schemas({topics.begin(), topics.end()});
        learnNames();
        learnIndices();
        for (auto const &column : _columns) {
            auto const &schema = _schemas.at(column.topic);
            if (schema.fields.empty()) {
                noTopic(column, schema);
                continue;
            }
            checkFields(column, schema);
            checkPacked(column, schema);
            checkIndex(column, schema);
        }
        return _count;
    }

private:
    void learnNames() {
        bool unknown = false;
        for (auto const &[topic, schema] : _schemas) unknown = unknown || !schema.exists;
        if (!unknown) return;
        auto const answer =
            _influx.ask({"SHOW MEASUREMENTS ON " + telemetry::quotedIdentifier(_influx.server().database)});
        for (auto const &name : valuesIn(answer.front(), 0)) {
            if (name.isString()) _names.push_back(name.string());
        }
    }

    /// The field that tells instances apart, empty when there is none.
    static std::string indexOf(std::string const &topic, TopicSchema const &schema) {
        if (schema.fields.contains("salIndex")) return "salIndex";
        auto const id = telemetry::componentId(topic);
        return schema.fields.contains(id) ? id : "";
    }

    void learnIndices() {
        std::vector<std::string> statements, topics;
        for (auto const &column : _columns) {
            auto const index = indexOf(column.topic, _schemas.at(column.topic));
            if (column.index != Column::Index::None || index.empty() || _several.contains(column.topic))
                continue;
            _several[column.topic];
            statements.push_back("SELECT DISTINCT(" + telemetry::quotedIdentifier(index) + ") FROM "
                                 + _influx.source(column.topic) + " WHERE time >= " + recently);
            topics.push_back(column.topic);
        }
        auto const answers = _influx.ask(statements);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            for (auto const &value : valuesIn(answers[i], 1)) _several[topics[i]].push_back(value.dump());
        }
    }

    void find(Column const &column, telemetry::Status reason, std::string const &field,
              std::string const &message, std::string const &hint = "") {
        std::string line = "{\"type\":\"finding\",\"reason\":\"" + std::string(nameOf(reason))
                           + "\",\"column\":" + Json(column.name).dump()
                           + ",\"topic\":" + Json(column.topic).dump();
        if (!field.empty()) line += ",\"field\":" + Json(field).dump();
        line += ",\"message\":" + Json(message).dump();
        if (!hint.empty()) line += ",\"hint\":" + Json(hint).dump();
        _output.write(line + "}");
        ++_count;
    }

    static std::string didYouMean(std::string const &near) {
        return near.empty() ? "" : "did you mean " + near + "?";
    }

    void noTopic(Column const &column, TopicSchema const &schema) {
        if (schema.exists) {
            find(column, telemetry::Status::NoSuchTopic, "",
                 "the topic has no samples in retention policy " + _influx.server().retention);
        } else {
            find(column, telemetry::Status::NoSuchTopic, "", "the server has no such topic",
                 didYouMean(common::nearest(column.topic, _names)));
        }
    }

    void noField(Column const &column, TopicSchema const &schema, std::string const &field) {
        std::vector<std::string> names;
        for (auto const &[name, known] : schema.fields) names.push_back(name);
        find(column, telemetry::Status::NoSuchField, field, "the topic has no such field",
             didYouMean(common::nearest(field, names)));
    }

    void checkFields(Column const &column, TopicSchema const &schema) {
        if (!column.time_field.empty() && !schema.fields.contains(column.time_field))
            noField(column, schema, column.time_field);
        if (column.packed) return;
        for (auto const &field : column.fields) {
            auto const at = schema.fields.find(field);
            if (at == schema.fields.end()) {
                noField(column, schema, field);
            } else if (!telemetry::takes(column, kindOf(at->second.type))) {
                find(column, telemetry::Status::TypeError, field,
                     "it holds " + wordFor(at->second.type) + ", which " + nameOf(column) + " does not take");
            }
        }
    }

    /// All elements up to the last one, or as many as are asked for.
    void checkPacked(Column const &column, TopicSchema const &schema) {
        if (!column.packed) return;
        auto const &packed = *column.packed;
        if (!schema.fields.contains(packed.time_field)) noField(column, schema, packed.time_field);
        std::int64_t count = packed.n;
        for (auto const &[name, field] : schema.fields) {
            auto const number = packed.n > 0 ? std::nullopt : telemetry::elementNumber(name, packed.base);
            if (number) count = std::max(count, std::int64_t{*number} + 1);
        }
        if (count == 0) noField(column, schema, packed.base + "0");
        std::string first;
        std::int64_t absent = 0;
        for (std::int64_t k = 0; k < count; ++k) {
            auto const name = packed.base + std::to_string(k);
            if (schema.fields.contains(name)) continue;
            if (absent++ == 0) first = name;
        }
        if (absent > 0) {
            find(column, telemetry::Status::NoSuchField, first,
                 "the array has " + std::to_string(count - absent) + " of " + std::to_string(count)
                     + " elements; this is the first that lacks");
        }
    }

    void checkIndex(Column const &column, TopicSchema const &schema) {
        if (!column.index_field.empty()) {
            if (!schema.fields.contains(column.index_field)) noField(column, schema, column.index_field);
            return;
        }
        if (column.index == Column::Index::Listed && indexOf(column.topic, schema).empty()) {
            find(column, telemetry::Status::NoSuchField, "salIndex",
                 "an index is asked for, and the topic has no field that tells instances apart");
        }
        auto const seen = _several.find(column.topic);
        if (column.index == Column::Index::None && seen != _several.end() && seen->second.size() > 1) {
            find(column, telemetry::Status::MixedIndex, indexOf(column.topic, schema),
                 "the topic has several instances in the last hours: " + common::join(seen->second, ", "),
                 "say which one with index, or index: any");
        }
    }

    telemetry::Influx &_influx;
    std::vector<Column> const &_columns;
    common::Output &_output;
    std::map<std::string, TopicSchema> _schemas;
    std::vector<std::string> _names;
    std::map<std::string, std::vector<std::string>> _several; ///< instances of topics that say no index
    std::int64_t _count = 0;
};

} // namespace

std::int64_t checkColumns(telemetry::Influx &influx, std::vector<Column> const &columns,
                          common::Output &output) {
    return Check(influx, columns, output).run();
}

} // namespace dbb::efd
