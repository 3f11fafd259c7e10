#include "telemetry/influx.h"

#include "common/log.h"
#include "common/options.h"
#include "common/signals.h"
#include "common/text.h"
#include "telemetry/sample_text.h"

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <thread>

namespace dbb::telemetry {

using common::Error;
using common::ExitCode;
using common::Json;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t oneSecond = 1'000'000'000;
/// What may stand in one request, bytes.
constexpr std::size_t longestRequest = 64'000;
/// How often what is neither busy nor too slow is asked again.
constexpr int mostTries = 4;
/// From half an hour to a second. When nothing has come in all of these sizes, what is left is asked for
/// once.
constexpr int mostHalvings = 12;
/// What is shorter is not halved: a server that takes too long for it may be busy with something else.
constexpr std::int64_t shortestHalved = 2 * oneSecond;
/// An object of a response is no longer than this, bytes.
constexpr std::size_t longestObject = std::size_t{256} << 20;

/// What helps against a failure.
/// AskLess of a server that takes too long may be TryAgain at another time; OnlyLess is never as much at
/// once.
enum class Remedy : std::uint8_t { None, Wait, TryAgain, AskLess, OnlyLess };

/// A failure of a request with its remedy. It leaves this file as the Error that it is.
class Failure : public Error {
public:
    Failure(Error error, Remedy helps) : Error(std::move(error)), remedy(helps) {}
    Remedy remedy;
    milliseconds least{0}; ///< that the server wants us to wait
};

Error serverError(char const *code, std::string const &host, std::string const &what) {
    return Error(code, "\"" + host + "\": " + what, ExitCode::Backend);
}

bool hasAny(std::string const &text, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](auto word) { return text.find(word) != std::string::npos; });
}

/// What the text of an error within a response means. Releases differ, so that it is a guess: other words are
/// tried again a few times.
Failure failureOfText(std::string const &host, std::string const &text) {
    auto const lower = common::toLower(text);
    auto const said = "the query failed: " + common::shortened(common::printable(text), 300);
    if (hasAny(lower, {"max-concurrent", "overload", "too many"}))
        return {serverError("SERVER_BUSY", host, said), Remedy::Wait};
    if (hasAny(lower, {"timeout", "timed out", "max-select-point", "max-select-buckets", "deadline"}))
        return {serverError("SERVER_TIMEOUT", host, said), Remedy::AskLess};
    // As many series are in a part of the time: tags, which topics of the EFD don't have.
    bool const final =
        hasAny(lower, {"not found", "max-select-series", "parsing", "unauthorized", "not authorized"});
    return {serverError("SOURCE_ERROR", host, said), final ? Remedy::None : Remedy::TryAgain};
}

/// What a status other than 200 means.
Failure failureOfStatus(std::string const &host, net::HttpAnswer const &answer) {
    auto const status = answer.head.status;
    std::string text;
    try {
        text = common::textIn(Json::parse(answer.body), "error");
    } catch (Error const &) {
        // Pages of proxies say nothing that helps.
    }
    auto const said = "it answers with status " + std::to_string(status)
                      + (text.empty() ? "" : ": " + common::shortened(common::printable(text), 300));
    if (status == 401 || status == 403) {
        return {serverError("SERVER_AUTH", host, said), Remedy::None};
    }
    if (status >= 300 && status < 400) {
        auto const to = answer.head.location.substr(0, answer.head.location.find('?'));
        return {serverError("SOURCE_ERROR", host, said + ", to \"" + to + "\", which is not followed")
                    .hint("give the URL of the server itself"),
                Remedy::None};
    }
    if (status == 408 || status == 413 || status == 504)
        return {serverError("SERVER_TIMEOUT", host, said), Remedy::AskLess};
    if (status == 429 || status == 503) {
        Failure out(serverError("SERVER_BUSY", host, said), Remedy::Wait);
        auto const seconds = common::wholeNumber(answer.head.retry_after).value_or(0);
        out.least = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, 60));
        return out;
    }
    return {serverError("SOURCE_ERROR", host, said), status >= 500 ? Remedy::TryAgain : Remedy::None};
}

