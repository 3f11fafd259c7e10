#include "efd/sample_lines.h"

#include "common/json.h"
#include "common/text.h"
#include "telemetry/line_protocol.h"

#include <map>
#include <optional>

namespace dbb::efd {

using common::Error;
using telemetry::Kind;
using telemetry::SourceScale;
using telemetry::TimeRange;

namespace {

char const *nameOf(SourceScale scale) {
    return scale == SourceScale::Tai ? "tai" : scale == SourceScale::Utc ? "utc" : "eras";
}

class ProtocolLines : public SampleLines {
public:
    explicit ProtocolLines(common::Output &output) : _output(output) {}

    void add(std::string const &, SourceScale, std::string_view lines) override {
        // In parts, so that they are not held as a whole a second time.
        constexpr std::size_t part = std::size_t{1} << 16;
        for (; !lines.empty(); lines.remove_prefix(std::min(part, lines.size()))) {
            _output.append(lines.substr(0, part));
            _output.flush();
        }
    }
    void missing(std::string const &topic, SourceScale, TimeRange const &range, Error const &e) override {
        comment(common::printable(topic) + " " + std::to_string(range.begin_ns) + " "
                + std::to_string(range.end_ns) + " " + e.code());
    }
    void stopped(std::string const &why) override { comment(why); }
    void end(std::vector<manifest::Record> const &) override {}

private:
    void comment(std::string const &what) { _output.write("# incomplete " + what); }

    common::Output &_output;
};

/// A line of type `sample` for each row.
class JsonLines : public SampleLines {
public:
    explicit JsonLines(common::Output &output) : _output(output) {}

    void add(std::string const &topic, SourceScale scale, std::string_view lines) override {
        if (!_parser || topic != _topic.name) {
            finish();
            _topic.name = topic;
            _parser.emplace(*this, scale, 1, [](std::int64_t, std::string const &) {});
        }
        _parser->feed(lines);
    }
    void missing(std::string const &topic, SourceScale scale, TimeRange const &range,
                 Error const &e) override {
        finish();
        _output.write(
            common::Json(common::Json::Object{
                             {"type", "missing"},
                             {"topic", topic},
                             {"begin_ns", std::to_string(range.begin_ns)},
                             {"end_ns", std::to_string(range.end_ns)},
                             {"scale", nameOf(scale)},
                             {"error", common::Json::Object{{"code", e.code()}, {"message", e.message()}}}})
                .dump());
    }
    void stopped(std::string const &) override { finish(); }
    void end(std::vector<manifest::Record> const &ends) override {
        finish();
        for (auto const &record : ends) _output.write(record.line());
        if (ends.empty()) _output.write(R"({"type":"end","program":"dbb-efd-fetch"})");
    }

    /// As readers of line protocol see us.
    class Topic {
    public:
        explicit Topic(JsonLines &owner) : _owner(owner) {}
        std::size_t placeOf(std::string_view field) {
            auto const at = _places.find(field);
            if (at != _places.end()) return at->second;
            std::string key;
            common::appendQuoted(key, field);
            _keys.push_back(key + ":");
            return _places.emplace(std::string(field), _keys.size() - 1).first->second;
        }
        void begin() { _fields.clear(); }
        void set(std::size_t place, telemetry::Value const &value) {
            if (!_fields.empty()) _fields += ',';
            _fields += _keys[place];
            _owner.appendValue(_fields, value);
        }
        void commit(std::int64_t t_ns, SourceScale scale) { _owner.row(t_ns, scale, _fields); }
        std::string name{};

    private:
        JsonLines &_owner;
        std::map<std::string, std::size_t, std::less<>> _places;
        std::vector<std::string> _keys;
        std::string _fields;
    };
    Topic *topic(std::string_view) { return &_topic; }
    telemetry::TextPool &texts() { return *_texts; }

private:
    void appendValue(std::string &out, telemetry::Value const &value) const {
        switch (value.kind) {
        case Kind::Double: return common::appendDouble(out, value.number);
        case Kind::Integer: out += std::to_string(value.integer); return;
        case Kind::Boolean: out += value.boolean ? "true" : "false"; return;
        case Kind::Text: return common::appendQuoted(out, _texts->at(value.text));
        default: out += "null";
        }
    }

    void row(std::int64_t t_ns, SourceScale scale, std::string const &fields) {
        _line = R"({"type":"sample","topic":)";
        common::appendQuoted(_line, _topic.name);
        _line.append(",\"t_ns\":\"").append(std::to_string(t_ns)).append("\"");
        if (scale != SourceScale::Eras) _line.append(",\"scale\":\"").append(nameOf(scale)).append("\"");
        _line.append(",\"f\":{").append(fields).append("}}");
        _output.write(_line);
        // Texts are of no use any more, and there may be many.
        if (++_rows % 4096 == 0) _texts.emplace();
    }

    void finish() {
        if (_parser) _parser->finish();
        _parser.reset();
    }

    common::Output &_output;
    std::optional<telemetry::TextPool> _texts{std::in_place};
    Topic _topic{*this};
    std::optional<telemetry::LineProtocol<JsonLines, Topic, SourceScale>> _parser;
    std::string _line;
    std::int64_t _rows = 0;
};

} // namespace

std::unique_ptr<SampleLines> sampleLines(std::string const &format, common::Output &output) {
    if (format == "jsonl") return std::make_unique<JsonLines>(output);
    return std::make_unique<ProtocolLines>(output);
}

} // namespace dbb::efd
