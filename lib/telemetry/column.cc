#include "telemetry/column.h"

#include "common/error.h"
#include "common/text.h"
#include "common/yaml.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

namespace dbb::telemetry {

using common::Error;
using common::Json;

namespace {

struct NamedFunc {
    std::string_view name;
    Func func;
};

constexpr std::array<NamedFunc, 29> funcs{{
    {"count", Func::Count},
    {"mean", Func::Mean},
    {"min", Func::Min},
    {"max", Func::Max},
    {"sum", Func::Sum},
    {"range", Func::Range},
    {"first", Func::First},
    {"last", Func::Last},
    {"rms", Func::Rms},
    {"stddev", Func::Stddev},
    {"variance", Func::Variance},
    {"median", Func::Median},
    {"twmean", Func::TimeWeightedMean},
    {"slope", Func::Slope},
    {"polyrms", Func::Polyrms},
    {"rate", Func::Rate},
    {"increase", Func::Increase},
    {"increase_rate", Func::IncreaseRate},
    {"circmean", Func::Circmean},
    {"circstd", Func::Circstd},
    {"mode", Func::Mode},
    {"distinct", Func::Distinct},
    {"transitions", Func::Transitions},
    {"any", Func::Any},
    {"all", Func::All},
    {"count_true", Func::CountTrue},
    {"asof", Func::Asof},
    {"interp", Func::Interp},
    {"delta", Func::Delta},
}};

/// Whole digits with an optional fraction, as numerator and power of ten; nullopt for anything else.
std::optional<std::pair<std::int64_t, std::int64_t>> decimal(std::string_view text) {
    std::int64_t numerator = 0, denominator = 1;
    bool point = false, digits = false;
    if (text.size() > 12) return std::nullopt;
    for (char const c : text) {
        if (c == '.' && !point && digits) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            numerator = numerator * 10 + (c - '0');
            if (point) denominator *= 10;
            digits = true;
        } else {
            return std::nullopt;
        }
    }
    if (!digits || text.ends_with('.')) return std::nullopt;
    return std::pair(numerator, denominator);
}

/// `p95`, `p99.9`, `p95_rank`.
bool setPercentile(Column &column, std::string_view name) {
    if (!name.starts_with('p')) return false;
    name.remove_prefix(1);
    column.func = Func::Percentile;
    if (name.ends_with("_rank")) {
        column.func = Func::PercentileRank;
        name.remove_suffix(5);
    }
    auto const percent = decimal(name);
    if (!percent || percent->first > 100 * percent->second) return false;
    column.percent_numerator = percent->first;
    column.percent_denominator = 100 * percent->second;
    return true;
}

/// Of durations, so that times and their sums are within int64.
constexpr std::int64_t longest_ns = std::int64_t{3652} * 86'400 * 1'000'000'000;

/// Takes the keys of a column one by one; what is left over at the end is unknown.
class Keys {
public:
    Keys(Json const &column, std::string where) : _where(std::move(where)) {
        if (!column.isObject()) throw bad("a column is a mapping");
        // What stands in `args` may also stand in the column itself, which then has no say over it.
        for (auto const &[key, value] : column.object()) {
            if (key == "args") continue;
            _values[key] = value;
        }
        auto const &args = column["args"];
        if (!args.isNull() && !args.isObject()) throw bad("\"args\" is no mapping");
        if (args.isObject()) {
            for (auto const &[key, value] : args.object()) {
                requireArgument(key);
                _values[key] = value;
            }
        }
    }

    Error bad(std::string const &what, std::string const &hint = "") const {
        return common::usageError(_where + ": " + what, hint);
    }

    Json take(std::string const &key) {
        _known.push_back(key);
        auto const at = _values.find(key);
        if (at == _values.end()) return {};
        auto out = std::move(at->second);
        _values.erase(at);
        return out;
    }

    std::string text(std::string const &key, bool required = false) {
        auto const value = take(key);
        if (value.isNull() && !required) return {};
        if (!value.isString() || value.string().empty())
            throw bad(value.isNull() ? "\"" + key + "\" is missing"
                                     : "\"" + key + "\" must be text, not " + value.dump());
        return value.string();
    }

