#include "butler/record_values.h"

#include "butler/table_spec.h"
#include "common/calendar.h"
#include "common/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace dbb::butler {

using common::Error;
using common::Json;
using sql::Value;

namespace {

/// The longest text whose length the registry checks.
constexpr int checkedLength = 32;
/// Doubles hold integers exactly up to here.
constexpr double exactInteger = 9007199254740992.0;

Error bad(std::string const &element, RecordColumn const &column, Json const &value,
          std::string const &expected) {
    return Error("BAD_VALUE", element + "." + column.name + " must be " + expected + ", not " + value.dump())
        .cause({.column = column.name, .value = value.text(), .expected = expected});
}

std::int64_t integerOf(std::string const &element, RecordColumn const &column, Json const &value) {
    if (value.isInt()) return value.integer();
    if (value.isDouble() && std::floor(value.number()) == value.number()
        && std::abs(value.number()) <= exactInteger) {
        return static_cast<std::int64_t>(value.number());
    }
    if (value.isString()) {
        auto const &text = value.string();
        std::int64_t out = 0;
        auto const *end = text.data() + text.size();
        auto const [rest, error] = std::from_chars(text.data(), end, out);
        if (error == std::errc() && rest == end && !text.empty()) return out;
    }
    throw bad(element, column, value, "an integer");
}

std::string textOf(std::string const &element, RecordColumn const &column, Json const &value) {
    if (!value.isString()) throw bad(element, column, value, "text");
    auto const &text = value.string();
    if (text.find('\0') != std::string::npos)
        throw bad(element, column, value, "text without NUL characters");
    int const most = column.type.length;
    if (column.type.type != ColumnType::String || most <= 0 || most > checkedLength) return text;
    auto const isStart = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    auto const length = std::count_if(text.begin(), text.end(), isStart);
    auto const limits = "1 to " + std::to_string(most) + " characters";
    if (length == 0) {
        throw Error("VALUE_EMPTY", element + "." + column.name + " is empty; a value needs " + limits)
            .cause({.column = column.name, .value = "", .expected = limits});
    }
    if (length > most) {
        throw Error("VALUE_TOO_LONG", element + "." + column.name + " has " + std::to_string(length)
                                          + " characters, at most " + std::to_string(most) + " are stored: \""
                                          + text + "\"")
            .cause({.column = column.name, .value = text, .expected = limits});
    }
    return text;
}

/// One side of a time span; `open` when it is null.
std::int64_t instantOf(std::string const &element, RecordColumn const &column, Json const &side,
                       std::int64_t open) {
    if (side.isNull()) return open;
    auto const ns = side.isString() ? common::nsFromIso(side.string()) : std::nullopt;
    // Beyond these the Butler stores an open side, which is written as null.
    if (!ns || *ns < unboundedBegin || *ns > unboundedEnd)
        throw bad(element, column, side, "an ISO instant in TAI from 1970 to 2099");
    return *ns;
}

void appendTimespan(std::string const &element, RecordColumn const &column, Json const &value,
                    std::vector<Value> &out) {
    if (!value.isObject()) throw bad(element, column, value, R"({"begin_tai":…,"end_tai":…})");
    if (value["empty"].isBool() && value["empty"].boolean()) {
        out.insert(out.end(), {unboundedEnd, unboundedBegin});
        return;
    }
    if (!value.find("begin_tai") || !value.find("end_tai")) {
        throw bad(element, column, value, R"({"begin_tai":…,"end_tai":…})");
    }
    auto const begin = instantOf(element, column, value["begin_tai"], unboundedBegin);
    auto end = instantOf(element, column, value["end_tai"], unboundedEnd);
    if (begin > end) throw bad(element, column, value, "a time span whose end is not before its begin");
    // The Butler makes an instant last a nanosecond, since a span of no length would hold nothing.
    if (begin == end) ++end;
    out.insert(out.end(), {begin, end});
}

Json timespanOf(Value const &begin, Value const &end) {
    auto const *first = std::get_if<std::int64_t>(&begin);
    auto const *last = std::get_if<std::int64_t>(&end);
    if (!first || !last) return {};
    Json out;
    if (*first > *last) return out.set("empty", true);
    out.set("begin_tai", *first <= unboundedBegin ? Json() : Json(common::isoFromNs(*first)));
    out.set("end_tai", *last >= unboundedEnd ? Json() : Json(common::isoFromNs(*last)));
    return out;
}

Json scalarOf(RecordColumn const &column, Value const &value) {
    if (auto const *text = std::get_if<std::string>(&value)) return *text;
    if (auto const *flag = std::get_if<bool>(&value)) return *flag;
    if (auto const *number = std::get_if<double>(&value)) return *number;
    if (auto const *integer = std::get_if<std::int64_t>(&value)) {
        if (column.type.type == ColumnType::Bool) return *integer != 0;
        if (column.type.type == ColumnType::Float) return static_cast<double>(*integer);
        return *integer;
    }
    return {};
}

} // namespace

std::vector<std::string> columnNames(RecordColumn const &column) {
    if (column.timespan) return {timespanBegin, timespanEnd};
    return {column.name};
}

void appendValues(std::string const &element, RecordColumn const &column, Json const &value,
                  std::vector<Value> &out) {
    if (value.isNull()) {
        // Metadata can be null whatever the universe says; keys and implied dimensions can't.
        if (column.key || column.implied) {
            throw Error("BAD_VALUE", element + "." + column.name + " has no value")
                .cause({.column = column.name, .expected = "a value"});
        }
        out.insert(out.end(), column.timespan ? 2 : 1, std::monostate{});
        return;
    }
    if (column.timespan) return appendTimespan(element, column, value, out);
    switch (column.type.type) {
    case ColumnType::Int:
    case ColumnType::Datetime: out.emplace_back(integerOf(element, column, value)); return;
    case ColumnType::Float:
        // The last double stands for all numbers beyond (see common/json.h).
        if (!value.isNumber() || !(std::abs(value.number()) < std::numeric_limits<double>::max()))
            throw bad(element, column, value, "a number");
        out.emplace_back(value.number());
        return;
    case ColumnType::Bool:
        if (!value.isBool()) throw bad(element, column, value, "true or false");
        out.emplace_back(value.boolean());
        return;
    case ColumnType::String:
    case ColumnType::Hash:
    case ColumnType::Region:
    case ColumnType::Blob:
    case ColumnType::Uuid: out.emplace_back(textOf(element, column, value)); return;
    }
}

Json valueOf(RecordColumn const &column, sql::Statement const &row, int index) {
    if (column.timespan) return timespanOf(row.column(index), row.column(index + 1));
    return scalarOf(column, row.column(index));
}

Json valueOf(RecordColumn const &column, std::vector<Value> const &values, std::size_t index) {
    if (column.timespan) return timespanOf(values[index], values[index + 1]);
    return scalarOf(column, values[index]);
}

bool sameValue(Value const &written, Value const &read) {
    if (auto const *flag = std::get_if<bool>(&written)) {
        auto const *stored = std::get_if<std::int64_t>(&read);
        return stored ? *stored == (*flag ? 1 : 0) : written == read;
    }
    if (auto const *number = std::get_if<double>(&written)) {
        auto const *stored = std::get_if<std::int64_t>(&read);
        return stored ? *number == static_cast<double>(*stored) : written == read;
    }
    return written == read;
}

} // namespace dbb::butler