/// The same of a transfer that failed.
Remedy remedyOfTransfer(Error const &e, bool reached) {
    if (common::stopSignal() != 0) return Remedy::None;
    if (e.code() == "SERVER_TIMEOUT") return Remedy::AskLess;
    if (e.code() == "SERVER_CUT") return Remedy::TryAgain;
    return e.code() == "SERVER_UNREACHABLE" && reached ? Remedy::Wait : Remedy::None;
}

void requireJson(net::HttpHead const &head, std::string const &host) {
    if (head.content_type.starts_with("application/json")) return;
    throw Failure(serverError("SOURCE_ERROR", host,
                              "its answer is \"" + common::shortened(common::printable(head.content_type), 60)
                                  + "\" and not JSON, so that it is no InfluxDB")
                      .hint("look at the URL and its path"),
                  Remedy::None);
}

std::string quoted(std::string_view text, char quote) {
    std::string out(1, quote);
    for (char const c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == quote || c == '\\') out += '\\';
        out += c;
    }
    return out + quote;
}

std::string runName() {
    std::array<char, 9> name{};
    std::random_device random;
    std::snprintf(name.data(), name.size(), "%08x", random());
    return name.data();
}

/// A pause that a stop signal ends.
void pauseFor(milliseconds time) {
    constexpr milliseconds nap{50};
    auto const until = std::chrono::steady_clock::now() + time;
    while (common::stopSignal() == 0) {
        auto const left = until - std::chrono::steady_clock::now();
        if (left <= milliseconds(0)) return;
        std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, nap));
    }
}