    bool truth(std::string const &key) {
        auto const value = take(key);
        if (value.isNull()) return false;
        if (!value.isBool()) throw bad("\"" + key + "\" must be true or false, not " + value.dump());
        return value.boolean();
    }

    int integer(std::string const &key, int otherwise, int least, int most) {
        auto const value = take(key);
        if (value.isNull()) return otherwise;
        if (!value.isInt() || value.integer() < least || value.integer() > most) {
            throw bad("\"" + key + "\" must be an integer from " + std::to_string(least) + " to "
                      + std::to_string(most) + ", not " + value.dump());
        }
        return static_cast<int>(value.integer());
    }

    std::optional<std::int64_t> duration(std::string const &key, bool negative = false) {
        auto const value = take(key);
        if (value.isNull()) return std::nullopt;
        try {
            auto const out = durationNs(value);
            if (out < 0 && !negative) throw bad("\"" + key + "\" must not be negative");
            if (out > longest_ns || out < -longest_ns)
                throw bad("\"" + key + "\" must not be longer than ten years, as " + value.dump() + " is");
            return out;
        } catch (Error const &e) {
            if (e.code() == "USAGE") throw;
            throw bad("\"" + key + "\": " + e.message());
        }
    }

    /// One of some words; the first when it is absent.
    std::size_t word(std::string const &key, std::vector<std::string> const &words) {
        auto const value = take(key);
        if (value.isNull()) return 0;
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (value.isString() && value.string() == words[i]) return i;
        }
        throw bad("\"" + key + "\" must be one of " + common::join(words, ", ") + ", not " + value.dump());
    }

    void finish() const {
        if (_values.empty()) return;
        auto const &key = _values.begin()->first;
        auto const near = common::nearest(key, _known);
        throw bad("unknown key \"" + key + "\"", near.empty() ? "" : "did you mean " + near + "?");
    }

private:
    /// What a column is called and where its samples come from is no argument.
    void requireArgument(std::string const &key) const {
        static std::set<std::string> const others{"name", "topic", "field", "fields", "index"};
        if (others.contains(key)) throw bad("\"" + key + "\" is in \"args\"", "write it beside \"args\"");
    }

    std::string _where;
    std::map<std::string, Json> _values;
    std::vector<std::string> _known;
};

std::vector<std::string> texts(Keys const &keys, std::string const &key, Json const &list) {
    std::vector<std::string> out;
    if (list.isArray()) {
        for (auto const &item : list.array()) {
            if (item.isString() && !item.string().empty()) out.push_back(item.string());
        }
    }
    if (out.empty() || out.size() != list.array().size())
        throw keys.bad("\"" + key + "\" must be a list of names, not " + list.dump());
    return out;
}

/// Only a field that is named may hold text.
void setIndex(Column &column, Keys const &keys, Json const &index) {
    if (index.isNull()) return;
    if (index.isString() && index.string() == "any") {
        column.index = Column::Index::Any;
        return;
    }
    column.index = Column::Index::Listed;
    for (auto const &item : index.isArray() ? index.array() : Json::Array{index}) {
        if (item.isInt()) {
            column.indices.emplace_back(item.integer());
        } else if (item.isString() && !column.index_field.empty()) {
            column.indices.emplace_back(item.string());
        } else {
            throw keys.bad("\"index\" must be an integer, a list of integers or any, not " + index.dump()
                           + (item.isString() ? "; a text needs \"index_field\" beside it" : ""));
        }
    }
    if (column.indices.empty()) throw keys.bad("\"index\" is an empty list");
}

