#include "sql/postgres_values.h"

#include "common/error.h"
#include "common/signals.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace dbb::sql {

using common::Error;
using common::ExitCode;

namespace {

std::string fieldOf(PGresult const *result, int field) {
    auto const *text = ::PQresultErrorField(result, field);
    return text ? text : "";
}

Error constraintError(std::string const &kind, PGresult const *result) {
    auto name = fieldOf(result, PG_DIAG_CONSTRAINT_NAME);
    if (name.empty()) name = fieldOf(result, PG_DIAG_COLUMN_NAME);
    // The words that SQLite uses begin with the kind of the constraint, which callers go by.
    auto const words =
        kind + " constraint failed: " + (name.empty() ? fieldOf(result, PG_DIAG_MESSAGE_PRIMARY) : name);
    return Error("CONSTRAINT", words).cause({.column = name});
}

// Types of columns (pg_type.dat); everything else is text.
constexpr Oid boolType = 16;
constexpr Oid bigintType = 20;
constexpr Oid smallintType = 21;
constexpr Oid integerType = 23;
constexpr Oid realType = 700;
constexpr Oid doubleType = 701;
constexpr Oid numericType = 1700;
constexpr Oid uuidType = 2950;

template<typename T>
Value numberOf(std::string_view text) {
    T out{};
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

} // namespace

Result owned(PGresult *result) {
    return {result, &::PQclear};
}

std::string firstLine(char const *text) {
    std::string out = text ? text : "";
    out = out.substr(0, out.find('\n'));
    constexpr std::string_view prefix = "ERROR:  ";
    return out.starts_with(prefix) ? out.substr(prefix.size()) : out;
}

Error translated(PGresult const *result, std::string const &name) {
    auto const state = fieldOf(result, PG_DIAG_SQLSTATE);
    auto const text = "could not use \"" + name + "\": "
                      + (state.empty() ? firstLine(::PQresultErrorMessage(result))
                                       : fieldOf(result, PG_DIAG_MESSAGE_PRIMARY));
    if (state == "23503") return constraintError("FOREIGN KEY", result);
    if (state == "23505") return constraintError("UNIQUE", result);
    if (state == "23502") return constraintError("NOT NULL", result);
    // A text that is no number, where one is compared: of a condition, since columns get what they hold.
    if (state == "22P02" || state == "22003") return Error("BAD_VALUE", text, ExitCode::Usage);
    if (state.starts_with("23") || state.starts_with("22")) return constraintError("CHECK", result);
    if (state == "42P01" || state == "42703")
        return Error("SCHEMA_DAMAGED",
                     "the tables of \"" + name
                         + "\" are not as they should be: " + fieldOf(result, PG_DIAG_MESSAGE_PRIMARY),
                     ExitCode::Damaged)
            .hint("look at them with psql, and restore what is missing from a backup");
    if (state == "42501") {
        return Error("PERMISSION", text, ExitCode::Backend)
            .hint("ask the database's owner for the right, or connect as another user");
    }
    if (state == "25006") return Error("REPO_READ_ONLY", text, ExitCode::Backend);
    if (state == "53100") return Error("DISK_FULL", text, ExitCode::Backend);
    if (state == "XX001" || state == "XX002") {
        return Error("REPO_DAMAGED",
                     "\"" + name + "\" is corrupt: " + fieldOf(result, PG_DIAG_MESSAGE_PRIMARY),
                     ExitCode::Damaged)
            .hint("restore it from a backup");
    }
    // Cancelled: by the time-out for statements, unless this program was asked to stop.
    if (state == "57014" && common::stopSignal() == 0) {
        return Error("DB_ERROR", text, ExitCode::Backend)
            .hint("a statement took longer than DBB_STATEMENT_TIMEOUT, or somebody cancelled it");
    }
    // 42P07: another program has made the same table since we looked for it.
    constexpr std::array inTheWay{"55P03", "57014", "40001", "40P01", "42P07"};
    if (std::find(inTheWay.begin(), inTheWay.end(), state) != inTheWay.end()) {
        return Error("REPO_LOCKED", text, ExitCode::TryAgain)
            .hint("another program holds what is needed; try again, or look at pg_stat_activity");
    }
    bool const gone = state.empty() || state.starts_with("08") || state.starts_with("57P");
    return {gone ? "REPO_UNREACHABLE" : "DB_ERROR", text, ExitCode::Backend};
}

std::pair<std::string, int> numbered(std::string const &text) {
    std::string out;
    int count = 0;
    char quote = '\0';
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (quote != '\0' || c != '?') {
            if (quote == c) {
                quote = '\0';
            } else if (quote == '\0' && (c == '\'' || c == '"')) {
                quote = c;
            }
            out += c;
            continue;
        }
        auto const *from = text.data() + i + 1;
        int given = 0;
        auto const end = std::from_chars(from, text.data() + text.size(), given).ptr;
        if (end == from) given = count + 1;
        i += static_cast<std::size_t>(end - from);
        count = std::max(count, given);
        out += "$" + std::to_string(given);
    }
    return {out, count};
}