/// Names in line protocol have a backslash before what would end them.
std::string escapedName(std::string_view name, std::string_view special) {
    std::string out;
    for (char const c : name) {
        if (special.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

/// Append a value as line protocol. \return whether it is one of its field's type
bool appendFieldValue(std::string &out, Json const &value, FieldType type) {
    switch (type) {
    case FieldType::Float:
        if (!value.isNumber()) return false;
        // An integral one is printed without a point, which in line protocol is a float as well.
        out += value.dump();
        return true;
    case FieldType::Integer:
    case FieldType::Unsigned:
        if (!value.isInt()) return false;
        out += std::to_string(value.integer()) + (type == FieldType::Integer ? 'i' : 'u');
        return true;
    case FieldType::Boolean:
        if (!value.isBool()) return false;
        out += value.boolean() ? 't' : 'f';
        return true;
    case FieldType::Text: break;
    }
    if (!value.isString()) return false;
    out += '"' + escapedName(value.string(), "\"\\") + '"';
    return true;
}

FieldType typeNamed(std::string const &name) {
    if (name == "integer") return FieldType::Integer;
    if (name == "unsigned") return FieldType::Unsigned;
    if (name == "string") return FieldType::Text;
    return name == "boolean" ? FieldType::Boolean : FieldType::Float;
}

} // namespace

std::string quotedIdentifier(std::string_view name) {
    return quoted(name, '"');
}

std::string quotedText(std::string_view text) {
    return quoted(text, '\'');
}

std::int64_t longestRange(std::size_t fields) {
    // A million values at 50 Hz, in steps that keep the bounds of ranges the same from run to run.
    for (auto const seconds : {1800, 900, 600, 300, 120}) {
        if (static_cast<std::size_t>(seconds) * 50 * fields <= 1'000'000) return seconds * oneSecond;
    }
    return 60 * oneSecond;
}

/// The objects of a response as they come, each on a line of its own.
class Influx::Answer {
public:
    Answer(std::string host, std::size_t statements, OnResult const &result)
        : _host(std::move(host)), _finished(statements, false), _result(result) {}

    void feed(std::string_view text) {
        for (;;) {
            auto const end = text.find('\n');
            if (_line.size() + std::min(end, text.size()) > longestObject)
                throw cut("an object of its answer is longer than 256 MiB");
            _line += text.substr(0, end);
            if (end == std::string_view::npos) return;
            object(std::exchange(_line, std::string()));
            text.remove_prefix(end + 1);
        }
    }

    void finish() const {
        if (!common::strip(_line).empty()) throw cut("its answer ends within an object");
        auto const at = std::find(_finished.begin(), _finished.end(), false);
        if (at == _finished.end()) return;
        throw cut("its answer ends before the result of statement "
                  + std::to_string(at - _finished.begin() + 1) + " of " + std::to_string(_finished.size())
                  + " is complete");
    }

private:
    Failure cut(std::string const &what) const {
        return {serverError("SERVER_CUT", _host, what), Remedy::TryAgain};
    }

    void requireNoError(Json const &json) const {
        if (auto const *error = json.find("error")) throw failureOfText(_host, error->text());
    }

    void object(std::string const &line) {
        if (common::strip(line).empty()) return;
        Json json;
        try {
            json = Json::parse(line);
        } catch (Error const &e) {
            throw cut("its answer is no JSON: " + e.message());
        }
        requireNoError(json);
        if (!json["results"].isArray()) throw cut("an object of its answer has no \"results\"");
        for (auto const &result : json["results"].array()) {
            requireNoError(result);
            take(result);
        }
    }

    void take(Json const &result) {
        auto const &id = result["statement_id"];
        auto const number = id.isInt() ? static_cast<std::size_t>(id.integer()) : std::size_t{0};
        if (number >= _finished.size() || _finished[number])
            throw cut("its answer has more results than there were statements");
        bool partial = result["partial"] == Json(true);
        if (result["series"].isArray()) {
            for (auto const &series : result["series"].array())
                partial = partial || series["partial"] == Json(true);
        }
        _finished[number] = !partial;
        _result(number, result);
    }

    std::string _host;
    std::vector<bool> _finished;
    OnResult const &_result;
    std::string _line;
};

/// Part of a range that is read at once.
struct Influx::Part {
    std::size_t number = 0; ///< of the range
    TimeRange range;
    bool last = false; ///< its end is that of the range
};

/// Nanoseconds.
std::int64_t Influx::lengthOf(Part const &part) {
    return part.range.end_ns - part.range.begin_ns;
}

/// The samples of a part as line protocol: fields of several statements side by side.
class Influx::Lines {
public:
    /// \param groups  numbers of the first fields of its statements \param most  bytes
    Lines(std::string const &host, std::string const &topic, std::vector<Field> const &fields,
          std::size_t perStatement, std::size_t most)
        : _host(host), _topic(escapedName(topic, ", \\")), _fields(fields), _perStatement(perStatement),
          _most(most), _groups((fields.size() + perStatement - 1) / perStatement) {
        for (auto const &field : fields) _names.push_back(escapedName(field.name, ",= \\") + '=');
    }

    /// Part of the result of a statement.
    void take(std::size_t statement, Json const &result) {
        auto &group = _groups[statement];
        Json const response(Json::Object{{"results", Json::Array{result}}});
        auto const first = statement * _perStatement;
        auto const count = std::min(_perStatement, _fields.size() - first);
        forEachRow(response, SourceScale::Utc, [&](NamedRow const &row) {
            if (row.fields.size() != count)
                throw Failure(
                    serverError("SOURCE_ERROR", _host, "a row has other fields than were asked for"),
                    Remedy::None);
            for (std::size_t i = 0; i < count; ++i) add(group, first + i, row.fields[i].second);
            close(group, row.t_ns);
        });
    }

    std::string text() {
        std::string out;
        std::vector<std::size_t> at(_groups.size(), 0);
        for (;;) {
            std::optional<std::int64_t> next;
            for (std::size_t g = 0; g < _groups.size(); ++g) {
                if (at[g] < _groups[g].times.size())
                    next = std::min(next.value_or(_groups[g].times[at[g]]), _groups[g].times[at[g]]);
            }
            if (!next) return out;
            char separator = ' ';
            out += _topic;
            for (std::size_t g = 0; g < _groups.size(); ++g) {
                if (at[g] == _groups[g].times.size() || _groups[g].times[at[g]] != *next) continue;
                out += std::exchange(separator, ',');
                out += _groups[g].row(at[g]++);
            }
            out += ' ' + std::to_string(*next) + '\n';
            ++_rows;
        }
    }
    std::int64_t rows() const { return _rows; }

private:
    /// Of one statement: rows without topic and time.
    struct Group {
        std::string text;
        std::vector<std::int64_t> times;
        std::vector<std::size_t> ends; ///< of rows, in the text

        std::string_view row(std::size_t n) const {
            auto const begin = n == 0 ? 0 : ends[n - 1];
            return std::string_view(text).substr(begin, ends[n] - begin);
        }
        std::size_t begin() const { return ends.empty() ? 0 : ends.back(); }
    };

    void add(Group &group, std::size_t field, Json const &value) {
        if (value.isNull()) return; // InfluxDB has no nulls: the sample is without that field
        if (group.text.size() > group.begin()) group.text += ',';
        group.text += _names[field];
        auto const &[name, type, mixed] = _fields[field];
        bool fits = appendFieldValue(group.text, value, type);
        // Of a field with several types each value says which it has.
        for (auto const other : {FieldType::Integer, FieldType::Float, FieldType::Boolean, FieldType::Text})
            fits = fits || (mixed && appendFieldValue(group.text, value, other));
        if (fits) return;
        throw Failure(serverError("SOURCE_ERROR", _host,
                                  "field \"" + name + "\" holds " + common::shortened(value.dump(), 60)
                                      + ", which is not of its type"),
                      Remedy::None);
    }

    void close(Group &group, std::int64_t t_ns) {
        if (group.text.size() == group.begin()) return;
        if (_groups.size() > 1 && !group.times.empty() && t_ns <= group.times.back()) {
            throw Failure(serverError("SOURCE_ERROR", _host,
                                      "samples of equal time can't be put together out of several statements")
                              .hint("ask for all fields in one: --fields-per-statement "
                                    + std::to_string(_fields.size())),
                          Remedy::None);
        }
        group.times.push_back(t_ns);
        group.ends.push_back(group.text.size());
        if ((_bytes += group.text.size() - (group.ends.size() > 1 ? group.ends[group.ends.size() - 2] : 0))
            > _most) {
            throw Failure(
                serverError("SERVER_TIMEOUT", _host, "a second has too many samples for the memory"),
                Remedy::OnlyLess);
        }
    }

    std::string _host, _topic;
    std::vector<Field> const &_fields;
    std::size_t _perStatement, _most;
    std::size_t _bytes = 0;
    std::vector<std::string> _names;
    std::vector<Group> _groups;
    std::int64_t _rows = 0;
};

Influx::Influx(InfluxServer server, InfluxManners manners)
    : _server(std::move(server)), _manners(std::move(manners)),
      _comment("; /* " + _manners.program + " " + common::version + " run " + runName() + " */"),
      _http(_manners.limits) {}

void Influx::pace() {
    if (_manners.max_qps > 0 && _asked) {
        auto const due = *_asked
                         + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double>(1 / _manners.max_qps));
        pauseFor(std::chrono::ceil<milliseconds>(due - Clock::now()));
    }
    _asked = Clock::now();
}

/// One attempt. \throws Failure
void Influx::request(std::vector<std::string> const &statements, std::size_t chunkRows,
                     OnResult const &result) {
    pace();
    auto const host = net::hostOf(_server.url);
    Answer answer(host, statements.size(), result);
    net::HttpAnswer refused;
    try {
        refused = _http.post(
            _server.url + "/query",
            {{"db", _server.database},
             {"epoch", "ns"},
             {"chunked", "true"},
             {"chunk_size", std::to_string(chunkRows)},
             {"q", common::join(statements, "; ") + _comment}},
            _server.credentials, [&](net::HttpHead const &head) { requireJson(head, host); },
            [&](std::string_view text) { answer.feed(text); });
    } catch (Failure const &) {
        _reached = true;
        throw;
    } catch (Error const &e) {
        throw Failure(e, remedyOfTransfer(e, _reached));
    }
    _reached = true;
    if (refused.head.status != 200) throw failureOfStatus(host, refused);
    answer.finish();
}

/// Try again what may help by itself. \param whenSlow  TryAgain: there is no asking for less
/// \throws Failure when nothing helps, or asking for less
void Influx::patiently(std::function<void()> const &attempt, WhenSlow whenSlow) {
    static std::minstd_rand random{std::random_device{}()};
    for (int tries = 1;; ++tries) {
        try {
            attempt();
            _trouble.reset();
            return;
        } catch (Failure const &e) {
            bool const mayHelp = e.remedy == Remedy::TryAgain
                                 || (e.remedy == Remedy::AskLess && whenSlow == WhenSlow::TryAgain);
            bool const again = e.remedy == Remedy::Wait || (mayHelp && tries < mostTries);
            if (!again || common::stopSignal() != 0) throw;
            if (!_trouble) _trouble = Clock::now();
            milliseconds const step{1000 * (1 << std::min(tries - 1, 6))};
            auto delay = std::max(std::min<milliseconds>(step, std::chrono::seconds(60)), e.least);
            delay = delay * std::uniform_int_distribution(75, 125)(random) / 100;
            if (Clock::now() + delay > *_trouble + _manners.retry_for) throw;
            ++_retries;
            common::log::info(e.message() + "; trying again in " + std::to_string(delay.count()) + " ms");
            pauseFor(delay);
        }
    }
}

std::vector<Json> Influx::ask(std::vector<std::string> const &statements, WhenSlow whenSlow) {
    std::vector<Json> out;
    auto most = statements.size(); // at once
    for (std::size_t begin = 0; begin < statements.size();) {
        auto end = begin;
        for (std::size_t size = 0; end < std::min(begin + most, statements.size()); ++end) {
            size += statements[end].size() + 2;
            if (size > longestRequest && end > begin) break;
        }
        std::vector<std::string> const some(statements.begin() + static_cast<std::ptrdiff_t>(begin),
                                            statements.begin() + static_cast<std::ptrdiff_t>(end));
        try {
            auto results = answersTo(some, some.size() > 1 ? WhenSlow::GiveUp : whenSlow);
            std::move(results.begin(), results.end(), std::back_inserter(out));
            begin = end;
        } catch (Failure const &e) {
            if (e.remedy != Remedy::AskLess || some.size() == 1 || whenSlow == WhenSlow::GiveUp
                || common::stopSignal() != 0)
                throw;
            most = some.size() / 2;
            ++_retries;
        }
    }
    return out;
}

/// The results of statements that fit into one request.
std::vector<Json> Influx::answersTo(std::vector<std::string> const &statements, WhenSlow whenSlow) {
    std::vector<Json> results;
    patiently(
        [&] {
            results.assign(statements.size(), Json(Json::Object()));
            request(statements, 20'000, [&](std::size_t statement, Json const &result) {
                auto &whole = results[statement];
                if (!whole["series"].isArray()) {
                    whole = result;
                } else if (result["series"].isArray()) {
                    auto series = whole["series"];
                    for (auto const &more : result["series"].array()) series.array().push_back(more);
                    whole.set("series", std::move(series));
                }
            });
        },
        whenSlow);
    return results;
}