void setPacked(Column &column, Keys const &keys, Json const &packed) {
    if (packed.isNull()) return;
    if (!packed.isObject()) throw keys.bad("\"packed\" must be a mapping, not " + packed.dump());
    constexpr std::int64_t longestDt_ns = 3'600'000'000'000; // times the most elements
    Packed out;
    try {
        Keys own(packed, "");
        out.base = own.text("base", true);
        if (auto const field = own.text("time_field"); !field.empty()) out.time_field = field;
        out.n = own.integer("n", 0, 1, 100'000);
        out.dt_ns = own.duration("dt");
        if (out.dt_ns > longestDt_ns) throw own.bad("\"dt\" must not be longer than 1h");
        own.finish();
    } catch (Error const &e) {
        throw keys.bad("\"packed\"" + e.message(), e.hint());
    }
    column.packed = out;
}

void setDefaultFunc(Column &column, std::string const &name, Keys const &keys) {
    if (name.empty()) {
        column.func = isEvent(column.topic) ? Func::Asof : Func::Mean;
        return;
    }
    auto const at = std::find_if(funcs.begin(), funcs.end(), [&](auto const &f) { return f.name == name; });
    if (at != funcs.end()) {
        column.func = at->func;
    } else if (!setPercentile(column, name)) {
        std::vector<std::string> names{"p95", "p95_rank"};
        for (auto const &f : funcs) names.emplace_back(f.name);
        auto const near = common::nearest(name, names);
        throw keys.bad("unknown function \"" + name + "\"", near.empty() ? "" : "did you mean " + near + "?");
    }
}

Column columnOf(Json const &json, std::string const &where) {
    Column out;
    Keys keys(json, where);
    out.name = keys.text("name", true);
    out.topic = keys.text("topic", true);
    auto const field = keys.text("field");
    auto const fields = keys.take("fields");
    out.one_field = !field.empty();
    if (field.empty() == fields.isNull()) throw keys.bad("it needs either \"field\" or \"fields\"");
    out.fields = out.one_field ? std::vector{field} : texts(keys, "fields", fields);
    setDefaultFunc(out, keys.text("func"), keys);
    out.index_field = keys.text("index_field");
    setIndex(out, keys, keys.take("index"));
    out.pre_ns = keys.duration("pre", true).value_or(0);
    out.post_ns = keys.duration("post", true).value_or(0);
    out.closed = keys.word("closed", {"left", "right", "both"}) > 0;
    out.duplicates = static_cast<Duplicates>(keys.word("dup", {"last", "first", "mean", "all", "error"}));
    bool const middle = out.func == Func::Interp;
    auto const at = keys.word("at", middle ? std::vector<std::string>{"mid", "begin", "end"}
                                           : std::vector<std::string>{"begin", "mid", "end"});
    out.at = at == 2 ? At::End : (at == 0) == middle ? At::Mid : At::Begin;
    out.direction = static_cast<Column::Direction>(keys.word("dir", {"backward", "forward", "nearest"}));
    out.strict = keys.truth("strict");
    out.take_nulls = keys.word("nulls", {"skip", "take"}) == 1;
    out.tolerance_ns = keys.duration("tolerance").value_or(out.tolerance_ns);
    out.max_gap_ns = keys.duration("max_gap").value_or(out.max_gap_ns);
    out.linear = keys.word("mode", {"hold", "linear"}) == 1;
    out.ddof = keys.integer("ddof", 1, 0, 1'000'000);
    out.degree = keys.integer("degree", 1, 0, 12);
    out.by_index = keys.word("basis", {"time", "index"}) == 1;
    out.gap_max_ns = keys.duration("gap_max");
    out.hold_max_ns = keys.duration("hold_max");
    auto const coverage = keys.take("min_coverage");
    out.min_coverage = isEvent(out.topic) ? 0 : 0.5;
    if (coverage.isNumber() && coverage.number() >= 0 && coverage.number() <= 1)
        out.min_coverage = coverage.number();
    else if (!coverage.isNull())
        throw keys.bad("\"min_coverage\" must be a number from 0 to 1, not " + coverage.dump());
    out.pool = keys.word("reduce", {"each", "pool"}) == 1;
    out.time_field = keys.text("time_field");
    bool const utcField = out.time_field == "private_efdStamp";
    out.time_is_utc = (keys.word("time_scale", utcField ? std::vector<std::string>{"utc", "tai"}
                                                        : std::vector<std::string>{"tai", "utc"})
                       == 0)
                      == utcField;
    setPacked(out, keys, keys.take("packed"));
    if (out.packed && out.fields.size() > 1) throw keys.bad("a packed series has one field");
    out.unit = keys.text("unit");
    out.ucd = keys.text("ucd");
    out.description = keys.text("description");
    keys.finish();
    return out;
}

/// A column of ConsDB's transformed EFD (config_<instrument>.yaml, as of 2026-06).
Column consdbColumnOf(Json const &json, std::string const &where, Compat compat) {
    Column out;
    Keys keys(json, where);
    out.name = keys.text("name", true);
    if (auto const tables = keys.take("tables"); !tables.isNull()) out.tables = texts(keys, "tables", tables);
    bool const unpivoted = keys.truth("store_unpivoted");
    auto const function = keys.text("function", true);
    auto const arguments = keys.take("function_args");
    auto const offset = keys.take("start_offset");
    auto const bucket = keys.duration("pre_aggregate_interval");
    keys.take("datatype");
    auto const ivoa = keys.take("ivoa");
    out.unit = common::textIn(ivoa, "unit");
    out.ucd = common::textIn(ivoa, "ucd");
    out.description = keys.text("description");
    bool const packed = keys.truth("packed_series");
    auto const subsetField = keys.text("subset_field");
    auto const subset = keys.take("subset_value");
    auto const topics = keys.take("topics");
    keys.finish();
    if (!topics.isArray() || topics.array().size() != 1)
        throw keys.bad("\"topics\" must be a list of one topic: samples of several have no common times");
    auto const &topic = topics.array().front();
    out.topic = common::textIn(topic, "name");
    if (out.topic.empty()) throw keys.bad("the topic has no \"name\"");
    if (topic["fields"].isArray()) {
        for (auto const &field : topic["fields"].array()) {
            auto const name = common::textIn(field, "name");
            if (!name.empty() && name != subsetField) out.fields.push_back(name);
        }
    }
    if (out.fields.empty()) throw keys.bad("the topic has no \"fields\"");

    Keys args(arguments.isNull() ? Json(Json::Object()) : arguments, where + ": function_args");
    out.ddof = args.integer("ddof", 1, 0, 1'000'000);
    out.degree = args.integer("degree", 1, 0, 12);
    out.by_index = args.word("fit_basis", {"index", "time"}) == 0;
    auto const givenOffset = args.take("start_offset");
    args.finish();
    auto const &hours = offset.isNull() ? givenOffset : offset;
    if (!hours.isNull() && !hours.isNumber()) throw keys.bad("\"start_offset\" must be a number of hours");

    static std::map<std::string, Func> const known{
        {"mean", Func::Mean}, {"stddev", Func::Stddev},          {"min", Func::Min},
        {"max", Func::Max},   {"most_recent_value", Func::Last}, {"rms_from_polynomial_fit", Func::Polyrms}};
    auto const at = known.find(function);
    if (at == known.end()) throw keys.bad("unknown function \"" + function + "\"");
    out.func = at->second;
    if (out.func != Func::Polyrms) out.by_index = false;
    if (out.func == Func::Last && compat == Compat::None) {
        if (!unpivoted) out.fields.resize(1);
        if (hours.isNumber() && hours.number() != 0) {
            out.func = Func::Asof;
            out.at = At::End;
            out.tolerance_ns = std::llround(std::fabs(hours.number()) * 3600e9);
        }
    }
    out.min_coverage = isEvent(out.topic) ? 0 : 0.5;
    out.pool = !unpivoted && out.fields.size() > 1;
    out.one_field = !unpivoted;
    if (packed) {
        if (out.fields.size() > 1) throw keys.bad("a packed series has one field");
        out.packed = Packed{.base = out.fields.front(), .time_field = "cRIO_timestamp", .n = 0, .dt_ns = {}};
    }
    if (!subsetField.empty() && !subset.isNull()) {
        out.index_field = subsetField;
        Json::Array integers;
        for (auto const &item : subset.isArray() ? subset.array() : Json::Array{subset}) {
            // Compared as texts there, so a number may be written as one.
            integers.push_back(item.isString() ? common::plainScalar(item.string()) : item);
        }
        setIndex(out, keys, integers);
    }
    if (compat == Compat::Consdb) {
        out.compat = compat;
        out.closed = true;
        // Without buckets means of means are not what the function says.
        bool const hasBuckets = out.func == Func::Mean || out.func == Func::Min || out.func == Func::Max;
        if (hasBuckets) out.bucket_ns = bucket.value_or(0);
        if (out.packed) out.duplicates = Duplicates::All; // their times are computed and may be the same
    }
    return out;
}

} // namespace

