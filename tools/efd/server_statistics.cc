#include "efd/server_statistics.h"

#include "common/error.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "telemetry/joiner.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dbb::efd {

using common::Error;
using common::Json;
using telemetry::Column;
using telemetry::FieldType;
using telemetry::Window;

namespace {

constexpr std::size_t statementsAtOnce = 200;
/// Rounding of a sum of doubles, per term.
constexpr double unit = 0x1p-53;
/// How much of a value its rounding may be.
constexpr double mostError = 1e-12;

/// Name in InfluxQL of what must be asked for beside the count and the extremes; nullptr: nothing.
char const *aggregateOf(telemetry::Func func) {
    switch (func) {
    case telemetry::Func::Mean: return "MEAN";
    case telemetry::Func::Sum: return "SUM";
    case telemetry::Func::Stddev: return "STDDEV";
    case telemetry::Func::Median: return "MEDIAN";
    default: return nullptr;
    }
}

bool isSelected(telemetry::Func func) {
    return func == telemetry::Func::Count || func == telemetry::Func::Min || func == telemetry::Func::Max
           || func == telemetry::Func::First || func == telemetry::Func::Last;
}

/// What one row of a result holds behind its time; empty: there is no row.
Json::Array rowOf(Json const &result) {
    Json::Array out;
    telemetry::forEachValues(result, [&](Json::Array const &row) {
        if (out.empty()) out = row;
    });
    return out;
}

telemetry::Value numberIn(Json const &json, FieldType type) {
    if (!json.isNumber()) return telemetry::Value::null();
    if (type == FieldType::Integer && json.isInt()) return telemetry::Value::ofInteger(json.integer());
    return telemetry::Value::of(json.number());
}

/// Whether rounding, and sums of integers that wrap, can't make the server's value another one than ours. It
/// adds up in doubles as they come. \param most  of the absolute values
bool isProven(telemetry::Func func, FieldType type, double n, double value, double most) {
    if (type == FieldType::Integer) {
        if (func == telemetry::Func::Stddev && most >= 0x1p53) return false;
        if (func != telemetry::Func::Stddev) return n * most < 0x1p62;
    }
    switch (func) {
    case telemetry::Func::Mean: return n * unit * most <= mostError * std::fabs(value);
    case telemetry::Func::Sum: return n * unit * n * most <= mostError * std::fabs(value);
    case telemetry::Func::Median: return 4 * unit * most <= mostError * std::fabs(value);
    // An error of the mean counts by its square.
    case telemetry::Func::Stddev: return n * unit <= mostError / 2 && n * unit * most <= 5e-7 * value;
    default: return true;
    }
}

/// Whether trouble with one question says nothing of the others.
bool isFatal(Error const &e) {
    return e.code() == "SERVER_AUTH" || e.code() == "SERVER_UNREACHABLE" || common::stopSignal() != 0;
}

/// Whether nothing but the date tells the scale of a window's times and it is near where that changed.
bool isBetweenEras(Window const &window, telemetry::SourceScale scale) {
    constexpr auto change_ns = telemetry::utcEraBegin_s * 1'000'000'000, minute_ns = 60'000'000'000;
    return scale == telemetry::SourceScale::Eras && window.begin_ns < change_ns + minute_ns
           && window.end_ns > change_ns - minute_ns;
}

std::string selection(std::string const &function, std::string const &field) {
    return function + "(" + telemetry::quotedIdentifier(field) + ")";
}

} // namespace

/// The statements of one group and window.
struct ServerStatistics::Slot {
    /// Where the results of a member are.
    struct Place {
        Member member;
        std::size_t statement, first, last;
        std::size_t column; ///< of the count
    };
    std::size_t window = 0;
    telemetry::SourceScale scale = telemetry::SourceScale::Eras;
    std::vector<std::string> statements{};
    std::vector<Place> places{};
};

ServerStatistics::ServerStatistics(telemetry::Influx &influx, InfluxSamples const &samples,
                                   std::vector<Column> const &columns, telemetry::WindowList const &windows)
    : _influx(influx), _samples(samples), _columns(columns), _windows(windows) {
    for (auto const &plan : samples.plans())
        if (!plan.has_scale) _unknown.insert(plan.topic);
}