std::string Influx::source(std::string const &topic) const {
    return quotedIdentifier(_server.database) + "." + quotedIdentifier(_server.retention) + "."
           + quotedIdentifier(topic);
}

std::string within(TimeRange const &range) {
    return " WHERE time >= " + std::to_string(range.begin_ns) + " AND time < " + std::to_string(range.end_ns);
}

void forEachValues(Json const &result, std::function<void(Json::Array const &)> const &row) {
    if (!result["series"].isArray()) return;
    for (auto const &series : result["series"].array()) {
        if (!series["values"].isArray()) continue;
        for (auto const &values : series["values"].array()) {
            if (values.isArray()) row(values.array());
        }
    }
}

std::map<std::string, TopicSchema> Influx::schemas(std::vector<std::string> const &topics) {
    std::vector<std::string> statements;
    for (auto const &topic : topics) statements.push_back("SHOW FIELD KEYS FROM " + source(topic));
    auto const keys = ask(statements);
    std::map<std::string, TopicSchema> out;
    std::vector<std::string> unknown;
    statements.clear();
    for (std::size_t i = 0; i < topics.size(); ++i) {
        auto &schema = out[topics[i]];
        forEachValues(keys[i], [&](Json::Array const &row) {
            if (row.size() < 2 || !row[0].isString() || !row[1].isString()) return;
            auto const type = typeNamed(row[1].string());
            auto const [at, isNew] =
                schema.fields.try_emplace(row[0].string(), Field{row[0].string(), type, false});
            if (isNew || at->second.type == type) return;
            at->second.type = std::min(at->second.type, type);
            at->second.mixed = true;
        });
        schema.exists = !schema.fields.empty();
        if (schema.exists) continue;
        unknown.push_back(topics[i]);
        statements.push_back("SHOW MEASUREMENTS ON " + quotedIdentifier(_server.database)
                             + " WITH MEASUREMENT = " + quotedIdentifier(topics[i]));
    }
    auto const names = ask(statements);
    for (std::size_t i = 0; i < unknown.size(); ++i) {
        forEachValues(names[i], [&](Json::Array const &row) {
            out[unknown[i]].exists = out[unknown[i]].exists || (!row.empty() && row[0] == Json(unknown[i]));
        });
    }
    return out;
}