std::int64_t durationNs(Json const &value) {
    static std::map<std::string, long double> const units{{"ns", 1},      {"us", 1e3L},   {"ms", 1e6L},
                                                          {"s", 1e9L},    {"", 1e9L},     {"m", 60e9L},
                                                          {"h", 3600e9L}, {"d", 86400e9L}};
    auto const text = value.isNumber() ? value.dump() : value.isString() ? value.string() : std::string();
    char *end = nullptr;
    // From the text, so that 0.1 is a tenth of a second and not the double beside it.
    long double const number = std::strtold(text.c_str(), &end);
    auto const unit = units.find(end);
    if (text.empty() || end == text.c_str() || unit == units.end() || !std::isfinite(number)
        || std::fabs(number * unit->second) > 9e18L
        || text.find_first_not_of("+-.0123456789eEnumshd ") != std::string::npos) {
        throw Error("BAD_VALUE", value.dump() + " is no duration such as 2, 250ms, 15s, 5m or 1h");
    }
    return std::llround(number * unit->second);
}

bool isEvent(std::string const &topic) {
    auto const last =
        std::string_view(topic).substr(topic.rfind('.') == std::string::npos ? 0 : topic.rfind('.') + 1);
    return last.starts_with("logevent_") || last.starts_with("command_") || last.starts_with("ackcmd");
}

