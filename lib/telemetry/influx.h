/// \file
/// A client of InfluxDB 1.x that takes nothing for an answer but a complete one.
#pragma once

#include "common/error.h"
#include "common/json.h"
#include "net/http.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dbb::telemetry {

/// A server, and where its samples are.
struct InfluxServer {
    std::string url;                   ///< as net::serverUrl() makes it
    std::string database = "efd";      ///< of the samples
    std::string retention = "autogen"; ///< its retention policy
    net::Credentials credentials{};    ///< none: those of ~/.netrc
};

/// How it is treated.
struct InfluxManners {
    std::string program;                          ///< named in a comment of each request, with its run
    net::HttpLimits limits{};                     ///< of one request
    std::chrono::milliseconds retry_for{600'000}; ///< how long trouble may last
    double max_qps = 0;                           ///< requests a second; 0: as they come
    std::size_t fields_per_statement = 100;
    std::size_t most_bytes = std::size_t{64} << 20; ///< of the samples of a range; it is split beyond that
};

/// Type of a field, in the order in which InfluxDB prefers one when a field has several.
enum class FieldType : std::uint8_t { Float, Integer, Unsigned, Text, Boolean };

struct Field {
    std::string name;
    FieldType type = FieldType::Float;
    bool mixed = false; ///< it has other types, too, in other shards
};

/// What a server knows of a topic.
struct TopicSchema {
    bool exists = false; ///< a topic without samples in the retention policy may exist all the same
    std::map<std::string, Field> fields{};
};

/// Times in the scale that the server's index is in, [begin, end), nanoseconds.
struct TimeRange {
    std::int64_t begin_ns = 0;
    std::int64_t end_ns = 0;
};

/// An identifier or a text in a statement of InfluxQL.
std::string quotedIdentifier(std::string_view name);
std::string quotedText(std::string_view text);

/// The condition of a SELECT for samples in a range.
std::string within(TimeRange const &range);

/// Calls a function with each row of a result, over all of its series; what is no row is passed over.
void forEachValues(common::Json const &result, std::function<void(common::Json::Array const &)> const &row);

/// What is read at once of a topic at most, so that neither a server nor our memory is strained: shorter for
/// more fields.
std::int64_t longestRange(std::size_t fields);

/// Where the samples of several ranges go. Functions are called in the order of ranges, with the number of a
/// range.
struct SampleTaker {
    /// Samples as line protocol, whole lines in the order of time.
    std::function<void(std::size_t, std::string_view lines, std::int64_t rows)> lines;
    /// Part of a range could not be had. SERVER_TIMEOUT: not even in small parts.
    std::function<void(std::size_t, TimeRange const &part, common::Error const &)> missing;
    /// There is nothing to come of the range.
    std::function<void(std::size_t)> done;
};

/// One connection. What is said of trouble holds for all functions: a server that is busy or breaks off is
/// asked again after 1, 2, 4 … 60 s, for `retry_for` since it last answered. A stop signal ends the waiting.
/// \throws Error (exit 4) SERVER_AUTH at once, SERVER_UNREACHABLE at once before any answer has come, else
/// when the patience is at its end; SERVER_CUT, SERVER_BUSY, SERVER_TIMEOUT, SOURCE_ERROR
class Influx {
public:
    Influx(InfluxServer server, InfluxManners manners);

    /// What the server knows of topics. A topic that it does not know has no schema that exists.
    std::map<std::string, TopicSchema> schemas(std::vector<std::string> const &topics);

    /// What becomes of a question that takes the server too long, also by itself.
    enum class WhenSlow : std::uint8_t { TryAgain, GiveUp };
    /// The results of statements, one each, as InfluxDB gives them; for answers that are short. Statements
    /// that take the server too long together are asked in smaller groups.
    std::vector<common::Json> ask(std::vector<std::string> const &statements,
                                  WhenSlow whenSlow = WhenSlow::TryAgain);

    /// `"database"."retention"."topic"`, for statements.
    std::string source(std::string const &topic) const;

    /// Read fields of a topic over ranges, which are in the order of time and do not overlap. A range that
    /// takes the server too long is halved, down to 1 s, which is asked for again, unless nothing has come in
    /// any size. A part that can't be had is told and passed over. \throws Error SERVER_AUTH,
    /// SERVER_UNREACHABLE
    void read(std::string const &topic, std::vector<Field> const &fields,
              std::vector<TimeRange> const &ranges, SampleTaker const &taker);

    /// What that takes when nothing needs to be asked again.
    struct Effort {
        std::int64_t requests = 0, statements = 0;
    };
    Effort effortOf(std::string const &topic, std::vector<Field> const &fields,
                    std::vector<TimeRange> const &ranges) const;

    InfluxServer const &server() const { return _server; }
    std::int64_t requests() const { return _http.requests(); }
    std::int64_t bytes() const { return _http.bytes(); }
    std::int64_t retries() const { return _retries; }

private:
    class Answer;
    class Lines;
    struct Part;

    using Clock = std::chrono::steady_clock;
    using OnResult = std::function<void(std::size_t statement, common::Json const &object)>;

    void pace();
    void request(std::vector<std::string> const &statements, std::size_t chunkRows, OnResult const &result);
    void patiently(std::function<void()> const &attempt, WhenSlow whenSlow = WhenSlow::GiveUp);
    std::vector<common::Json> answersTo(std::vector<std::string> const &statements, WhenSlow whenSlow);
    std::vector<std::string> statementsOf(std::string const &topic, std::vector<Field> const &fields,
                                          std::vector<Part> const &parts) const;
    static std::int64_t lengthOf(Part const &part);
    /// How many of the first parts go into one request. \param most_ns  of all of them together
    std::size_t fitting(std::string const &topic, std::vector<Field> const &fields,
                        std::deque<Part> const &parts, std::int64_t most_ns) const;
    void readParts(std::string const &topic, std::vector<Field> const &fields, std::vector<Part> const &parts,
                   SampleTaker const &taker, WhenSlow whenSlow);

    InfluxServer _server;
    InfluxManners _manners;
    std::string _comment;
    net::HttpClient _http;
    bool _reached = false;
    std::optional<Clock::time_point> _trouble; ///< since when the server has not answered as it should
    std::optional<Clock::time_point> _asked;
    std::int64_t _retries = 0;
    int _slow = 0;        ///< requests in a row that took too long
    bool _inVain = false; ///< asking again for a second that took too long: nothing has come since
};

} // namespace dbb::telemetry