std::vector<std::string> Influx::statementsOf(std::string const &topic, std::vector<Field> const &fields,
                                              std::vector<Part> const &parts) const {
    std::vector<std::string> out;
    for (auto const &part : parts) {
        for (std::size_t first = 0; first < fields.size(); first += _manners.fields_per_statement) {
            std::vector<std::string> names;
            for (auto i = first; i < std::min(first + _manners.fields_per_statement, fields.size()); ++i)
                names.push_back(quotedIdentifier(fields[i].name));
            out.push_back("SELECT " + common::join(names, ",") + " FROM " + source(topic)
                          + within(part.range));
        }
    }
    return out;
}

void Influx::readParts(std::string const &topic, std::vector<Field> const &fields,
                       std::vector<Part> const &parts, SampleTaker const &taker, WhenSlow whenSlow) {
    auto const perPart = (fields.size() + _manners.fields_per_statement - 1) / _manners.fields_per_statement;
    auto const widest = std::min(fields.size(), _manners.fields_per_statement);
    // A chunk is held in memory as a whole.
    auto const chunkRows = std::clamp<std::size_t>(200'000 / widest, 500, 20'000);
    auto const statements = statementsOf(topic, fields, parts);
    std::vector<Lines> lines;
    auto const attempt = [&] {
        lines.clear();
        for (std::size_t i = 0; i < parts.size(); ++i)
            lines.emplace_back(net::hostOf(_server.url), topic, fields, _manners.fields_per_statement,
                               _manners.most_bytes / parts.size());
        request(statements, chunkRows, [&](std::size_t statement, Json const &result) {
            try {
                lines[statement / perPart].take(statement % perPart, result);
            } catch (Failure const &) {
                throw;
            } catch (Error const &e) {
                throw Failure(serverError("SOURCE_ERROR", net::hostOf(_server.url), e.message()),
                              Remedy::TryAgain);
            }
        });
    };
    patiently(attempt, whenSlow);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto const text = lines[i].text();
        if (!text.empty()) taker.lines(parts[i].number, text, lines[i].rows());
        if (parts[i].last) taker.done(parts[i].number);
    }
}