std::optional<unsigned> elementNumber(std::string_view field, std::string_view base) {
    if (!field.starts_with(base)) return std::nullopt;
    unsigned out = 0;
    auto const *const end = field.data() + field.size();
    auto const [rest, error] = std::from_chars(field.data() + base.size(), end, out);
    return error == std::errc() && rest == end ? std::optional(out) : std::nullopt;
}

std::string nameOf(Column const &column) {
    for (auto const &f : funcs) {
        if (f.func == column.func) return std::string(f.name);
    }
    // The only ones that are left: p95, p99.9, p95_rank.
    std::string percent;
    common::appendDouble(percent, 100 * static_cast<double>(column.percent_numerator)
                                      / static_cast<double>(column.percent_denominator));
    if (percent.ends_with(".0")) percent.resize(percent.size() - 2);
    return "p" + percent + (column.func == Func::PercentileRank ? "_rank" : "");
}

std::vector<Column> parseColumns(std::string const &text, std::string const &name, Compat compat) {
    Json root;
    try {
        root = common::parseYaml(text, name);
    } catch (Error const &e) {
        throw common::usageError(e.message());
    }
    auto const &list = root.isObject() ? root["columns"] : root;
    if (!list.isArray()) throw common::usageError("\"" + name + "\" has no list of columns");
    if (root.isObject()) {
        for (auto const &[key, value] : root.object()) {
            if (key != "columns" && key != "version")
                throw common::usageError("\"" + name + "\": unknown key \"" + key + "\"",
                                         "it has columns and version");
        }
    }
    std::vector<Column> out;
    for (auto const &json : list.array()) {
        auto const label = common::textIn(json, "name");
        auto const where = "\"" + name + "\": column " + std::to_string(out.size() + 1)
                           + (label.empty() ? "" : " (" + label + ")");
        bool const consdb = json.isObject() && (json.find("function") || json.find("topics"));
        if (!consdb && compat == Compat::Consdb)
            throw common::usageError(where + " is not in ConsDB's form, as --compat consdb needs it");
        out.push_back(consdb ? consdbColumnOf(json, where, compat) : columnOf(json, where));
    }
    if (out.empty()) throw common::usageError("\"" + name + "\" has no columns");
    return out;
}

} // namespace dbb::telemetry
