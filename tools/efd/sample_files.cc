#include "efd/sample_files.h"

#include "common/error.h"
#include "common/gzip.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/record_sort.h"
#include "common/signals.h"
#include "efd/fact_learner.h"
#include "telemetry/line_protocol.h"
#include "telemetry/sample_text.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <sys/stat.h>
#include <type_traits>
#include <unistd.h>

namespace dbb::efd {

using common::Error;
using telemetry::SourceScale;

namespace {

constexpr std::size_t chunkBytes = std::size_t{1} << 18;
constexpr std::size_t partBytes = std::size_t{1} << 17; ///< some of them are to fit into a cache

std::int64_t unitOf(std::string const &precision) {
    return precision == "s" ? 1'000'000'000 : precision == "ms" ? 1'000'000 : precision == "us" ? 1000 : 1;
}

std::string formatOf(std::string const &path) {
    for (auto const *format : {"lp", "jsonl", "json", "csv"}) {
        if (path.ends_with(std::string(".") + format)) return format;
    }
    return "";
}

/// What dbb-efd-fetch prints behind its last sample.
bool isEnd(std::string_view line) {
    return line.starts_with(R"({"type":"end")");
}

/// What it prints of what it could not get.
bool isMissing(std::string_view line) {
    return line.starts_with(R"({"type":"missing")");
}

Error missingError(std::string const &path, std::string const &what) {
    return Error("SOURCE_ERROR", "\"" + path + "\": " + what)
        .hint("values that need it have status 20 or 21; fetch and join them again");
}

/// A sink between a reader and another sink that makes one row of all values of a topic at one time, however
/// far they are from each other: exports of InfluxDB have all times of a field, then all of the next one. Of
/// two values of a field at one time the last one stays, as in InfluxDB.
template<typename Sink, typename InnerTopic>
class Points {
public:
    class Topic {
    public:
        explicit Topic(InnerTopic &inner) : _inner(inner), _values(sizeof(Placed), sortMemory) {}
        std::size_t placeOf(std::string_view field) const { return _inner.placeOf(field); }
        void begin() { _row.clear(); }
        void set(std::size_t place, telemetry::Value const &value) { _row.push_back({place, value}); }
        void commit(std::int64_t t_ns, SourceScale scale) {
            _scale = scale;
            // A point without a field that is asked for is one where it is missing.
            if (_row.empty()) _row.push_back({none, {}});
            for (auto const &placed : _row) _values.add(t_ns, &placed);
        }
        void handOn() {
            std::optional<std::int64_t> t_ns;
            _values.drain([&](std::int64_t t, void const *record) {
                if (t_ns != t) {
                    if (t_ns) _inner.commit(*t_ns, _scale);
                    _inner.begin();
                    t_ns = t;
                }
                Placed placed;
                std::memcpy(static_cast<void *>(&placed), record, sizeof placed);
                if (placed.place != none) _inner.set(placed.place, placed.value);
            });
            if (t_ns) _inner.commit(*t_ns, _scale);
        }

    private:
        static constexpr std::size_t none = static_cast<std::size_t>(-1);
        static constexpr std::size_t sortMemory = std::size_t{4} << 20;
        struct Placed {
            std::size_t place = none;
            telemetry::Value value{};
        };

        InnerTopic &_inner;
        SourceScale _scale = SourceScale::Utc;
        std::vector<Placed> _row;
        common::RecordSort _values;
    };