namespace {

/// Any value but a text. \return false for null
bool appendPlain(std::string &out, Value const &value) {
    if (auto const *i = std::get_if<std::int64_t>(&value)) {
        common::appendNumber(out, *i);
    } else if (auto const *d = std::get_if<double>(&value)) {
        common::appendNumber(out, *d);
    } else if (auto const *b = std::get_if<bool>(&value)) {
        out += *b ? 't' : 'f';
    } else {
        return false;
    }
    return true;
}

void appendEscaped(std::string &out, std::string_view text) {
    if (text.find_first_of("\\\t\n\r") == std::string_view::npos) {
        out += text;
        return;
    }
    for (char const c : text) {
        switch (c) {
        case '\\': out += "\\\\"; break;
        case '\t': out += "\\t"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        default: out += c;
        }
    }
}

} // namespace

std::optional<std::string> textOf(Value const &value) {
    if (auto const *s = std::get_if<std::string>(&value)) return *s;
    std::string out;
    return appendPlain(out, value) ? std::optional(std::move(out)) : std::nullopt;
}

void CopyText::add(Value const &value) {
    constexpr std::size_t piece = 256 * 1024;
    if (auto const *s = std::get_if<std::string>(&value)) {
        appendEscaped(_text, *s);
    } else if (!appendPlain(_text, value)) {
        _text += "\\N";
    }
    bool const last = ++_next == _columns;
    _text += last ? '\n' : '\t';
    if (!last) return;
    _next = 0;
    if (_text.size() >= piece) finish();
}

void CopyText::finish() {
    if (!_text.empty()) _send(_text);
    _text.clear();
}

Value valueOf(Oid type, std::string_view text) {
    switch (type) {
    case boolType: return text == "t";
    case bigintType:
    case smallintType:
    case integerType: return numberOf<std::int64_t>(text);
    case numericType:
        if (text.find('.') == std::string_view::npos) return numberOf<std::int64_t>(text);
        return numberOf<double>(text);
    case realType:
    case doubleType: return numberOf<double>(text);
    case uuidType: {
        std::string out;
        for (char const c : text) {
            if (c != '-') out += c;
        }
        return out;
    }
    default: return std::string(text);
    }
}

std::string arrayOf(std::vector<Value> const &values) {
    std::string out = "{";
    for (auto const &value : values) {
        if (out.size() > 1) out += ',';
        auto const text = textOf(value);
        if (!text) {
            out += "NULL";
            continue;
        }
        out += '"';
        for (char const c : *text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

Asked asStatement(RowsInsert const &insert) {
    Asked out{.text = "", .parameters = {}};
    if (insert.rows.size() == 1 && insert.select.empty()) {
        out.text = insert.into + " VALUES (";
        for (std::size_t i = 0; i < insert.types.size(); ++i) out.text += i == 0 ? "?" : ", ?";
        out.text += ") " + insert.conflict;
        out.parameters = insert.rows.front();
        return out;
    }
    std::string arrays;
    std::string names;
    for (std::size_t i = 0; i < insert.types.size(); ++i) {
        auto const number = std::to_string(i + 1);
        arrays += (i == 0 ? "?" : ", ?") + number + "::" + insert.types[i] + "[]";
        names += (i == 0 ? "c" : ", c") + number;
        std::vector<Value> values;
        values.reserve(insert.rows.size());
        for (auto const &row : insert.rows) values.push_back(row[i]);
        out.parameters.emplace_back(arrayOf(values));
    }
    out.text = insert.into + " SELECT " + (insert.select.empty() ? "*" : insert.select) + " FROM unnest("
               + arrays + ") AS r (" + names + ") " + insert.conflict;
    return out;
}

Error unreachable(std::string const &action, std::string const &name, std::string const &why) {
    return Error("REPO_UNREACHABLE", "could not " + action + " \"" + name + "\": " + why, ExitCode::Backend);
}

} // namespace dbb::sql
