#include "telemetry/sample_text.h"

#include "common/error.h"
#include "common/json_style.h"
#include "common/text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace dbb::telemetry {

using common::Error;
using common::Json;

namespace {

constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

SourceScale scaleOf(Json const &scale, SourceScale otherwise) {
    if (scale.isNull()) return otherwise;
    if (scale.isString() && scale.string() == "utc") return SourceScale::Utc;
    if (scale.isString() && scale.string() == "tai") return SourceScale::Tai;
    throw Error("BAD_VALUE", "\"scale\" is " + scale.dump() + ", not utc or tai");
}

std::int64_t timeOf(Json const &value, char const *key, SourceScale scale) {
    auto const whole = value.isInt()      ? std::optional(value.integer())
                       : value.isString() ? common::wholeNumber(value.string())
                                          : std::nullopt;
    if (!whole)
        throw Error(value.isNull() ? "MISSING_KEY" : "BAD_VALUE",
                    std::string("\"") + key + "\" must be an integer, not " + value.dump());
    if (!isDated(*whole, scale))
        throw Error("BAD_VALUE",
                    std::string("\"") + key + "\", " + value.dump() + ", " + std::string(notDated(scale)));
    return *whole;
}

/// Whether the last of the doubles is anywhere in it.
bool holdsGreatest(Json const &json) {
    if (json.isDouble()) return std::fabs(json.number()) == std::numeric_limits<double>::max();
    if (json.isArray()) return std::any_of(json.array().begin(), json.array().end(), holdsGreatest);
    return json.isObject() && std::any_of(json.object().begin(), json.object().end(), [](auto const &member) {
               return holdsGreatest(member.second);
           });
}

/// JSON with numbers beyond the doubles as Infinity and -Infinity.
std::string withInfinities(std::string_view text) {
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size();) {
        auto const c = text[i];
        bool const isNumber = !quoted && (c == '-' || (c >= '0' && c <= '9'));
        auto const length = isNumber              ? text.substr(i).find_first_not_of("0123456789+-.eE")
                            : quoted && c == '\\' ? 2
                                                  : 1;
        auto const part = text.substr(i, length);
        auto const value = isNumber ? std::strtod(std::string(part).c_str(), nullptr) : 0;
        if (std::isinf(value)) {
            out += value < 0 ? "-Infinity" : "Infinity";
        } else {
            out += part;
        }
        if (c == '"') quoted = !quoted;
        i += part.size();
    }
    return out;
}

/// As common::parsePythonJson, which takes a number beyond the doubles for the last of these; here it is
/// infinite, as in the other formats of samples.
Json parseSamples(std::string_view text) {
    auto out = common::parsePythonJson(text);
    return holdsGreatest(out) ? common::parsePythonJson(withInfinities(text)) : out;
}

/// The lines of a text of several lines each of which is an object; none when it is something else.
std::vector<std::string_view> chunksOf(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.empty() || line == "\r") continue;
        if (!line.starts_with('{') || !(line.ends_with('}') || line.ends_with("}\r"))) return {};
        out.push_back(line);
    }
    return out.size() > 1 ? out : std::vector<std::string_view>();
}

} // namespace

NamedRow sampleLine(std::string_view line, SourceScale scale) {
    auto const json = parseSamples(line);
    if (!json.isObject()) throw Error("NOT_AN_OBJECT", "the sample is no JSON object");
    NamedRow out;
    out.topic = common::textIn(json, "topic");
    if (out.topic.empty()) throw Error("MISSING_KEY", "the sample has no \"topic\"");
    out.scale = scaleOf(json["scale"], scale);
    out.t_ns = timeOf(json["t_ns"], "t_ns", out.scale);
    if (!json["f"].isObject()) throw Error("MISSING_KEY", "the sample has no fields in \"f\"");
    for (auto const &[name, value] : json["f"].object()) out.fields.emplace_back(name, value);
    return out;
}

bool forEachSavedRow(std::string const &text, SourceScale scale,
                     std::function<void(NamedRow const &)> const &row) {
    auto const chunks = chunksOf(text);
    if (chunks.empty()) {
        auto const root = parseSamples(text);
        return forEachRow(root["body"].isObject() ? root["body"] : root, scale, row);
    }
    bool more = false;
    for (auto const chunk : chunks) more = forEachRow(parseSamples(chunk), scale, row);
    if (more)
        throw Error("SOURCE_ERROR", "the response ends early: its last line says that more rows follow");
    return false;
}

bool forEachRow(Json const &response, SourceScale scale, std::function<void(NamedRow const &)> const &row) {
    bool more = false;
    auto const error = [](Json const &text) {
        return Error("SOURCE_ERROR", "the response says: " + text.text());
    };
    if (!response["error"].isNull()) throw error(response["error"]);
    if (!response["results"].isArray())
        throw Error("BAD_VALUE", "it is no response of InfluxDB: it has no \"results\"");
    for (auto const &result : response["results"].array()) {
        if (!result["error"].isNull()) throw error(result["error"]);
        more = result["partial"].isBool() && result["partial"].boolean();
        if (!result["series"].isArray()) continue;
        for (auto const &series : result["series"].array()) {
            if (!series["columns"].isArray() || !series["values"].isArray())
                throw Error("BAD_VALUE", "a series has no \"columns\" or \"values\"");
            auto const &columns = series["columns"].array();
            auto const time = std::find_if(columns.begin(), columns.end(), [](Json const &c) {
                return c.isString() && c.string() == "time";
            });
            if (time == columns.end()) throw Error("BAD_VALUE", "a series has no column \"time\"");
            auto const at = static_cast<std::size_t>(time - columns.begin());
            NamedRow out;
            out.topic = common::textIn(series, "name");
            out.scale = scale;
            if (series["tags"].isObject()) out.fields = series["tags"].object();
            auto const tags = out.fields.size();
            for (std::size_t i = 0; i < columns.size(); ++i) {
                if (i != at) out.fields.emplace_back(columns[i].text(), Json());
            }
            for (auto const &values : series["values"].array()) {
                if (!values.isArray() || values.array().size() != columns.size())
                    throw Error("BAD_VALUE", "a row has not as many values as there are columns");
                out.t_ns = timeOf(values.array()[at], "time", scale);
                auto field = out.fields.begin() + static_cast<std::ptrdiff_t>(tags);
                for (std::size_t i = 0; i < columns.size(); ++i) {
                    if (i != at) (field++)->second = values.array()[i];
                }
                row(out);
            }
        }
    }
    return more;
}

Value valueOf(Json const &json, TextPool &texts) {
    if (json.isInt()) return Value::ofInteger(json.integer());
    if (json.isDouble()) return Value::of(json.number());
    if (json.isBool()) return Value::ofBoolean(json.boolean());
    if (json.isString()) return Value::ofText(texts.add(json.string()));
    return json.isNull() ? Value::null() : Value::of(notANumber);
}

bool nextCell(std::string_view &line, std::string &cell) {
    cell.clear();
    if (line.starts_with('"')) {
        line.remove_prefix(1);
        while (!line.empty()) {
            if (line.front() == '"') {
                line.remove_prefix(1);
                if (!line.starts_with('"')) break;
            }
            cell.push_back(line.front());
            line.remove_prefix(1);
        }
    }
    auto const comma = line.find(',');
    cell += line.substr(0, comma);
    if (comma == std::string_view::npos) return false;
    line.remove_prefix(comma + 1);
    return true;
}

} // namespace dbb::telemetry