    explicit Points(Sink &sink) : _sink(sink) {}
    Topic *topic(std::string_view name) {
        auto *inner = _sink.topic(name);
        return inner ? &_topics.try_emplace(std::string(name), *inner).first->second : nullptr;
    }
    telemetry::TextPool &texts() { return _sink.texts(); }
    /// All values are there.
    void handOn() {
        for (auto &[name, topic] : _topics) topic.handOn();
    }

private:
    Sink &_sink;
    std::map<std::string, Topic> _topics;
};

/// Whether line protocol is what influx_inspect exports: field by field.
bool isExport(std::string_view head) {
    while (!head.empty()) {
        auto const line = head.substr(0, head.find('\n'));
        if (line.starts_with("# INFLUXDB EXPORT") || line.starts_with("# CONTEXT-DATABASE:")) return true;
        if (!line.empty() && !line.starts_with('#') && !line.starts_with("CREATE DATABASE ")) return false;
        head.remove_prefix(std::min(head.size(), line.size() + 1));
    }
    return false;
}

/// Lines of compressed text would pass for those of topics that nobody asks for.
void requirePlain(std::string_view head, std::string const &format) {
    if (!common::isGzip(head)) return;
    throw common::usageError("the file is compressed", "zcat FILE | dbb-efd-join --samples - --format "
                                                           + format + " --windows FILE reads it");
}

std::string hintOf(Error const &e) {
    if (e.code() == "NOT_FOUND" || e.code() == "NOT_A_FILE") return "look at what --samples names";
    if (e.code() == "NOT_JSON" || e.code() == "BAD_VALUE")
        return "save the whole response anew; dbb-efd-join(1) explains the formats";
    return e.hint();
}

/// Read until a buffer is full from some place on, the end, or a stop signal. \return bytes read
std::size_t readFully(int fd, std::string const &path, std::string &buffer, std::size_t from = 0) {
    std::size_t out = 0;
    while (from + out < buffer.size() && common::stopSignal() == 0) {
        auto const n = ::read(fd, buffer.data() + from + out, buffer.size() - from - out);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw common::systemError("read", path, errno);
        if (n == 0) break;
        out += static_cast<std::size_t>(n);
    }
    return out;
}

/// Chunks of a descriptor, until its end or a stop signal.
template<typename Chunk>
void forEachChunk(int fd, std::string const &path, Chunk const &chunk) {
    std::string buffer(chunkBytes, '\0');
    while (auto const n = readFully(fd, path, buffer)) chunk(std::string_view(buffer.data(), n));
}

Error badLine(std::string const &path, std::int64_t number, std::string const &reason) {
    return Error("BAD_SAMPLE", "\"" + path + "\", line " + std::to_string(number) + ": " + reason);
}

} // namespace

SampleFiles::SampleFiles(SampleOptions const &options) : _options(options) {
    if (_options.files.empty())
        throw common::usageError("no samples: name their files with --samples, or a server with --influx",
                                 "- is standard input");
    for (auto const &path : _options.files) {
        auto format = _options.format == "auto" ? formatOf(path) : _options.format;
        // To be refused when it is looked into.
        if (format.empty() && path.ends_with(".gz")) format = formatOf(path.substr(0, path.size() - 3));
        if (format.empty()) {
            throw common::usageError("\"" + path + "\": its name does not tell its format",
                                     "say it with --format: lp, export, jsonl, json or csv");
        }
        _files.push_back({path, format, -1});
    }
}

bool SampleFiles::onlyOnce() const {
    for (auto const &file : _files) {
        if (file.kept >= 0) continue;
        struct stat s {};
        auto const failed = file.path == "-" ? ::fstat(STDIN_FILENO, &s) : ::stat(file.path.c_str(), &s);
        if (failed == 0 && !S_ISREG(s.st_mode)) return true;
    }
    return false;
}

void SampleFiles::keep() {
    for (auto &file : _files) {
        struct stat s {};
        if (file.path != "-" && (::stat(file.path.c_str(), &s) != 0 || S_ISREG(s.st_mode))) continue;
        auto copy = common::temporaryFile();
        auto own = file.path == "-" ? common::UniqueFd() : common::openFileOrPipe(file.path);
        forEachChunk(own ? own.get() : STDIN_FILENO, file.path, [&](std::string_view text) {
            common::writeAll(copy.get(), text, "a copy of the samples");
        });
        file.kept = copy.get();
        _copies.push_back(std::move(copy));
    }
}

/// What several threads can read of a text: whole lines, as long as nothing but a line ends at the end of
/// one. \param text  its beginning \return what they could not, and what comes next
std::string SampleFiles::readByParts(std::string text, int fd, File const &file,
                                     std::function<std::unique_ptr<PartReader>()> const &makeReader,
                                     std::function<void(SamplePart &)> const &take) {
    PartPipeline pipeline(_options.jobs, makeReader, take);
    SampleText part; // all of it, from its first character on
    for (bool atEnd = false; !atEnd;) {
        auto const kept = text.size();
        if (part.memory.size() < kept + partBytes) part.memory.resize(kept + partBytes);
        text.copy(part.memory.data(), kept);
        auto const n = readFully(fd, file.path, part.memory, kept);
        atEnd = n == 0;
        part.size = kept + n;
        auto const whole = part.text().rfind('\n') + 1;
        text.assign(part.text().substr(whole));
        if (whole == 0 && !atEnd) break; // a line that is longer than a part
        part.size = whole;
        atEnd = (whole > 0 && !pipeline.add(part)) || atEnd;
    }
    return pipeline.finish() + text;
}

/// The same of a file that each thread reads its own parts of. What they could not is left to be read from
/// there. \param begin  of the first line
void SampleFiles::readByRanges(std::int64_t begin, std::int64_t size, int fd, File const &file,
                               std::function<std::unique_ptr<PartReader>()> const &makeReader,
                               std::function<void(SamplePart &)> const &take) {
    auto done = begin;
    {
        PartPipeline pipeline(_options.jobs, makeReader, [&](SamplePart &part) {
            take(part);
            done = part.endInFile.value_or(done);
        });
        bool more = true;
        for (auto at = begin; at < size && more && common::stopSignal() == 0;) {
            auto const end = std::min(size, at + static_cast<std::int64_t>(partBytes));
            more = pipeline.add(LineRange{fd, at, end, size, at == begin});
            at = end;
        }
        pipeline.finish();
    }
    if (::lseek(fd, done, SEEK_SET) < 0) throw common::systemError("read", file.path, errno);
}

/// Line protocol or CSV.
template<typename Sink, typename Topic>
void SampleFiles::readText(File const &file, int fd, Sink &sink) {
    common::log::Grouped log(common::log::Level::Error, "they are left out as well");
    std::int64_t linesBefore = 0; // that several threads have read
    auto const bad = [&](std::int64_t number, std::string const &reason) {
        ++_bad;
        log.add(badLine(file.path, linesBefore + number, reason));
    };
    auto const scale = telemetry::scaleNamed(_options.scale);
    auto const unit = unitOf(_options.precision);
    std::string text(chunkBytes, '\0');
    text.resize(readFully(fd, file.path, text));
    requirePlain(text, file.format == "csv" ? "csv" : "lp");
    auto const readInto = [&](auto &parser) {
        if constexpr (requires { parser.onComment({}); }) {
            parser.onComment([&](std::string_view comment) {
                auto const what = _missing.note(comment, scale);
                if (!what.empty()) log.add(missingError(file.path, what));
            });
        }
        parser.feed(text);
        forEachChunk(fd, file.path, [&](std::string_view more) { parser.feed(more); });
        parser.finish();
        _rows += parser.rows();
    };
    if (file.format != "csv" && (file.format == "export" || isExport(text))) {
        using Merged = Points<Sink, Topic>;
        Merged points(sink);
        telemetry::LineProtocol<Merged, typename Merged::Topic, SourceScale> parser(points, scale, unit, bad);
        readInto(parser);
        points.handOn();
        return;
    }
    // One for this thread and, when there are several, one for each.
    auto const read = [&](std::string const &header, bool byParts, auto const &parserOf) {
        auto parser = parserOf(sink, std::type_identity<Topic>(), bad);
        parser.feed(header);
        if constexpr (std::is_same_v<Sink, telemetry::Joiner>) {
            using Inner = BlockSink::Topic;
            std::optional<std::string> lastBlock;
            std::int64_t lastStamp = 0;
            auto const forParts = [&](BlockSink &into, auto const &told) {
                return parserOf(into, std::type_identity<Inner>(), told);
            };
            using Parser = decltype(forParts(std::declval<BlockSink &>(), bad));
            auto const makeReader = [&] {
                return std::make_unique<ParserOfParts<Parser>>(sink, header, forParts);
            };
            auto const take = [&](SamplePart &part) {
                for (auto const &[topic, block] : part.blocks) topic->add(block);
                for (auto const &[number, reason] : part.bad) bad(parser.lines() + number, reason);
                linesBefore += part.lines;
                _rows += part.rows;
                lastBlock = part.blockBehind;
                if (part.lastStamp != 0) lastStamp = part.lastStamp;
            };
            struct stat s {};
            bool const isFile = ::fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
            if (byParts && isFile) {
                auto const at = ::lseek(fd, 0, SEEK_CUR) - static_cast<off_t>(std::exchange(text, {}).size());
                readByRanges(at, s.st_size, fd, file, makeReader, take);
            } else if (byParts) {
                text = readByParts(std::move(text), fd, file, makeReader, take);
            }
            parser.skipped(std::exchange(linesBefore, 0));
            if constexpr (requires { parser.enter(*lastBlock); }) {
                if (lastBlock) parser.enter(*lastBlock);
            } else {
                parser.follow(lastStamp);
            }
        }
        readInto(parser);
    };
    bool const several = _options.jobs > 1;
    if (file.format != "csv") {
        return read("", several,
                    [&]<typename Into, typename T>(Into &into, std::type_identity<T>, auto const &told) {
                        return telemetry::LineProtocol<Into, T, SourceScale>(into, scale, unit, told);
                    });
    }
    // The header is for all parts.
    auto header = text.substr(0, text.find('\n') + 1);
    bool const isHeader = header.find('"') == std::string::npos && header != "\n" && header != "\r\n";
    if (!isHeader) header.clear();
    text.erase(0, header.size());
    read(header, several && !header.empty(),
         [&]<typename Into, typename T>(Into &into, std::type_identity<T>, auto const &told) {
             return telemetry::CsvSamples<Into, T>(into, scale, unit, _options.csv_topic, _options.csv_time,
                                                   told);
         });
}

template<typename Sink, typename Topic>
void SampleFiles::readFile(File &file, Sink &sink) {
    common::UniqueFd own;
    int fd = file.kept;
    if (fd >= 0) {
        ::lseek(fd, 0, SEEK_SET);
    } else if (file.path == "-") {
        fd = STDIN_FILENO;
        // A file of which something was read before may be read again from there.
        if (file.begin) ::lseek(fd, *file.begin, SEEK_SET);
        if (auto const at = ::lseek(fd, 0, SEEK_CUR); at >= 0) file.begin = at;
    } else {
        own = common::openFileOrPipe(file.path);
        fd = own.get();
    }
    if (file.format == "lp" || file.format == "export" || file.format == "csv")
        return readText<Sink, Topic>(file, fd, sink);
    auto const scale = telemetry::scaleNamed(_options.scale);
    if (file.format == "json") {
        auto const text = common::readAll(fd, file.path, std::size_t{1} << 30);
        requirePlain(text, "json");
        bool const partial = telemetry::forEachSavedRow(text, scale, [&](telemetry::NamedRow const &row) {
            ++_rows;
            telemetry::give(sink, row);
        });
        if (partial && !_partial)
            common::log::warning("\"" + file.path
                                     + "\" says that it is a part of a response, which InfluxDB says "
                                       "of more than 10000 rows, also when they are all",
                                 "ask with chunked=true: then the last line tells the end");
        _partial = _partial || partial;
        return;
    }
    common::log::Grouped log(common::log::Level::Error, "they are left out as well");
    auto const bad = [&](std::int64_t number, std::string const &reason) {
        ++_bad;
        log.add(badLine(file.path, number, reason));
    };
    common::LineReader lines(fd, '\n', file.path);
    using LineStatus = common::LineReader::Status;
    for (auto status = lines.next(); status != LineStatus::End; status = lines.next()) {
        auto const line = lines.number() == 1 ? telemetry::withoutMark(lines.line()) : lines.line();
        if (status != LineStatus::Line) {
            bad(lines.number(), "it is too long");
        } else if (!line.empty() && !isEnd(line)) {
            try {
                if (isMissing(line)) {
                    log.add(missingError(file.path, _missing.note(common::Json::parse(line))));
                    continue;
                }
                telemetry::give(sink, telemetry::sampleLine(line, scale));
                ++_rows;
            } catch (Error const &e) {
                bad(lines.number(), e.message());
            }
        }
    }
}

template<typename Sink, typename Topic>
void SampleFiles::readAll(Sink &sink) {
    _rows = _bad = 0;
    _missing = {};
    for (auto &file : _files) {
        try {
            readFile<Sink, Topic>(file, sink);
        } catch (Error const &e) {
            if (e.code() == "USAGE") throw common::usageError(e.at(file.path).message(), e.hint());
            // Values of a part of the samples would look like those of all of them.
            throw Error(e.code(), e.at(file.path).message(), common::ExitCode::Backend).hint(hintOf(e));
        }
    }
}

void SampleFiles::read(telemetry::Joiner &joiner) {
    readAll<telemetry::Joiner, telemetry::Topic>(joiner);
}

void SampleFiles::learn(telemetry::PackedFacts &facts) {
    FactLearner learner(facts);
    readAll<FactLearner, FactLearner::Topic>(learner);
}

} // namespace dbb::efd