telemetry::SourceScale ServerStatistics::scaleOf(std::string const &topic) const {
    for (auto const &plan : _samples.plans()) {
        if (plan.topic == topic) return plan.scale;
    }
    return telemetry::SourceScale::Eras;
}

void ServerStatistics::learnIndices(std::map<std::string, telemetry::TopicNeeds> const &needs) {
    for (auto const &[topic, need] : needs) {
        auto const &schema = _samples.schemas().at(topic);
        std::vector<std::string> statements, fields;
        for (auto const &field : {std::string("salIndex"), telemetry::componentId(topic)}) {
            if (!schema.fields.contains(field)) continue;
            for (auto const &range : need.ranges) {
                auto const in = inScale(range, scaleOf(topic));
                statements.push_back("SELECT " + selection("DISTINCT", field) + " FROM "
                                     + _influx.source(topic) + telemetry::within(in));
                fields.push_back(field);
            }
        }
        try {
            auto const results = _influx.ask(statements, telemetry::Influx::WhenSlow::GiveUp);
            for (std::size_t i = 0; i < results.size(); ++i) {
                telemetry::forEachValues(results[i], [&](Json::Array const &row) {
                    if (row.size() > 1 && row[1].isNumber())
                        _indices[topic][fields[i]].insert(static_cast<std::int64_t>(row[1].number()));
                });
            }
        } catch (Error const &e) {
            if (isFatal(e)) throw;
            _unknown.insert(topic);
        }
    }
}

/// What tells the samples of the instance of a column; nullopt when it can't be said.
std::optional<std::string> ServerStatistics::conditionOf(Column const &column) const {
    if (_unknown.contains(column.topic)) return std::nullopt;
    if (column.index == Column::Index::Any) return "";
    auto const &fields = _samples.schemas().at(column.topic).fields;
    auto field = column.index_field;
    if (field.empty()) {
        // salIndex, when any row has it.
        auto const seen = _indices.find(column.topic);
        if (seen == _indices.end()) {
            return column.index == Column::Index::None ? std::optional<std::string>("") : std::nullopt;
        }
        field = seen->second.contains("salIndex") ? "salIndex" : telemetry::componentId(column.topic);
        if (column.index == Column::Index::None)
            return seen->second.at(field).size() == 1 ? std::optional<std::string>("") : std::nullopt;
    }
    auto const known = fields.find(field);
    if (column.index == Column::Index::None || column.indices.size() != 1 || known == fields.end()
        || known->second.mixed)
        return std::nullopt;
    auto const type = known->second.type;
    auto const is = " AND " + telemetry::quotedIdentifier(field) + " = ";
    auto const &index = column.indices.front();
    if (auto const *text = std::get_if<std::string>(&index))
        return type == FieldType::Text ? std::optional(is + telemetry::quotedText(*text)) : std::nullopt;
    bool const isNumber = type == FieldType::Integer || type == FieldType::Float;
    return isNumber ? std::optional(is + std::to_string(std::get<std::int64_t>(index))) : std::nullopt;
}

std::string ServerStatistics::whyNotCounted(Column const &column) const {
    if (!_samples.schemas().contains(column.topic)) return "no window asks for it";
    if (column.packed) return "its rows hold several samples";
    if (column.compat == telemetry::Compat::Consdb) return "ConsDB counts in another way";
    if (!column.time_field.empty()) return "its time is a field";
    if (column.pool) return "it pools fields";
    if (column.atInstants() || column.func == telemetry::Func::TimeWeightedMean)
        return "it looks beyond the window";
    auto const &schema = _samples.schemas().at(column.topic);
    for (auto const &field : column.fields) {
        auto const at = schema.fields.find(field);
        if (at == schema.fields.end()) return "the server has no field " + field;
        if (at->second.mixed) return "field " + field + " has several types";
    }
    return conditionOf(column) ? "" : "its samples are not those of one instance";
}