std::size_t Influx::fitting(std::string const &topic, std::vector<Field> const &fields,
                            std::deque<Part> const &parts, std::int64_t most_ns) const {
    std::int64_t length = 0;
    std::size_t size = 0, out = 0;
    for (; out < parts.size(); ++out) {
        length += lengthOf(parts[out]);
        for (auto const &statement : statementsOf(topic, fields, {parts[out]})) size += statement.size() + 2;
        if (out > 0 && (length > most_ns || size > longestRequest)) break;
    }
    return out;
}

Influx::Effort Influx::effortOf(std::string const &topic, std::vector<Field> const &fields,
                                std::vector<TimeRange> const &ranges) const {
    std::deque<Part> todo;
    for (auto const &range : ranges) todo.push_back({0, range, true});
    Effort out;
    out.statements =
        static_cast<std::int64_t>(statementsOf(topic, fields, {todo.begin(), todo.end()}).size());
    for (; !todo.empty(); ++out.requests) {
        auto const count = fitting(topic, fields, todo, longestRange(fields.size()));
        todo.erase(todo.begin(), todo.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return out;
}

void Influx::read(std::string const &topic, std::vector<Field> const &fields,
                  std::vector<TimeRange> const &ranges, SampleTaker const &taker) {
    std::deque<Part> todo;
    for (std::size_t i = 0; i < ranges.size(); ++i) todo.push_back({i, ranges[i], true});
    auto most = longestRange(fields.size()); // of all parts of a request together
    while (!todo.empty() && common::stopSignal() == 0) {
        auto const behind = todo.begin() + static_cast<std::ptrdiff_t>(fitting(topic, fields, todo, most));
        std::vector<Part> const parts(todo.begin(), behind);
        todo.erase(todo.begin(), behind);
        std::int64_t length = 0;
        for (auto const &part : parts) length += lengthOf(part);
        bool const halvable = lengthOf(parts.front()) >= shortestHalved;
        bool const patient = parts.size() == 1 && !halvable && !_inVain;
        try {
            readParts(topic, fields, parts, taker, patient ? WhenSlow::TryAgain : WhenSlow::GiveUp);
            _slow = 0;
            _inVain = false;
        } catch (Failure const &e) {
            if (common::stopSignal() != 0 || e.code() == "SERVER_AUTH" || e.code() == "SERVER_UNREACHABLE")
                throw;
            bool const askLess = e.remedy == Remedy::AskLess || e.remedy == Remedy::OnlyLess;
            auto const first = parts.front();
            if (parts.size() > 1) {
                // Fewer at once from now on; one by one, to find out which it is that can't be had.
                most = askLess ? std::min(most, length) / 2 : 0;
                todo.insert(todo.begin(), parts.begin(), parts.end());
            } else if (askLess && halvable && ++_slow <= mostHalvings) {
                ++_retries;
                most = std::min(most, lengthOf(first)) / 2;
                auto const middle = first.range.begin_ns + lengthOf(first) / 2;
                todo.push_front({first.number, {middle, first.range.end_ns}, first.last});
                todo.push_front({first.number, {first.range.begin_ns, middle}, false});
            } else {
                _inVain = _inVain || (askLess && patient);
                taker.missing(first.number, first.range, e);
                if (first.last) taker.done(first.number);
            }
        }
    }
}

} // namespace dbb::telemetry