std::string ServerStatistics::whyNotComputed(Column const &column) const {
    if (auto why = whyNotCounted(column); !why.empty()) return why;
    if (!isSelected(column.func) && !aggregateOf(column.func))
        return "the server has no such function as " + nameOf(column);
    if (column.func == telemetry::Func::Stddev && column.ddof != 1) return "the server knows ddof 1 only";
    if (column.duplicates != telemetry::Duplicates::Last) return "the server keeps the last of duplicates";
    if (column.closed) return "the end belongs to its window";
    if (column.min_coverage > 0) return "the server knows nothing of gaps (min_coverage: 0 does without)";
    auto const &fields = _samples.schemas().at(column.topic).fields;
    for (auto const &field : column.fields) {
        auto const type = fields.at(field).type;
        if (type != FieldType::Float && type != FieldType::Integer)
            return "field " + field + " holds no numbers";
    }
    return "";
}

std::vector<ServerStatistics::Group>
ServerStatistics::groupsOf(std::function<bool(Column const &)> const &takes) const {
    std::map<std::string, Group> byKey;
    for (std::size_t c = 0; c < _columns.size(); ++c) {
        auto const &column = _columns[c];
        if (!takes(column)) continue;
        auto const condition = conditionOf(column).value_or("");
        // A closed end is one nanosecond more.
        auto const post_ns = column.post_ns + (column.closed ? 1 : 0);
        auto const key = common::join(
            {column.topic, condition, std::to_string(column.pre_ns), std::to_string(post_ns)}, "\n");
        auto &group =
            byKey.try_emplace(key, Group{column.topic, condition, column.pre_ns, post_ns, {}}).first->second;
        auto const &fields = _samples.schemas().at(column.topic).fields;
        for (std::size_t f = 0; f < column.fields.size(); ++f)
            group.members.push_back({c, f, fields.at(column.fields[f]).type});
    }
    std::vector<Group> out;
    for (auto &[key, group] : byKey) out.push_back(std::move(group));
    return out;
}

ServerStatistics::Slot ServerStatistics::slotOf(Group const &group, std::size_t window, bool values,
                                                Wanted const &wanted) const {
    Slot slot{.window = window, .scale = scaleOf(group.topic)};
    auto const w = _windows[window];
    auto const range = inScale({w.begin_ns + group.pre_ns, w.end_ns + group.post_ns}, slot.scale);
    auto const behind = " FROM " + _influx.source(group.topic) + telemetry::within(range) + group.condition;
    constexpr std::size_t mostSelected = 100;
    std::vector<std::string> selected;
    std::map<std::string, std::size_t> firsts; // by field: its FIRST, or its LAST where no first is asked for
    auto const flush = [&] {
        if (!selected.empty()) slot.statements.push_back("SELECT " + common::join(selected, ",") + behind);
        selected.clear();
    };
    // Statements of aggregates come first, so that their number is known when members are placed.
    for (auto const &member : group.members) {
        if (!wanted(member.column, window)) continue;
        auto const &column = _columns[member.column];
        auto const &field = column.fields[member.field];
        slot.places.push_back({member, slot.statements.size(), 0, 0, 1 + selected.size()});
        selected.push_back(selection("COUNT", field));
        if (values) {
            selected.push_back(selection("MIN", field));
            selected.push_back(selection("MAX", field));
            if (auto const *name = aggregateOf(column.func)) selected.push_back(selection(name, field));
        }
        if (selected.size() >= mostSelected) flush();
    }
    flush();
    // A selector alone tells the time of what it selects.
    for (auto &place : slot.places) {
        auto const &field = _columns[place.member.column].fields[place.member.field];
        auto const [at, isNew] = firsts.try_emplace(field, slot.statements.size());
        if (isNew) {
            if (values) slot.statements.push_back("SELECT " + selection("FIRST", field) + behind);
            slot.statements.push_back("SELECT " + selection("LAST", field) + behind);
        }
        place.first = at->second;
        place.last = at->second + (values ? 1 : 0);
    }
    return slot;
}

void ServerStatistics::answer(std::vector<Slot> &slots, bool values, Taker const &taker) {
    std::vector<std::string> statements;
    for (auto const &slot : slots)
        statements.insert(statements.end(), slot.statements.begin(), slot.statements.end());
    std::vector<Json> results;
    try {
        results = _influx.ask(statements, telemetry::Influx::WhenSlow::GiveUp);
    } catch (Error const &e) {
        if (isFatal(e)) throw;
        common::log::info("the server does not compute " + std::to_string(statements.size())
                          + " statements: " + e.message());
        slots.clear();
        return;
    }
    std::size_t base = 0;
    for (auto const &slot : slots) {
        auto const row = [&](std::size_t statement) { return rowOf(results[base + statement]); };
        auto const timeOf = [&](Json::Array const &selected) {
            return selected.empty() || !selected[0].isInt()
                       ? telemetry::Cell::none
                       : inTai({selected[0].integer(), selected[0].integer()}, slot.scale).begin_ns;
        };
        for (auto const &place : slot.places) {
            auto const &column = _columns[place.member.column];
            auto const all = row(place.statement);
            telemetry::Cell cell;
            cell.n = all.size() > place.column && all[place.column].isInt() ? all[place.column].integer() : 0;
            auto const last = row(place.last);
            auto const first = values ? row(place.first) : Json::Array();
            cell.last_ns = timeOf(last);
            cell.first_ns = timeOf(first);
            if (cell.n == 0) cell.status = telemetry::Status::NoSamples;
            // What came in between the statements is seen by some of them only.
            if ((cell.n == 0) != (cell.last_ns == telemetry::Cell::none)) continue;
            if (!values) {
                taker(place.member.column, place.member.field, slot.window, cell);
                continue;
            }
            if (column.func == telemetry::Func::Count) cell.value = telemetry::Value::ofInteger(cell.n);
            if (cell.n > 0 && column.func != telemetry::Func::Count) {
                auto const type = place.member.type;
                auto const low = numberIn(all[place.column + 1], type),
                           high = numberIn(all[place.column + 2], type);
                switch (column.func) {
                case telemetry::Func::Min: cell.value = low; break;
                case telemetry::Func::Max: cell.value = high; break;
                case telemetry::Func::First: cell.value = numberIn(first[1], type); break;
                case telemetry::Func::Last: cell.value = numberIn(last[1], type); break;
                case telemetry::Func::Sum: cell.value = numberIn(all[place.column + 3], type); break;
                default: cell.value = numberIn(all[place.column + 3], FieldType::Float);
                }
                bool const single = column.func == telemetry::Func::Stddev && cell.n == 1;
                auto const most = std::max(std::fabs(low.asDouble()), std::fabs(high.asDouble()));
                if (!single
                    && (!cell.value.isNumber()
                        || !isProven(column.func, type, static_cast<double>(cell.n), cell.value.asDouble(),
                                     most)))
                    continue;
            }
            taker(place.member.column, place.member.field, slot.window, cell);
        }
        base += slot.statements.size();
    }
    slots.clear();
}

void ServerStatistics::ask(std::vector<Group> const &groups, bool values, Wanted const &wanted,
                           Taker const &taker) {
    std::vector<Slot> slots;
    std::size_t statements = 0;
    for (auto const &group : groups) {
        for (std::size_t w = 0; w < _windows.size() && common::stopSignal() == 0; ++w) {
            auto const window = _windows[w];
            Window const edges{window.begin_ns + group.pre_ns, window.end_ns + group.post_ns};
            // Unix UTC has two instants for one stamp there.
            if (telemetry::isNearLeap(std::min(window.begin_ns, edges.begin_ns),
                                      std::max(window.end_ns, edges.end_ns))
                || isBetweenEras(edges, scaleOf(group.topic)) || edges.end_ns - edges.begin_ns <= 1)
                continue;
            auto slot = slotOf(group, w, values, wanted);
            if (slot.places.empty()) continue;
            statements += slot.statements.size();
            slots.push_back(std::move(slot));
            if (statements < statementsAtOnce) continue;
            answer(slots, values, taker);
            statements = 0;
        }
    }
    if (!slots.empty()) answer(slots, values, taker);
}

void ServerStatistics::count(Wanted const &wanted, Taker const &taker) {
    ask(groupsOf([&](Column const &column) { return whyNotCounted(column).empty(); }), false, wanted, taker);
}

void ServerStatistics::compute(Wanted const &wanted, Taker const &taker) {
    ask(groupsOf([&](Column const &column) { return whyNotComputed(column).empty(); }), true, wanted, taker);
}

} // namespace dbb::efd
